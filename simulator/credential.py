"""Google service accounts: the key file a sender uses, and the public key that checks its signature."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.key import pem, rsa_key, write_account


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
    key = rsa_key(path)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    content = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": f"{key.public_key().public_numbers().n % 2**160:040x}",
        "private_key": pem(key).decode(),
        "client_email": email,
        "client_id": "100000000000000000000",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }
    write_account(path, content)
    return ServiceAccount(project, email, public, path)
