from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from clarion.message import PublishStatus, State
from cli.clock import instant
from cli.follow import StillOpen, bars, draw, follow, lines, waiting
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


def test_a_rate_that_changes_with_the_time_is_no_change(monkeypatch):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    slower = progress(State.DELIVERING, accepted=1, pending=2, rate_per_s=0.5, ends_ms=9_000)
    assert list(follow(reader(OPEN, slower, OVER))) == [OPEN, OVER]


def waits(**more):
    return {"status": PublishStatus.SCHEDULED, "began_ms": None, "due_ms": 1_782_907_200_000} | more


@pytest.mark.parametrize(
    ("stands", "words"),
    [
        (progress(State.SCHEDULED, **waits()), f"waiting until {instant(1_782_907_200_000)}"),
        (progress(State.SCHEDULED, **waits(runs=3)), f"waiting until {instant(1_782_907_200_000)}, 3 runs so far"),
        (progress(State.SCHEDULED, **waits(runs=1)), f"waiting until {instant(1_782_907_200_000)}, 1 run so far"),
        (
            progress(State.SCHEDULED, **waits(due_ms=1_782_900_000_000)),
            f"waiting until {instant(1_782_900_000_000)}, overdue by 2 h",
        ),
        (
            progress(State.SCHEDULED, **waits(local=True, due_ms=1_782_907_200_000 - 14 * 3_600_000 + 1_000)),
            "waiting until 2026-07-01 12:00:01 local, overdue by 13 h",
        ),
        (progress(State.PAUSED, **waits()), "paused"),
        (progress(State.PAUSED, **waits(paused_ms=1_782_900_000_000, runs=2)), "paused for 2 h, 2 runs so far"),
        (progress(State.PAUSED, accepted=1, pending=1), "paused"),
        (progress(State.ACCEPTED, **waits(due_ms=None)), None),
        (OPEN, None),
        (OVER, None),
    ],
)
def test_what_a_message_waits_for_is_said(stands, words):
    assert waiting(stands, 1_782_907_200_000) == words


def test_a_bar_says_what_it_waits_for_and_counts_only_then(monkeypatch):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    console = Console(file=StringIO(), width=120, force_terminal=True)
    with bars(console) as bar:
        seen = []

        def read():
            bar.refresh()
            seen.append(console.file.getvalue())
            console.file.truncate(0)
            return stages.pop(0)

        stages = [progress(State.SCHEDULED, **waits(runs=1)), OPEN, OVER]
        assert draw(bar, "delivering", read) == OVER
    _, scheduled, delivering = seen
    assert "waiting until 2026-07-01" in scheduled
    assert "/" not in scheduled
    assert "delivering" in delivering
    assert "1/3" in delivering


def test_a_bar_says_that_it_is_overdue_although_nothing_has_changed(monkeypatch):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    times = iter((0, 1_782_914_400_000, 0))
    monkeypatch.setattr("cli.follow.wall_clock_ms", lambda: next(times))
    scheduled, told = progress(State.SCHEDULED, **waits()), []
    with bars(Console(file=StringIO())) as bar:

        def read():
            told.extend(task.description for task in bar.tasks)
            return stages.pop(0)

        stages = [scheduled, scheduled, OVER]
        draw(bar, "delivering", read)
    due = instant(1_782_907_200_000)
    assert told == ["delivering", f"waiting until {due}", f"waiting until {due}, overdue by 2 h"]


def test_a_repeated_message_is_over_when_its_last_run_was_started(monkeypatch):
    monkeypatch.setattr("cli.follow._POLL_S", 0)
    last = progress(State.PUBLISHED, began_ms=None, runs=2)
    stages = [progress(State.SCHEDULED, **waits(runs=runs)) for runs in (0, 1)]
    assert [each.runs for each in follow(reader(*stages, last))] == [0, 1, 2]
