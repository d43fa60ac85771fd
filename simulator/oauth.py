"""Google's token endpoint: a signed JWT in, an access token out (RFC 7523, as google-auth speaks it)."""

from __future__ import annotations

from typing import Any

import jwt
import msgspec

from simulator.credential import ServiceAccount
from simulator.exchange import Answer, Request
from simulator.grant import Grant, Grants, form, refusal
from simulator.scenario import Scenario

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


def of_scenario(scenario: Scenario, _: str = "") -> Answer | None:
    """Return the token endpoint's refusal, or None when the name is none of them."""
    known = TOKEN_FAULTS.get(scenario.name)
    return refusal(*known) if known else None


class Refused(Exception):
    """The token endpoint says no."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        """Take the OAuth error code, its description and the HTTP status."""
        super().__init__(error)
        self.answer = refusal(status, error, description)


class TokenEndpoint:
    """The service accounts it knows."""

    def __init__(self, grants: Grants) -> None:
        """Start without accounts; write what is given into `grants`."""
        self._grants = grants
        self._accounts: dict[str, ServiceAccount] = {}
        self._audiences = {GOOGLE_AUDIENCE}

    def admit(self, account: ServiceAccount, token_uri: str) -> None:
        """Let an account mint tokens, signed for Google's audience or for `token_uri`."""
        self._accounts[account.email] = account
        self._audiences.add(token_uri)

    def reply(self, request: Request, lifetime_s: int, now: float) -> Answer:
        """Answer one request for an access token that lives `lifetime_s` seconds."""
        try:
            account = self._account(request, now)
        except Refused as refused:
            return refused.answer
        token = self._grants.issue(Grant("fcm", account.project, account.email, now + lifetime_s), "ya29.")
        content = {"access_token": token, "expires_in": max(0, lifetime_s - 1), "token_type": "Bearer"}
        return Answer(200, msgspec.json.encode(content))

    def project(self, request: Request) -> str:
        """Return the project whose account a request claims to be, unchecked; "" when it cannot be read."""
        try:
            claims = jwt.decode(form(request).get("assertion", ""), options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return ""
        account = self._accounts.get(str(claims.get("iss")))
        return account.project if account else ""

    def _account(self, request: Request, now: float) -> ServiceAccount:
        fields = form(request)
        if request.method != "POST" or fields.get("grant_type") != GRANT_TYPE:
            raise Refused("unsupported_grant_type", "Invalid grant_type: " + fields.get("grant_type", ""))
        assertion = fields.get("assertion", "")
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
