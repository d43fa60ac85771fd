"""Huawei's token endpoint: an access token for a client id and its secret."""

from __future__ import annotations

import re

import msgspec

from simulator.exchange import Answer, Request
from simulator.grant import Client, Grant, Grants, form
from simulator.scenario import Scenario

TOKEN_PATH = "/oauth2/v3/token"  # noqa: S105  # an address
_CLIENT_ID = re.compile("[0-9]{1,64}")
_OK = 200

#: Scenario -> (status, error, sub_error, description).
FAULTS: dict[str, tuple[int, int, int, str]] = {
    "BAD_CLIENT_ID": (400, 1101, 20002, "client_id is not a number"),
    "UNKNOWN_CLIENT": (400, 1101, 20003, "client_id does not exist"),
    "MISSING_SECRET": (400, 1101, 20171, "client_secret is empty"),
    "EXPIRED_SECRET": (400, 1101, 20172, "client_secret has expired"),
    "INVALID_SECRET": (400, 1101, 12304, "invalid client_secret"),
    "UNSUPPORTED_GRANT_TYPE": (400, 1101, 20151, "unsupported grant_type"),
    "INTERNAL": (500, 1203, 11205, "internal error"),
    "FLOW_CONTROL": (503, 1301, 31204, "flow control"),
}


def of_scenario(scenario: Scenario, _: str = "") -> Answer | None:
    """Return the token endpoint's refusal, or None when the name is none of them."""
    if scenario.name not in FAULTS:
        return None
    status, error, sub_error, description = FAULTS[scenario.name]
    content = {"error": error, "sub_error": sub_error, "error_description": description}
    return Answer(status, msgspec.json.encode(content))


class TokenEndpoint:
    """Gives tokens to one client."""

    def __init__(self, grants: Grants, client: Client) -> None:
        """Write what is given into `grants`."""
        self._grants = grants
        self.client = client

    def reply(self, request: Request, lifetime_s: int, now: float) -> Answer:
        """Answer one request for an access token that lives `lifetime_s` seconds."""
        problem = self._problem(request)
        refusal = of_scenario(Scenario(problem, {})) if problem is not None else None
        if refusal is not None:
            return refusal
        token = self._grants.issue(Grant("hms", self.client.id, f"hms:{self.client.id}", now + lifetime_s))
        content = {"access_token": token, "expires_in": lifetime_s, "token_type": "Bearer"}
        # Huawei escapes slashes, as JSON allows
        return Answer(_OK, msgspec.json.encode(content).replace(b"/", b"\\/"))

    def _problem(self, request: Request) -> str | None:
        """Return the fault that a request has earned, or None."""
        fields = form(request)
        if request.method != "POST" or fields.get("grant_type") != "client_credentials":
            return "UNSUPPORTED_GRANT_TYPE"
        if not _CLIENT_ID.fullmatch(fields.get("client_id", "")):
            return "BAD_CLIENT_ID"
        if fields["client_id"] != self.client.id:
            return "UNKNOWN_CLIENT"
        if not fields.get("client_secret"):
            return "MISSING_SECRET"
        return "INVALID_SECRET" if fields["client_secret"] != self.client.secret else None
