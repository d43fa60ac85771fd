"""Access tokens: to whom each was given and until when; a client id and its secret (RFC 6749 section 4.4)."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from simulator.exchange import Answer, Request
from simulator.key import write_private


class Client(msgspec.Struct, frozen=True):
    """One client of one provider, and the file that a sender reads its secret from."""

    id: str
    secret: str
    path: Path


class Grant(msgspec.Struct, frozen=True):
    """What an access token stands for, until epoch second `expires_at`."""

    provider: str
    #: what rules and the control plane call the account
    account: str
    #: the name under which its requests are counted
    credential: str
    expires_at: float


class Grants:
    """The access tokens that were given out, by all providers."""

    def __init__(self) -> None:
        """Start without any."""
        self._grants: dict[bytes, Grant] = {}
        #: by credential, how many were given
        self.mints: dict[str, int] = {}

    def issue(self, grant: Grant, prefix: str = "") -> str:
        """Return a new access token for a grant; it starts with `prefix`."""
        token = f"{prefix}sim-{secrets.token_urlsafe(48)}"
        self._grants[f"Bearer {token}".encode()] = grant
        self.mints[grant.credential] = self.mints.get(grant.credential, 0) + 1
        return token

    def find(self, provider: str, authorization: bytes | None) -> Grant | None:
        """Return what an `Authorization` header stands for with a provider, expired or not; None when nobody knows."""
        grant = self._grants.get(authorization or b"")
        return grant if grant is not None and grant.provider == provider else None

    def revoke(self, account: str | None = None) -> int:
        """Make the access tokens of one account, or of all, invalid at once; return how many there were."""
        kept = {key: grant for key, grant in self._grants.items() if account not in (None, grant.account)}
        revoked = len(self._grants) - len(kept)
        self._grants = kept
        return revoked


def client(state: Path, name: str, client_id: str) -> Client:
    """Return a client whose secret is in `<name>.secret` in `state`; the one that is already there is kept."""
    path = state / f"{name}.secret"
    secret = path.read_text().strip() if path.exists() else secrets.token_urlsafe(30)
    write_private(path, f"{secret}\n".encode())
    return Client(client_id, secret, path)


def form(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a field that stands there twice, the first."""
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def refusal(status: int, error: str, description: str) -> Answer:
    """Return a token endpoint's error response (RFC 6749 section 5.2)."""
    return Answer(status, msgspec.json.encode({"error": error, "error_description": description}))
