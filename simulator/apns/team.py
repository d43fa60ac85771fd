"""Developer teams: the signing keys that a sender uses, and the public keys that check its signatures."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.key import p256_key

PRODUCTION, SANDBOX = "production", "sandbox"
BOTH = frozenset({PRODUCTION, SANDBOX})


class SigningKey(msgspec.Struct, frozen=True):
    """One key of a team."""

    id: str
    path: Path
    public: ec.EllipticCurvePublicKey
    #: where it is good
    environments: frozenset[str]


class Team(msgspec.Struct, frozen=True):
    """One team with its keys and one app."""

    id: str
    topic: str
    #: one that is good for both environments, then one for each
    keys: tuple[SigningKey, ...]

    def owns(self, topic: str) -> bool:
        """Return whether a topic is its app's, or of something that belongs to the app."""
        return topic == self.topic or topic.startswith(f"{self.topic}.")


def team(state: Path, project: str, number: int) -> Team:
    """Write working `.p8` files for a project into `state`, reusing the keys that are already there."""
    scopes = {"KEY": BOTH, "PRD": frozenset({PRODUCTION}), "SBX": frozenset({SANDBOX})}
    keys = tuple(_key(state, f"SIM{word}{number:04}", scope) for word, scope in scopes.items())
    return Team(f"SIMTEAM{number:03}", f"com.example.{project}", keys)


def _key(state: Path, name: str, environments: frozenset[str]) -> SigningKey:
    path = state / f"AuthKey_{name}.p8"
    return SigningKey(name, path, p256_key(path).public_key(), environments)
