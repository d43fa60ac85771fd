"""A browser's push subscription, as `JSON.stringify(subscription)` gives it: the token of a WEB device."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from clarion.providers.address import Origin, allowed, origin

#: An uncompressed point on P-256, and the secret of RFC 8291.
PUBLIC_KEY_BYTES, AUTH_BYTES = 65, 16
_UNCOMPRESSED = 4

EXPECTED = (
    "a PushSubscription as JSON text, with an https endpoint, "
    f"keys.p256dh ({PUBLIC_KEY_BYTES} bytes) and keys.auth ({AUTH_BYTES} bytes) in base64url"
)


class Subscription(NamedTuple):
    """Where a browser's messages go, and what they are encrypted with.

    Attributes:
        endpoint: the push service's URL for this browser.
        origin: its origin.
        public_key: the browser's point on P-256, uncompressed, 65 bytes; whether it lies on the curve is not known.
        auth: the browser's authentication secret, 16 bytes.
    """

    endpoint: str
    origin: Origin
    public_key: bytes
    auth: bytes

    def __repr__(self) -> str:
        """Without the address and the secret: representations end up in logs."""
        return f"Subscription(origin={self.origin.text!r})"


class _Keys(msgspec.Struct, gc=False):
    p256dh: str
    auth: str


class _Form(msgspec.Struct, gc=False):
    endpoint: str
    keys: _Keys


_decode = msgspec.json.Decoder(_Form).decode


def parse(token: str) -> Subscription:
    """The subscription in a token.

    Raises:
        ValueError: it is none; says what was expected and quotes nothing.
    """
    try:
        form = _decode(token)
        public_key, auth = _bytes(form.keys.p256dh), _bytes(form.keys.auth)
    except (ValueError, RecursionError):
        raise ValueError(EXPECTED) from None
    found = origin(form.endpoint)
    fits = len(public_key) == PUBLIC_KEY_BYTES and public_key[0] == _UNCOMPRESSED and len(auth) == AUTH_BYTES
    if found is None or not fits:
        raise ValueError(EXPECTED)
    return Subscription(form.endpoint, found, public_key, auth)


def check(token: str, hosts: AbstractSet[str]) -> None:
    """Pass when a token is a subscription at one of `hosts` (as `allowed` reads them).

    Raises:
        ValueError: it is not; says what was expected and quotes nothing of it.
    """
    if not allowed(parse(token).origin, hosts):
        raise ValueError(f"a PushSubscription whose endpoint is at {', '.join(sorted(hosts))}")


def _bytes(text: str) -> bytes:
    """What base64url says, with or without padding; some libraries write plain base64."""
    digits = text.rstrip("=").replace("-", "+").replace("_", "/")
    return a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
