"""Google service accounts: the key file a sender uses, and the public key that checks its signature."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class ServiceAccount(msgspec.Struct, frozen=True):
    """One service account of one project."""

    project: str
    email: str
    #: PEM
    public_key: bytes
    path: Path


def service_account(state: Path, project: str, token_uri: str, *, first: bool) -> ServiceAccount:
    """Write a working key file for `project` into `state`, reusing the key that is already there.

    The first project's file is `service-account.json`, the others' `service-account-<project>.json`.
    """
    path = state / ("service-account.json" if first else f"service-account-{project}.json")
    email = f"firebase-adminsdk-sim@{project}.iam.gserviceaccount.com"
    key = _key(path)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    content = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": f"{key.public_key().public_numbers().n % 2**160:040x}",
        "private_key": private.decode(),
        "client_email": email,
        "client_id": "100000000000000000000",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content)))
    return ServiceAccount(project, email, public, path)


def _key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        pem = msgspec.json.decode(path.read_bytes(), type=dict[str, str])["private_key"]
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
