"""Which of a provider's environments a token belongs to: said, learned, kept, forgotten."""

from __future__ import annotations

import msgspec
import pytest

from clarion.registry import OS, Device, find, learn, read, register, strike, struck, unregister
from tests.integration.registry import audit
from tests.integration.registry.test_registry_race import ROUNDS, together

APP = "app"


def device(token="t", **changes):
    return Device(token, "phone", OS.IOS, **changes)


def environment(storage):
    [(_, found)] = find(storage, APP, ["phone"], 0)
    return found.environment


@pytest.mark.parametrize("said", [None, "production", "sandbox"])
def test_what_a_registration_says_is_stored(storage, said):
    register(storage, APP, [device(environment=said)])
    assert environment(storage) == said
    [record] = read(storage, APP, 0, [0])
    assert record.environment == said


def test_what_was_learned_stays_with_the_token(storage):
    register(storage, APP, [device(properties={"a": 1})])
    assert learn(storage, APP, 0, {0: ("t", "sandbox")}) == 1
    register(storage, APP, [device(channels=("news",))])
    assert find(storage, APP, ["phone"], 0) == [(0, device(channels=("news",), environment="sandbox"))]
    register(storage, APP, [device("new")])
    assert environment(storage) is None
    audit.check(storage, APP)


def test_what_a_registration_says_goes_before_what_was_learned(storage):
    register(storage, APP, [device()])
    learn(storage, APP, 0, {0: ("t", "sandbox")})
    register(storage, APP, [device(environment="production")])
    assert environment(storage) == "production"


def test_leaving_a_channel_keeps_the_environment(storage):
    register(storage, APP, [device(channels=("a", "b"), environment="sandbox")])
    assert unregister(storage, APP, "phone", ["a"], 0).environment == "sandbox"
    assert environment(storage) == "sandbox"


def test_nothing_is_learned_of_a_token_that_has_gone(storage):
    register(storage, APP, [device("new")])
    assert learn(storage, APP, 0, {0: ("old", "sandbox"), 5: ("new", "sandbox")}) == 0
    assert learn(storage, APP, 0, {}) == 0
    assert environment(storage) is None


def test_learning_changes_nothing_else(storage):
    before = device(channels=("a",), expires_at=9, user_id="u", properties={"x": 1}, registered_at=3, zone="UTC")
    register(storage, APP, [before])
    strike(storage, APP, 0, {0: ("t", "BadDeviceToken")}, (3, 9.0), now_ms=0)
    learn(storage, APP, 0, {0: ("t", "sandbox")})
    [(_, after)] = find(storage, APP, ["phone"], 0)
    assert after == msgspec.structs.replace(before, environment="sandbox")
    assert struck(storage, APP, 0, [0]) == {0: 1}
    audit.check(storage, APP)


def test_learning_and_registering_at_once_lose_nothing(storage):
    register(storage, APP, [device()])
    for number in range(ROUNDS):
        token = f"t{number}"
        register(storage, APP, [device(token)])
        together(
            lambda token=token: learn(storage, APP, 0, {0: (token, "sandbox")}),
            lambda token=token, number=number: register(storage, APP, [device(token, user_id=str(number))]),
        )
        [(_, found)] = find(storage, APP, ["phone"], 0)
        assert (found.environment, found.user_id) == ("sandbox", str(number))
