"""The simulated browsers: they share one key pair and one secret, so that every path is a valid subscription.

Decryption follows RFC 8188 (aes128gcm) and RFC 8291 by the letter, on the primitives of `cryptography`.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.key import p256_key, write_private

_CURVE = ec.SECP256R1()
_SALT, _RECORD_SIZE, _ID_LENGTH = slice(0, 16), slice(16, 20), 20
_HEADER_BYTES, _POINT_BYTES, _TAG_BYTES = 21, 65, 16
_LAST_RECORD = b"\x02"


class Undecipherable(ValueError):
    """A body that the browser cannot read."""


class Browser(msgspec.Struct, frozen=True):
    """A user agent's side of all subscriptions."""

    key: ec.EllipticCurvePrivateKey
    #: its public point, which subscriptions carry as `p256dh`
    public: bytes
    #: the authentication secret, 16 bytes
    auth: bytes

    def decrypt(self, body: bytes) -> bytes:
        """Return the plaintext of a message; raise Undecipherable."""
        sealed = body[_HEADER_BYTES + _POINT_BYTES :]
        if len(sealed) <= _TAG_BYTES or body[_ID_LENGTH] != _POINT_BYTES:
            raise Undecipherable("no record, or no key")
        if int.from_bytes(body[_RECORD_SIZE], "big") < len(sealed):
            raise Undecipherable("more than one record")
        try:
            padded = self._open(body[_SALT], body[_HEADER_BYTES : _HEADER_BYTES + _POINT_BYTES], sealed)
        except (InvalidTag, ValueError):
            raise Undecipherable("another key, or damaged") from None
        content = padded.rstrip(b"\0")
        if not content.endswith(_LAST_RECORD):
            raise Undecipherable("no delimiter")
        return content[:-1]

    def _open(self, salt: bytes, sender: bytes, sealed: bytes) -> bytes:
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sender))
        mixed = _hmac(_hmac(self.auth, shared), b"WebPush: info\0" + self.public + sender + b"\1")
        secret = _hmac(salt, mixed)
        key = _hmac(secret, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = _hmac(secret, b"Content-Encoding: nonce\0\1")[:12]
        return AESGCM(key).decrypt(nonce, sealed, None)


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the uncompressed public point, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64url(content: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def browser(state: Path) -> Browser:
    """Return the browsers of a state directory, made when they are not there yet."""
    secret = state / "webpush-auth.key"
    if not secret.exists():
        write_private(secret, os.urandom(16))
    key = p256_key(state / "webpush-browser.pem")
    return Browser(key, point(key), secret.read_bytes())
