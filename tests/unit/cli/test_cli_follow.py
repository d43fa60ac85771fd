from __future__ import annotations

import json

import pytest

from clarion.message import State
from cli.follow import StillOpen, follow, lines
from tests.unit.cli.progress import progress


def reader(*stages):
    stages = list(stages)
    return lambda: stages.pop(0) if len(stages) > 1 else stages[0]


OPEN, MORE, OVER = (
    progress(State.DELIVERING, accepted=1, pending=2),
    progress(State.DELIVERING, accepted=2, pending=1),
    progress(accepted=3),
)


def test_each_change_is_seen_once_and_the_end_is_last(monkeypatch):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    assert list(follow(reader(OPEN, OPEN, MORE, MORE, OVER))) == [OPEN, MORE, OVER]


def test_a_message_that_is_over_is_seen_once():
    assert list(follow(reader(OVER))) == [OVER]


def test_a_message_that_stays_open_is_given_up_with_what_is_pending():
    with pytest.raises(StillOpen, match="it is delivering, 2 of 3 devices are pending"):
        list(follow(reader(OPEN), within_s=0))


def test_each_change_is_a_line_of_json(monkeypatch, capsys):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    assert lines(reader(OPEN, OVER)) == OVER
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["books"]["pending"] for line in written] == [2, 0]
