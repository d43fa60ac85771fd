from __future__ import annotations

import pytest

from clarion.delivery import retry
from clarion.message import Message, Outcome, Target
from clarion.providers.base import Result, RetryRule, Verdict

RULE = RetryRule(wait_s=10, throttled_wait_s=60, give_up_after_s=3600)
UNAVAILABLE = Result(Verdict.RETRY, "UNAVAILABLE")


def message(ttl_s: int | None = None) -> Message:
    return Message(id="m", app="a", body=1, target=Target(channel="default"), accepted_ms=0, ttl_s=ttl_s)


@pytest.mark.parametrize(
    ("attempt", "wait_s"), [(0, 10), (1, 20), (2, 40), (5, 320), (6, 600), (30, 600), (10_000, 600)]
)
def test_waits_double_up_to_ten_minutes(attempt, wait_s):
    assert retry.wait_s(RULE, UNAVAILABLE, attempt, dice=0.0) == wait_s


def test_chance_only_lengthens_a_wait():
    assert retry.wait_s(RULE, UNAVAILABLE, 0, dice=1.0) == pytest.approx(12)


@pytest.mark.parametrize(("asked_s", "wait_s"), [(300, 300), (1, 10)])
def test_retry_after_is_kept_and_never_shortens_the_least_wait(asked_s, wait_s):
    assert retry.wait_s(RULE, UNAVAILABLE._replace(retry_after_s=asked_s), 0, dice=0.0) == wait_s


def test_retries_go_on_inside_ttl_and_patience():
    assert retry.end(RULE, message(ttl_s=100), since_ms=0, due_ms=99_999) is None


def test_a_retry_after_the_ttl_is_expired():
    assert retry.end(RULE, message(ttl_s=100), since_ms=0, due_ms=100_000) is Outcome.EXPIRED


def test_a_retry_after_an_hour_of_trying_is_rejected():
    assert retry.end(RULE, message(), since_ms=5, due_ms=3_600_005) is None
    assert retry.end(RULE, message(), since_ms=5, due_ms=3_600_006) is Outcome.REJECTED


@pytest.mark.parametrize(("attempt", "wait_s"), [(0, 1), (1, 2), (5, 32), (50, 600)])
def test_what_cost_nobody_anything_is_tried_again_in_a_second_and_then_ever_later(attempt, wait_s):
    assert retry.wait_s(RULE, Result(Verdict.RETRY, "REFUSED_STREAM", 0.0), attempt, dice=0.0) == wait_s


def test_a_wait_that_is_long_from_the_start_grows_too():
    rule = RetryRule(900, 60, 14_400)
    waits = [retry.wait_s(rule, Result(Verdict.RETRY, "InternalServerError"), n, dice=0.0) for n in range(4)]
    assert waits == [900, 1800, 3600, 3600]
