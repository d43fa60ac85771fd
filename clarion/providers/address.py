"""Addresses that devices bring themselves: where a URL leads, and whether a request may go there.

A token that is a URL is somebody else's word; without a list of hosts it could make Clarion call anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

# Stricter than a URL may be, so that no two readers can disagree about the host: no user info, no fragment.
_URL = re.compile(r"https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/[!$-;=?-\[\]-~]*")
_PORT_MAX = 65_535
HTTPS = 443
#: Hosts that have no name; only tests and development list them.
_NAMELESS = re.compile(r"localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\]")


class Origin(NamedTuple):
    """Where a URL leads.

    Attributes:
        host: lower case, without the port; an IPv6 address in brackets.
        text: `https://host` or `https://host:port`, as RFC 6454 writes it.
        port: the port, 443 unless the URL has another one.
    """

    host: str
    text: str
    port: int = HTTPS


def origin(url: str) -> Origin | None:
    """The origin of an `https://…` URL; None when it is no such URL, has user info or leaves anything in doubt."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    host, port = match[1].lower(), int(match[2] or HTTPS)
    if not 0 < port <= _PORT_MAX:
        return None
    return Origin(host, f"https://{host}" if port == HTTPS else f"https://{host}:{port}", port)


def allowed(found: Origin, patterns: AbstractSet[str]) -> bool:
    """Whether a request may go where a URL leads.

    Args:
        found: where that is.
        patterns: in lower case: a host, or `*.` and a domain for any subdomain of it, but not the domain itself; each
            perhaps with `:port`. Without one only port 443 is meant, and of an IP address or `localhost` any port.
    """
    is_usual = found.port == HTTPS or _NAMELESS.fullmatch(found.host) is not None
    return any(
        f"{name}:{found.port}" in patterns or (is_usual and name in patterns) for name in _names(found.host.lower())
    )


def _names(host: str) -> Iterator[str]:
    """The patterns that a host fits."""
    yield host
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"
