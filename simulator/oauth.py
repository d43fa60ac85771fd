"""Google's token endpoint: a signed JWT in, an access token out (RFC 7523, as google-auth speaks it)."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec

from simulator.credential import ServiceAccount
from simulator.exchange import Answer, Request

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: google-auth always signs for this audience, wherever the key file's token_uri points.
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
_SKEW_S = 300
_MAX_ASSERTION_S = 3_600

#: Answers a rule can force on the token endpoint: name -> (status, error, description).
TOKEN_FAULTS: dict[str, tuple[int, str, str]] = {
    "INVALID_GRANT": (400, "invalid_grant", "Invalid JWT Signature."),
    "INVALID_CLIENT": (401, "invalid_client", "The OAuth client was not found."),
    "INTERNAL": (500, "internal_failure", "Backend Error"),
    "UNAVAILABLE": (503, "temporarily_unavailable", "The service is currently unavailable."),
}


class Grant(msgspec.Struct, frozen=True):
    """What an access token stands for, until epoch second `expires_at`."""

    account: ServiceAccount
    expires_at: float


class Refused(Exception):
    """The token endpoint says no."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        """Take the OAuth error code, its description and the HTTP status."""
        super().__init__(error)
        self.answer = refusal(status, error, description)


class TokenEndpoint:
    """The service accounts it knows and the access tokens it gave out."""

    def __init__(self) -> None:
        """Start without accounts."""
        self._accounts: dict[str, ServiceAccount] = {}
        self._audiences = {GOOGLE_AUDIENCE}
        self._grants: dict[bytes, Grant] = {}
        self.mints: dict[str, int] = {}

    def admit(self, account: ServiceAccount, token_uri: str) -> None:
        """Let an account mint tokens, signed for Google's audience or for `token_uri`."""
        self._accounts[account.email] = account
        self._audiences.add(token_uri)

    def grant(self, authorization: bytes | None, now: float) -> Grant | None:
        """Return what an `Authorization` header stands for at epoch second `now`, or None when it is not valid."""
        grant = self._grants.get(authorization or b"")
        return grant if grant is not None and now < grant.expires_at else None

    def revoke(self, project: str | None = None) -> int:
        """Make the access tokens of one project, or of all, invalid at once; return how many there were."""
        kept = {key: grant for key, grant in self._grants.items() if project not in (None, grant.account.project)}
        revoked = len(self._grants) - len(kept)
        self._grants = kept
        return revoked

    def reply(self, request: Request, lifetime_s: int, now: float) -> Answer:
        """Answer one request for an access token that lives `lifetime_s` seconds."""
        try:
            account = self._account(request, now)
        except Refused as refused:
            return refused.answer
        token = f"ya29.sim-{secrets.token_urlsafe(32)}"
        self._grants[f"Bearer {token}".encode()] = Grant(account, now + lifetime_s)
        self.mints[account.email] = self.mints.get(account.email, 0) + 1
        content = {"access_token": token, "expires_in": max(0, lifetime_s - 1), "token_type": "Bearer"}
        return Answer(200, msgspec.json.encode(content))

    def project(self, request: Request) -> str:
        """Return the project whose account a request claims to be, unchecked; "" when it cannot be read."""
        try:
            claims = jwt.decode(_form(request).get("assertion", ""), options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return ""
        account = self._accounts.get(str(claims.get("iss")))
        return account.project if account else ""

    def _account(self, request: Request, now: float) -> ServiceAccount:
        form = _form(request)
        if request.method != "POST" or form.get("grant_type") != GRANT_TYPE:
            raise Refused("unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        assertion = form.get("assertion", "")
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
            account = self._accounts.get(str(claims.get("iss")))
            if account is None:
                raise Refused("invalid_grant", "Invalid grant: account not found")
            options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
            jwt.decode(assertion, account.public_key, algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError as error:
            raise Refused("invalid_grant", "Invalid JWT Signature.") from error
        self._check_claims(claims, now)
        return account

    def _check_claims(self, claims: dict[str, Any], now: float) -> None:
        if claims.get("aud") not in self._audiences:
            raise Refused("invalid_grant", "Invalid JWT: Failed audience check.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise Refused("invalid_grant", "Invalid JWT: Token must have iat and exp.")
        if issued > now + _SKEW_S or expires <= now - _SKEW_S or expires - issued > _MAX_ASSERTION_S:
            raise Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        if SCOPES.isdisjoint(str(claims.get("scope", "")).split()):
            raise Refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")


def refusal(status: int, error: str, description: str) -> Answer:
    """Return the token endpoint's error response."""
    return Answer(status, msgspec.json.encode({"error": error, "error_description": description}))


def _form(request: Request) -> dict[str, str]:
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
