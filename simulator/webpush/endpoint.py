"""The HTTPS port of all push services: one path for each maker, every path below it a subscription."""

from __future__ import annotations

import time
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from simulator.exchange import Answer, Conduct, Header, Limits, Reply, Request
from simulator.ledger import Arrival
from simulator.provider import Provider, UnknownScenario
from simulator.scenario import of_token
from simulator.webpush import header, vapid
from simulator.webpush.browser import Browser, Undecipherable
from simulator.webpush.error import Maker, Refusal, Violation, of_scenario, refusal
from simulator.world import World

MAX_BODY_BYTES = 4_096
_MAKERS = {maker.value: maker for maker in Maker}
_KEY_SHOWN = 16


@lru_cache(maxsize=4_096)
def _subscription(path: str) -> tuple[Maker, str] | None:
    """Return the maker of a path and the subscription's id, or None for another path."""
    first, _, rest = path.lstrip("/").partition("/")
    maker = _MAKERS.get(first)
    return (maker, unquote(rest)) if maker is not None and rest else None


class WebPushService:
    """Push services that know one application's key."""

    def __init__(self, world: World, browser: Browser, key: str) -> None:
        """Act on `world`; `browser` has subscribed with the application's public key `key` (base64url)."""
        self.provider = Provider(world, "webpush", {"send": of_scenario})
        #: `https://host:port`, known once the port is open
        self.origin = ""
        self._world = world
        self._browser = browser
        self._key = key
        self._serial = 0

    def limits(self) -> Limits:
        """Return the limits of the current profile."""
        profile = self._world.profile
        return Limits(profile.max_concurrent_streams, profile.initial_window_size, profile.idle_timeout_s)

    def early(self, path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule."""
        return self.provider.early("send", "") if _subscription(path) else None

    def reply(self, request: Request) -> Reply:
        """Answer one message."""
        found = _subscription(request.path)
        if found is None:
            self.provider.count(Violation.PATH.value.upper())
            return Reply(refusal(Maker.MOZILLA, Violation.PATH))
        maker, name = found
        now = time.time()
        try:
            return self._take(request, maker, name, now)
        except Refusal as refused:
            arrival = self._arrival(request, now, refused.violation.value.upper())
            return self.provider.conclude(arrival, None, refusal(maker, refused.violation))

    def _take(self, request: Request, maker: Maker, name: str, now: float) -> Reply:
        headers = request.headers
        if request.method != "POST":
            raise Refusal(Violation.METHOD)
        token, key = vapid.parameters(headers.get(b"authorization"))
        account = key[:_KEY_SHOWN]
        self.provider.tick(f"webpush:{account}")
        vapid.check(token, key, self.origin, self._key, now)
        ttl_s, topic = header.granted_ttl_s(headers), header.topic(headers, maker)
        header.check_urgency(headers)
        plaintext = self._plaintext(request)
        try:
            fault = self.provider.fault("send", account, request.path, of_token(name))
        except UnknownScenario as error:
            self.provider.count("UNKNOWN_SCENARIO")
            return Reply(Answer(400, f"Simulator: {error}\n".encode(), ()))
        arrival = msgspec.structs.replace(
            self._arrival(request, now, "OK"), accepted=True, shown=_shown(plaintext), tag=topic, body=plaintext
        )
        return self.provider.conclude(arrival, fault, self._created(maker, ttl_s))

    def _arrival(self, request: Request, now: float, outcome: str) -> Arrival:
        return Arrival(
            request.path,
            int(now * 1000),
            outcome,
            accepted=False,
            shown=False,
            tag=None,
            body=b"",
            provider="webpush",
            headers=header.kept(request.headers),
        )

    def _plaintext(self, request: Request) -> bytes:
        if len(request.body) > MAX_BODY_BYTES:
            raise Refusal(Violation.TOO_LARGE)
        if not request.body:
            return b""
        if request.headers.get(b"content-encoding") != b"aes128gcm":
            raise Refusal(Violation.ENCRYPTION)
        if not self._world.profile.webpush_decrypt:
            return request.body
        try:
            return self._browser.decrypt(request.body)
        except Undecipherable:
            raise Refusal(Violation.ENCRYPTION) from None

    def _created(self, maker: Maker, ttl_s: int) -> Answer:
        self._serial += 1
        headers: tuple[Header, ...] = (
            (b"location", f"{self.origin}/message/{self._serial}".encode()),
            (b"ttl", str(ttl_s).encode()),
        )
        if maker is Maker.APPLE:
            headers += ((b"apns-id", f"00000000-0000-4000-8000-{self._serial:012X}".encode()),)
        return Answer(201, b"", headers)


def _shown(plaintext: bytes) -> bool:
    """Whether a service worker that follows the documents shows it."""
    try:
        content = msgspec.json.decode(plaintext)
    except ValueError:
        return bool(plaintext)
    return not (isinstance(content, dict) and content.get("silent") is True)
