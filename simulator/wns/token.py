"""Microsoft's token endpoints for WNS: Entra for a tenant's applications, the Store for package SIDs."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from simulator.exchange import Answer, Request
from simulator.grant import Client, Grant, Grants, form, refusal
from simulator.scenario import Scenario

TENANT = "c1a71071-0000-4000-8000-000000007e4a"
STORE_PATH = "/accesstoken.srf"
_ENTRA_PATH = f"/{TENANT}/oauth2/v2.0/token"
_ENTRA_SUFFIX = "/oauth2/v2.0/token"
_ENTRA_SCOPE, _STORE_SCOPE = "https://wns.windows.com/.default", "notify.windows.com"

#: Scenario -> (status, error, description).
FAULTS: dict[str, tuple[int, str, str]] = {
    "INVALID_CLIENT": (401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
    "UNAUTHORIZED_CLIENT": (400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."),
    "INVALID_REQUEST": (400, "invalid_request", "AADSTS90002: Tenant not found."),
    "INVALID_SCOPE": (400, "invalid_scope", "AADSTS70011: The provided value for the input parameter is not valid."),
    "UNSUPPORTED_GRANT_TYPE": (400, "unsupported_grant_type", "AADSTS70003: The grant type is not supported."),
    "TOO_MANY": (429, "temporarily_unavailable", "AADSTS90010: Too many requests."),
    "INTERNAL": (500, "server_error", "AADSTS50000: There was an error issuing a token."),
    "UNAVAILABLE": (503, "temporarily_unavailable", "AADSTS90033: A transient error has occurred."),
}


def is_token_path(path: str) -> bool:
    """Return whether a path, without its query, is a token endpoint's."""
    return path == STORE_PATH or path.endswith(_ENTRA_SUFFIX)


def of_scenario(scenario: Scenario, _: str = "") -> Answer | None:
    """Return a token endpoint's refusal, or None when the name is none of them."""
    known = FAULTS.get(scenario.name)
    return refusal(*known) if known else None


class TokenEndpoints:
    """Both endpoints; neither takes the other's client."""

    def __init__(self, grants: Grants, entra: Client, store: Client) -> None:
        """Give tokens to two clients."""
        self._grants = grants
        self._entra = entra
        self._store = store

    def reply(self, request: Request, lifetime_s: int, now: float) -> Answer:
        """Answer one request for an access token that lives `lifetime_s` seconds."""
        path, fields = request.path.partition("?")[0], form(request)
        at_store = path == STORE_PATH
        client, scope = (self._store, _STORE_SCOPE) if at_store else (self._entra, _ENTRA_SCOPE)
        problem = _problem(request.method, path, fields, client, scope)
        if problem is not None:
            refused = refusal(*FAULTS[problem])
            # the Store has one status for everything that is wrong
            return msgspec.structs.replace(refused, status=HTTPStatus.BAD_REQUEST) if at_store else refused
        token = self._grants.issue(Grant("wns", client.id, f"wns:{client.id}", now + lifetime_s))
        if at_store:
            content: dict[str, object] = {"token_type": "bearer", "access_token": token, "expires_in": lifetime_s}
        else:
            # Entra writes its numbers as strings
            ends = {"expires_in": str(lifetime_s), "ext_expires_in": str(lifetime_s)}
            times = {"expires_on": str(int(now) + lifetime_s), "not_before": str(int(now))}
            content = {"token_type": "Bearer", **ends, **times, "access_token": token}
        return Answer(HTTPStatus.OK, msgspec.json.encode(content))


def _problem(method: str, path: str, fields: dict[str, str], client: Client, scope: str) -> str | None:
    """Return the fault that a request has earned, or None."""
    if method != "POST" or path not in (STORE_PATH, _ENTRA_PATH):
        return "INVALID_REQUEST"
    if fields.get("grant_type") != "client_credentials":
        return "UNSUPPORTED_GRANT_TYPE"
    if fields.get("client_id") != client.id:
        return "UNAUTHORIZED_CLIENT"
    if fields.get("client_secret") != client.secret:
        return "INVALID_CLIENT"
    return "INVALID_SCOPE" if fields.get("scope") != scope else None
