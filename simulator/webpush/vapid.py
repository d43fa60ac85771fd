"""RFC 8292: who sends, proved by a JWT for this origin; a subscription belongs to one key."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from functools import lru_cache

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.webpush.error import Refusal, Violation

MAX_LIFE_S = 24 * 3_600
_CURVE = ec.SECP256R1()
_CONTACT = re.compile(r"mailto:[^\s@]+@[^\s@]+|https://\S+")
_PARAMETER = re.compile(r"\s*([tk])\s*=\s*\"?([A-Za-z0-9_.=-]+)\"?\s*")


class Sender(msgspec.Struct, frozen=True):
    """A proof that holds."""

    #: the public key as the header writes it
    key: str
    #: epoch seconds
    expires: float


def parameters(header: bytes | None) -> tuple[str, str]:
    """Return `t` and `k` of an Authorization header; raise Refusal."""
    if not header:
        raise Refusal(Violation.VAPID_MISSING)
    scheme, _, rest = header.decode("latin-1").partition(" ")
    found = [_PARAMETER.fullmatch(part) for part in rest.split(",")]
    named = {match[1]: match[2] for match in found if match}
    if scheme.lower() != "vapid" or None in found or named.keys() != {"t", "k"}:
        raise Refusal(Violation.VAPID_HEADER)
    return named["t"], named["k"]


@lru_cache(maxsize=4_096)
def verified(token: str, key: str, origin: str) -> Sender:
    """Return the sender of a JWT, whether its time has come or not; raise Refusal."""
    try:
        padded = key + "=" * (-len(key) % 4)
        public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, urlsafe_b64decode(padded))
    except ValueError:
        raise Refusal(Violation.VAPID_KEY) from None
    try:
        claims = jwt.decode(
            token,
            public,
            algorithms=["ES256"],
            audience=origin,
            options={"require": ["exp", "aud", "sub"], "verify_exp": False},
        )
        expires = float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise Refusal(Violation.JWT) from None
    if not _CONTACT.fullmatch(str(claims["sub"])):
        raise Refusal(Violation.JWT)
    return Sender(key, expires)


def check(token: str, key: str, origin: str, subscribed: str, now: float) -> None:
    """Pass when the JWT holds now and `key` is the one that the subscriptions were made with; raise Refusal."""
    sender = verified(token, key, origin)
    if not now < sender.expires <= now + MAX_LIFE_S:
        raise Refusal(Violation.JWT)
    if sender.key.rstrip("=") != subscribed:
        raise Refusal(Violation.MISMATCH)
