"""Strikes: how many, how far apart, against which token."""

from __future__ import annotations

import pytest

from clarion.registry import OS, Device, absolve, register, strike, struck, unregister
from clarion.storage import keys
from tests.integration.registry import audit

APP = "app"
DAY_MS = 86_400_000
RULE = (3, 3 * 86_400.0)


@pytest.fixture
def phone(storage):
    """One device, at slot 0."""
    device = Device("a token", "phone", OS.IOS, properties={"x": [1.5, None]}, user_id="u")
    register(storage, APP, [device])
    return device


def hit(storage, now_ms, *, token="a token", rule=RULE):
    """One strike; returns whether they are enough now."""
    return strike(storage, APP, 0, {0: (token, "BadDeviceToken")}, rule, now_ms=now_ms) == [0]


def strikes(storage):
    return struck(storage, APP, 0, [0]).get(0, 0)


def test_strikes_are_enough_when_they_are_many_and_far_apart(storage, phone):
    assert [hit(storage, day * DAY_MS) for day in (0, 1, 2)] == [False, False, False]
    assert hit(storage, 3 * DAY_MS)
    assert strikes(storage) == 4


def test_a_long_time_alone_is_not_enough(storage, phone):
    assert not hit(storage, 0)
    assert not hit(storage, 100 * DAY_MS)
    assert hit(storage, 101 * DAY_MS)


def test_strikes_in_a_row_are_one_observation(storage, phone):
    assert not any(hit(storage, minute * 60_000) for minute in range(50))
    assert strikes(storage) == 1
    # The one that counted is the first: a device that is tried every hour has its second strike after a day.
    assert [hit(storage, hour * 3_600_000) for hour in range(73)] == [False] * 72 + [True]
    assert strikes(storage) == 4


def test_who_has_enough_strikes_is_named_again_whenever_there_is_another(storage, phone):
    for day in range(4):
        hit(storage, day * DAY_MS)
    assert hit(storage, 3 * DAY_MS + 1)
    assert strikes(storage) == 4


def test_a_clock_that_is_behind_does_no_harm(storage, phone):
    hit(storage, 5 * DAY_MS)
    assert not hit(storage, 0)
    assert strikes(storage) == 1


def test_the_same_call_counts_once_even_without_a_span(storage, phone):
    assert not hit(storage, 7, rule=(2, 0.0))
    assert not hit(storage, 7, rule=(2, 0.0))
    assert hit(storage, 8, rule=(2, 0.0))


def test_one_strike_may_be_enough(storage, phone):
    assert hit(storage, 7, rule=(1, 0.0))


def test_a_token_that_the_device_no_longer_has_is_not_struck(storage, phone):
    assert not hit(storage, 0, token="a toke")
    assert not hit(storage, 0, token="a token before")
    assert strike(storage, APP, 0, {9: ("a token", "r")}, RULE, now_ms=0) == []
    assert struck(storage, APP, 0, [0, 9]) == {}
    assert not storage.registry.exists(keys.strikes(APP, 0))


@pytest.mark.parametrize("length", [1, 31, 32, 255, 256, 4096])
@pytest.mark.parametrize("environment", [None, "sandbox"])
def test_a_token_of_any_length_is_recognised(storage, length, environment):
    register(storage, APP, [Device("x" * length, "phone", OS.WEB, environment=environment)])
    assert not hit(storage, 0, token="x" * (length + 1))
    assert strikes(storage) == 0
    hit(storage, 0, token="x" * length)
    assert strikes(storage) == 1


def test_a_new_token_starts_anew_and_the_same_one_does_not(storage, phone):
    hit(storage, 0)
    register(storage, APP, [Device("a token", "phone", OS.IOS, channels=("other",))])
    assert strikes(storage) == 1
    register(storage, APP, [Device("another", "phone", OS.IOS)])
    assert strikes(storage) == 0
    audit.check(storage, APP)


def test_a_removed_device_has_no_strikes(storage, phone):
    hit(storage, 0)
    unregister(storage, APP, "phone", None, 0)
    assert not storage.registry.exists(keys.strikes(APP, 0))


def test_an_accepted_token_has_no_strikes_any_more(storage, phone):
    hit(storage, 0)
    absolve(storage, APP, 0, {0: "a token before", 7: "a token"})
    assert strikes(storage) == 1
    absolve(storage, APP, 0, {0: "a token"})
    assert strikes(storage) == 0
    assert not storage.registry.exists(keys.strikes(APP, 0))


def test_only_those_with_strikes_are_named(storage):
    register(storage, APP, [Device(f"t{i}", f"d{i}", OS.IOS) for i in range(1000)])
    assert struck(storage, APP, 0, range(1000)) == {}
    some = {slot: (f"t{slot}", "r") for slot in range(0, 1000, 7)}
    assert strike(storage, APP, 0, some, RULE, now_ms=0) == []
    assert struck(storage, APP, 0, range(500)) == dict.fromkeys(range(0, 500, 7), 1)
    assert struck(storage, APP, 0, []) == struck(storage, APP, 1, [0]) == {}
    assert strike(storage, APP, 0, some, (1, 0.0), now_ms=1) == [*some]
    absolve(storage, APP, 0, {slot: token for slot, (token, _) in some.items()})
    assert struck(storage, APP, 0, range(1000)) == {}


def test_nobody_is_struck_or_absolved_by_an_empty_call(storage):
    assert strike(storage, APP, 0, {}, RULE, now_ms=0) == []
    absolve(storage, APP, 0, {})
    assert not storage.registry.keys("*")
