"""Access tokens for a client id and its secret (RFC 6749 section 4.4), and what each of them stands for."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from simulator.exchange import Request


class Client(msgspec.Struct, frozen=True):
    """One client of one provider, and the file that a sender reads its secret from."""

    id: str
    secret: str
    path: Path


class Grant(msgspec.Struct, frozen=True):
    """What an access token stands for, until epoch second `expires_at`."""

    provider: str
    client_id: str
    expires_at: float


class Grants:
    """The access tokens that were given to clients."""

    def __init__(self) -> None:
        """Start without any."""
        self._grants: dict[bytes, Grant] = {}
        #: by `provider:client`, how many were given
        self.mints: dict[str, int] = {}

    def issue(self, provider: str, client_id: str, lifetime_s: float, now: float) -> str:
        """Return a new access token that lives `lifetime_s` seconds from epoch second `now`."""
        token = f"sim-{secrets.token_urlsafe(48)}"
        self._grants[f"Bearer {token}".encode()] = Grant(provider, client_id, now + lifetime_s)
        name = f"{provider}:{client_id}"
        self.mints[name] = self.mints.get(name, 0) + 1
        return token

    def find(self, provider: str, authorization: bytes | None) -> Grant | None:
        """Return what an `Authorization` header stands for with a provider, expired or not; None when nobody knows."""
        grant = self._grants.get(authorization or b"")
        return grant if grant is not None and grant.provider == provider else None

    def revoke(self, client_id: str | None = None) -> int:
        """Make the access tokens of one client, or of all, invalid at once; return how many there were."""
        kept = {key: grant for key, grant in self._grants.items() if client_id not in (None, grant.client_id)}
        revoked = len(self._grants) - len(kept)
        self._grants = kept
        return revoked


def client(state: Path, name: str, client_id: str) -> Client:
    """Return a client whose secret is in `<name>.secret` in `state`; the one that is already there is kept."""
    path = state / f"{name}.secret"
    path.touch(mode=0o600)
    secret = path.read_text().strip() or secrets.token_urlsafe(30)
    path.write_text(secret + "\n")
    return Client(client_id, secret, path)


def form(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a field that stands there twice, the first."""
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
