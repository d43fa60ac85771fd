"""Developer teams: the signing key that a sender uses, and the public key that checks its signature."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Team(msgspec.Struct, frozen=True):
    """One team with one signing key, good for both environments, and one app."""

    team_id: str
    key_id: str
    topic: str
    path: Path
    public_key: ec.EllipticCurvePublicKey

    @property
    def credential(self) -> str:
        """The name under which its requests are counted."""
        return f"apns:{self.team_id}.{self.key_id}"

    def owns(self, topic: str) -> bool:
        """Return whether a topic is its app's, or of something that belongs to the app."""
        return topic == self.topic or topic.startswith(f"{self.topic}.")


def team(state: Path, project: str, number: int) -> Team:
    """Write a working `.p8` for a project into `state`, reusing the key that is already there."""
    key_id, team_id = f"SIMKEY{number:04}", f"SIMTEAM{number:03}"
    path = state / f"AuthKey_{key_id}.p8"
    key = _key(path)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return Team(team_id, key_id, f"com.example.{project}", path, key.public_key())


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    return ec.generate_private_key(ec.SECP256R1())
