"""RFC 8030's request headers, and what the makers add to their rules."""

from __future__ import annotations

import re

from simulator.webpush.error import Maker, Refusal, Violation

#: Mozilla's and Apple's longest; a longer wish is granted as this.
MAX_TTL_S = 30 * 86_400
_URGENCIES = (b"very-low", b"low", b"normal", b"high")
_TOPIC = re.compile(rb"[A-Za-z0-9_-]{1,32}")
_NUMBER = re.compile(rb"-?[0-9]{1,20}")
_KEPT = (b"ttl", b"urgency", b"topic", b"content-encoding", b"content-type")


def granted_ttl_s(headers: dict[bytes, bytes]) -> int:
    """Return how long a message is kept; raise Refusal."""
    value = headers.get(b"ttl")
    if value is None:
        raise Refusal(Violation.TTL_MISSING)
    if not _NUMBER.fullmatch(value):
        raise Refusal(Violation.TTL)
    if int(value) < 0:
        raise Refusal(Violation.TTL_NEGATIVE)
    return min(int(value), MAX_TTL_S)


def topic(headers: dict[bytes, bytes], maker: Maker) -> str | None:
    """Return the topic, if there is one; raise Refusal."""
    value = headers.get(b"topic")
    if value is None:
        return None
    # Apple decodes the topic as base64url, which no text of 4n + 1 characters is.
    if not _TOPIC.fullmatch(value) or (maker is Maker.APPLE and len(value) % 4 == 1):
        raise Refusal(Violation.TOPIC)
    return value.decode()


def check_urgency(headers: dict[bytes, bytes]) -> None:
    """Pass when the urgency is one, or absent; raise Refusal."""
    if headers.get(b"urgency", b"normal") not in _URGENCIES:
        raise Refusal(Violation.URGENCY)


def kept(headers: dict[bytes, bytes]) -> dict[str, str]:
    """Return what the ledger keeps of a request's headers."""
    return {name.decode(): headers[name].decode("latin-1") for name in _KEPT if name in headers}
