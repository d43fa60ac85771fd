"""A Web Push sender that is not ours: http_ece encrypts, PyJWT signs, httpx sends."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import http_ece
import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulation import Simulation

CURVE = ec.SECP256R1()


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Sender:
    def __init__(self, simulation: Simulation, *, http2: bool) -> None:
        self.simulation = simulation
        self.ready = simulation.ready["providers"]["webpush"]
        self.client = httpx.Client(
            http2=http2, http1=not http2, verify=simulation.tls(), trust_env=False, base_url=self.ready["origin"]
        )

    def encrypt(self, content: bytes, *, p256dh: bytes | None = None, auth: bytes | None = None) -> bytes:
        body: bytes = http_ece.encrypt(
            content,
            private_key=ec.generate_private_key(CURVE),
            dh=p256dh or bytes_of(self.ready["p256dh"]),
            auth_secret=auth or bytes_of(self.ready["auth"]),
            version="aes128gcm",
        )
        return body

    def authorization(self, key: ec.EllipticCurvePrivateKey | None = None, *, drop: str = "", **claims: Any) -> str:
        pem = Path(self.ready["private_key"]).read_bytes()
        given = {"aud": self.ready["origin"], "exp": int(time.time()) + 3600, "sub": self.ready["subject"]} | claims
        given.pop(drop, None)
        token = jwt.encode(given, key or pem, algorithm="ES256")
        return f"vapid t={token}, k={self.ready['public_key'] if key is None else base64url(point(key))}"

    def headers(self) -> dict[str, str]:
        return {"authorization": self.authorization(), "ttl": "60", "content-encoding": "aes128gcm"}

    def post(self, path: str = "/push/a", content: bytes = b"{}", **headers: str | None) -> httpx.Response:
        """Encrypt and send; a header of None is left out, `_` in a name is `-`."""
        changed = self.headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in changed.items() if value is not None}
        return self.raw(path, self.encrypt(content), kept)

    def raw(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.client.post(path, content=body, headers=headers)
