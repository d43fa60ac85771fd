"""Which host and which path a URL means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from clarion.delivery.engine.http2.origin import Host, Origin


class Routes:
    """The origins that requests went to of late.

    Args:
        make: makes the origin of a host.
    """

    def __init__(self, make: Callable[[Host], Origin]) -> None:
        self._make = make
        self._origins: dict[str, Origin] = {}
        self._url = ""
        self._route: tuple[Origin, bytes] | None = None
        self._last: Origin | None = None

    def __iter__(self) -> Iterator[Origin]:
        return iter(self._origins.values())

    def find(self, url: str) -> tuple[Origin, bytes] | None:
        """The origin and the path of a URL; None when it is no `https` URL. The same string again costs nothing."""
        if url is not self._url:
            self._url, self._route = url, self._find(url)
        return self._route

    def forget(self, now: float) -> None:
        """Let go of the origins that nothing would be lost with."""
        kept = {prefix: origin for prefix, origin in self._origins.items() if not origin.is_forgettable(now)}
        if len(kept) < len(self._origins):
            self._origins = kept
            self._url, self._route, self._last = "", None, None

    def _find(self, url: str) -> tuple[Origin, bytes] | None:
        if not url.isascii() or not url.isprintable() or " " in url:
            return None
        origin = self._last
        if origin is None or not url.startswith(origin.prefix):
            origin = self._last = self._find_origin(url)
            if origin is None:
                return None
        return origin, url[len(origin.prefix) - 1 :].partition("#")[0].encode()

    def _find_origin(self, url: str) -> Origin | None:
        prefix = url[: url.find("/", len("https://")) + 1]
        if prefix not in self._origins:
            try:
                parts = urlsplit(url)
                host, port = parts.hostname, parts.port or 443
            except ValueError:
                return None
            if not host or "@" in parts.netloc or prefix != f"https://{parts.netloc}/":
                return None
            self._origins[prefix] = self._make(Host(parts.netloc, host, port))
        return self._origins[prefix]
