from __future__ import annotations

from clarion.delivery.governor import Gate, introduce
from clarion.providers.base import Budget, Line, RetryRule
from clarion.providers.fcm import FCMProvider
from clarion.standing import State, standings
from tests.integration.api.conftest import ADMIN

PROVIDER = FCMProvider("a-project", "https://h", "data", Line(), RetryRule(1, 1, 1), Budget(500.0), {})


def parked(api):
    introduce(api.storage, "demo", {"ANDROID": PROVIDER})
    Gate(api.storage, "demo", PROVIDER, urgent=False).park("SENDER_ID_MISMATCH", 30_000)


def test_an_administrator_sees_how_each_credential_stands(api):
    parked(api)
    (found,) = api.get("/clarion/providers", key=ADMIN).json()["providers"]
    assert (found["provider"], found["credential"], found["systems"]) == ("fcm", "a-project", ["ANDROID"])
    assert (found["state"], found["reason"], found["ratePerS"]) == ("parked", "SENDER_ID_MISMATCH", 500.0)
    assert found["untilMs"] > found["sinceMs"]


def test_an_administrator_opens_a_gate(api):
    parked(api)
    assert api.ask("POST", "/clarion/providers/fcm/resume", key=ADMIN).json() == {"result": True}
    assert [each.state for each in standings(api.storage, "demo")] == [State.OPEN]


def test_a_provider_that_the_application_has_not_is_named_as_wrong(api):
    reply = api.ask("POST", "/clarion/providers/apns/resume", key=ADMIN)
    assert (reply.status_code, reply.json()["errorData"]["field"]) == (400, "provider")


def test_other_keys_may_not(api):
    for method, path in (("GET", "/clarion/providers"), ("POST", "/clarion/providers/fcm/resume")):
        assert api.refusal(method, path, key="news-key-0123456789") == 5007
