"""The token endpoint checks what Google checks."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from tests.simulation import Simulation


def test_googles_own_client_gets_an_access_token(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", simulation.ready["ca"])
    credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
        simulation.ready["credentials"], scopes=["https://www.googleapis.com/auth/firebase.messaging"]
    )
    credentials.refresh(Request())
    assert credentials.valid
    assert simulation.counts()["mints"] == 1


def test_an_access_token_lives_an_hour(simulation: Simulation) -> None:
    status, answer = simulation.mint(simulation.assertion())
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3599)


def test_the_endpoints_own_address_is_an_audience_too(simulation: Simulation) -> None:
    assert simulation.mint(simulation.assertion(aud=simulation.ready["token_uri"]))[0] == 200


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "nobody@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com/token"}, "invalid_grant"),
        ({"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}, "invalid_grant"),
        ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, "invalid_grant"),
        ({"exp": int(time.time()) + 86_400}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ],
)
def test_a_wrong_claim_is_refused(simulation: Simulation, claims: dict[str, Any], error: str) -> None:
    status, answer = simulation.mint(simulation.assertion(**claims))
    assert (status, answer["error"]) == (400, error)
    assert simulation.counts()["mints"] == 0


def test_a_wrong_signature_is_refused(simulation: Simulation) -> None:
    head, _, signature = simulation.assertion("first").rpartition(".")
    other = simulation.assertion("second").rpartition(".")[0]
    for assertion in (f"{other}.{signature}", f"{head}.AAAA", "nonsense", ""):
        assert simulation.mint(assertion)[1]["error"] == "invalid_grant"


def test_an_access_token_expires(simulation: Simulation) -> None:
    simulation.profile(oauth_lifetime_s=0)
    headers = {"authorization": f"Bearer {simulation.access_token()}"}
    with httpx.Client(verify=simulation.tls(), headers=headers, trust_env=False) as client:
        assert client.post(simulation.send_url(), json={"message": {"token": "t"}}).status_code == 401


def test_revoking_one_project_leaves_the_other(simulation: Simulation) -> None:
    tokens = {project: simulation.access_token(project) for project in ("first", "second")}
    assert simulation.revoke("second") >= 1
    with httpx.Client(verify=simulation.tls(), trust_env=False) as client:
        statuses = [
            client.post(
                simulation.send_url(project),
                json={"message": {"token": "t"}},
                headers={"authorization": f"Bearer {token}"},
            ).status_code
            for project, token in tokens.items()
        ]
    assert statuses == [200, 401]


@pytest.mark.parametrize(
    ("fault", "status"), [("INVALID_GRANT", 400), ("INVALID_CLIENT", 401), ("INTERNAL", 500), ("UNAVAILABLE", 503)]
)
def test_a_rule_can_break_the_token_endpoint(simulation: Simulation, fault: str, status: int) -> None:
    simulation.rules({"fault": fault, "endpoint": "token", "project": "first", "count": 1})
    assert simulation.mint(simulation.assertion("second"))[0] == 200
    assert simulation.mint(simulation.assertion("first"))[0] == status
    assert simulation.mint(simulation.assertion("first"))[0] == 200


def test_a_rule_can_cut_the_token_endpoint_off(simulation: Simulation) -> None:
    simulation.rules({"fault": "DROP", "endpoint": "token"})
    with pytest.raises(httpx.TransportError):
        simulation.mint(simulation.assertion())
    assert simulation.counts()["mints"] == 0
