"""A service account of Huawei: the key file that a sender signs with, and the check of what it signed."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.key import pem, rsa_key, write_account

#: What the documents say a JWT is signed for.
HUAWEI_AUDIENCE = "https://oauth-login.cloud.huawei.com/oauth2/v3/token"
_LIFE_MAX_S = 3_600
_ISSUER, _KEY_ID = "115487001", "5a0f3c55e6b14d0c8a1d7c1e2b3a4f50"


class Proof(Enum):
    """What a JWT proves."""

    #: that it is the account's
    VALID = "valid"
    #: that it was the account's
    EXPIRED = "expired"
    #: nothing
    INVALID = "invalid"


class ServiceAccount:
    """One service account."""

    def __init__(self, path: Path, key: rsa.RSAPublicKey) -> None:
        """Check with `key` what is signed with the file at `path`."""
        self.path = path
        self._key = key
        self._audiences = {HUAWEI_AUDIENCE}

    def admit(self, audience: str) -> None:
        """Take JWTs that are signed for `audience` too."""
        self._audiences.add(audience)

    def check(self, authorization: bytes | None, now: float) -> Proof:
        """Return what the JWT in an `Authorization` header proves at epoch second `now`."""
        scheme, _, token = (authorization or b"").decode("latin-1").partition(" ")
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=["PS256"], options=options)
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            return Proof.INVALID
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int) or expires - issued > _LIFE_MAX_S:
            return Proof.INVALID
        right = claims.get("iss") == _ISSUER and claims.get("aud") in self._audiences and header.get("kid") == _KEY_ID
        if scheme != "Bearer" or not right:
            return Proof.INVALID
        return Proof.VALID if now < expires else Proof.EXPIRED


def service_account(state: Path, project_id: str) -> ServiceAccount:
    """Write a working key file into `state`, reusing the key that is already there."""
    path = state / "hms-service-account.json"
    key = rsa_key(path)
    content = {
        "project_id": project_id,
        "key_id": _KEY_ID,
        "private_key": pem(key).decode(),
        "sub_account": _ISSUER,
        "token_uri": HUAWEI_AUDIENCE,
    }
    write_account(path, content)
    return ServiceAccount(path, key.public_key())
