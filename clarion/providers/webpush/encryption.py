"""Message encryption for Web Push (RFC 8291): one record of aes128gcm that only the browser can read."""

from __future__ import annotations

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.providers.webpush.subscription import Subscription

_CURVE = ec.SECP256R1()


def encrypt(
    content: bytes,
    subscription: Subscription,
    *,
    salt: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The request's body for one browser.

    Args:
        content: the plaintext, at most 3993 bytes; empty content has no body at all.
        subscription: whose browser it is for.
        salt: 16 bytes; None is fresh ones.
        key: the message's own key on P-256; None is a fresh one, as every message must have.

    Raises:
        ValueError: the subscription's key is no point on the curve.
    """
    if not content:
        return b""
    body: bytes = http_ece.encrypt(
        content,
        salt=salt,
        private_key=key or ec.generate_private_key(_CURVE),
        dh=subscription.public_key,
        auth_secret=subscription.auth,
        version="aes128gcm",
    )
    return body
