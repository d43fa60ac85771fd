"""VAPID (RFC 8292): a JWT for each push service, signed with the application's key and kept for half a day."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from pathlib import Path
from threading import Lock

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from clarion.errors import Misconfigured

_HOUR_MS = 3_600_000
#: Push services refuse more than 24 hours.
LIFE_MS = 12 * _HOUR_MS
RENEW_AFTER_MS = 11 * _HOUR_MS
#: Apple asks that a JWT is not renewed more often than this; also when the clock was set back.
RENEW_LEAST_MS = _HOUR_MS
#: Push services have one origin or a few; whoever registers devices must not be able to fill the memory.
ORIGINS_MAX = 1024
_KEY_BYTES = 32


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The VAPID key in a file: PEM, or the 32 bytes in base64url.

    Raises:
        Misconfigured: it cannot be read, or is not a key on P-256. Its content is not quoted.
    """
    try:
        content = path.read_bytes().strip()
    except OSError as error:
        raise Misconfigured(f"Web Push private key {path}: cannot be read ({error.strerror}).") from error
    try:
        key = load_pem_private_key(content, password=None) if content.startswith(b"-----") else _derived(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Misconfigured(
            f"Web Push private key {path}: expected a key on P-256 without a password, "
            f"as PEM or as {_KEY_BYTES} bytes in base64url."
        )
    return key


def _derived(content: bytes) -> ec.EllipticCurvePrivateKey:
    number = urlsafe_b64decode(content + b"=" * (-len(content) % 4))
    if len(number) != _KEY_BYTES:
        raise ValueError("too short or too long")
    return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers want it for `applicationServerKey`: the uncompressed point in base64url."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()


class Signer:
    """Signs for one credential, once for each origin in eleven hours; safe to share between threads."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str) -> None:
        """Sign with `key` in the name of `subject`, `mailto:…` or `https://…`."""
        self.public_key = public_key(key)
        self._key = key
        self._subject = subject
        self._lock = Lock()
        self._signed: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def authorization(self, origin: str, *, now_ms: int) -> str:
        """The Authorization header's value for a push service, such as `https://fcm.googleapis.com`."""
        with self._lock:
            signed_ms, value = self._signed.pop(origin, (0, ""))
            if not value or not -RENEW_LEAST_MS < now_ms - signed_ms < RENEW_AFTER_MS:
                signed_ms, value = now_ms, self._sign(origin, now_ms)
            self._signed[origin] = signed_ms, value
            if len(self._signed) > ORIGINS_MAX:
                self._signed.popitem(last=False)
            return value

    def _sign(self, origin: str, now_ms: int) -> str:
        claims = {"aud": origin, "exp": (now_ms + LIFE_MS) // 1000, "sub": self._subject}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"
