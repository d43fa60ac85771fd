from __future__ import annotations

import pytest

from clarion.message import State
from cli.demo.campaign import arrivals, campaign
from cli.demo.population import population
from cli.demo.reckoning import check_arrivals, check_books, check_registry
from tests.unit.cli.progress import ANNOUNCED, progress

PUBLISH = campaign(population(100, 1, ANNOUNCED))[0]
LIVING = len(PUBLISH.audience) - PUBLISH.dead


def test_closed_books_of_the_expected_audience_are_fine():
    assert check_books(PUBLISH, progress(accepted=LIVING, dead=PUBLISH.dead)) == []


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (progress(State.FAILED, accepted=LIVING, dead=PUBLISH.dead), "ended as failed"),
        (progress(accepted=LIVING - 1, dead=PUBLISH.dead, pending=1), "books are open"),
        (progress(accepted=LIVING, dead=PUBLISH.dead, audience=1), "books are open"),
        (progress(accepted=LIVING - 1, dead=PUBLISH.dead), "audience 59, not 60"),
        (progress(accepted=LIVING - 1, dead=PUBLISH.dead + 1), f"accepted {LIVING - 1}, not {LIVING}"),
    ],
)
def test_books_that_do_not_add_up_are_named(ended, words):
    assert any(words in problem for problem in check_books(PUBLISH, ended))


def test_dead_tokens_must_leave_the_registry():
    assert check_registry(100, 97, 3) == []
    assert check_registry(100, 98, 3) == ["registry: 98 devices are left of 100, not 97"]


def test_every_token_must_arrive_as_often_as_it_was_addressed():
    due = arrivals([PUBLISH])
    received = {token: {"received": times} for token, times in due.items()}
    assert check_arrivals(due, received) == []
    first, second, *_ = due
    twice = received | {first: {"received": 2}}
    assert check_arrivals(due, twice) == ["simulator: a token was asked for 2 times, not 1"]
    never = {token: each for token, each in received.items() if token != second}
    assert check_arrivals(due, never) == ["simulator: a token was asked for 0 times, not 1"]
    stranger = received | {"stranger": {"received": 1}}
    assert check_arrivals(due, stranger) == ["simulator: a token was asked for that nobody addressed"]


def test_many_differences_are_counted_and_tokens_never_shown():
    said = check_arrivals(arrivals([PUBLISH]), {})
    assert said[-1] == f"simulator: {len(PUBLISH.audience) - 3} more"
    assert not any("demo-token" in line for line in said)
