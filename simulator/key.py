"""Private keys in files: used again when they are there, made when they are not."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_RSA_BITS = 2_048


def p256_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key on P-256 in a PEM file."""
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    made = ec.generate_private_key(ec.SECP256R1())
    write_private(path, pem(made))
    return made


def rsa_key(path: Path) -> rsa.RSAPrivateKey:
    """Return the RSA key in the member `private_key` of a JSON file; a new one is for the caller to write there."""
    if path.exists():
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        key = load_pem_private_key(content["private_key"].encode(), password=None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a key as PKCS#8 in PEM, without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def write_account(path: Path, content: dict[str, str]) -> None:
    """Write a key file in JSON that its owner alone may read."""
    write_private(path, msgspec.json.format(msgspec.json.encode(content)))
