"""Cancel, pause and resume reach a repeated message and every run of it that is not over."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.clock import wall_clock_ms
from clarion.errors import UnknownMessage
from clarion.message import DeliveryOptions, State
from clarion.schedule import control
from clarion.schedule.promotion import promote
from clarion.schedule.run import history
from clarion.storage import keys
from tests.deadline import until
from tests.integration.schedule.conftest import planned

RUNS = 120


def cancel(system, message_id):
    control.cancel(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)


def pause(system, message_id):
    control.pause(system.storage, "demo", message_id)


def resume(system, message_id):
    control.resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)


def repeated(system, runs, **options):
    """A repeated message with so many runs started, none of them planned, and their ids."""
    message_id = system.accept(delivery=DeliveryOptions(repeat_every=3_600, **options))
    main = system.storage.main
    for number in range(1, runs + 1):  # each due at another instant, all of them past
        due_ms = wall_clock_ms() - (runs - number + 2) * 1_000
        main.hset(keys.message(message_id), "due_ms", due_ms)
        main.zadd(keys.due("demo"), {message_id: due_ms})
        until(lambda: promote(system.storage).taken)
    ids = [run.message_id for run in history(system.storage, message_id, 2 * runs)]
    return message_id, list(dict.fromkeys(ids))


def states(system, ids):
    return {system.progress(each).state for each in ids}


def test_a_cancelled_repetition_takes_every_open_run_with_it(system):
    parent, runs = repeated(system, RUNS)
    assert len(runs) == RUNS
    cancel(system, parent)
    assert states(system, [parent, *runs]) == {State.CANCELLED}
    assert not system.storage.main.exists(keys.open_runs(parent))
    with pytest.raises(UnknownMessage):
        cancel(system, parent)


def test_the_last_run_is_paused_resumed_and_cancelled_through_a_repetition_that_is_over(system):
    system.devices(3)
    parent, (run,) = repeated(system, 1, repeat_count=1)
    assert system.progress(parent).state is State.PUBLISHED
    pause(system, parent)
    assert states(system, [run]) == {State.PAUSED}
    resume(system, parent)
    assert states(system, [run]) == {State.ACCEPTED}
    assert planned(system.storage)[-1] == run
    cancel(system, parent)
    assert states(system, [run]) == {State.CANCELLED}


def test_a_run_that_is_over_is_open_no_more(system):
    system.devices(2)
    parent, (run,) = repeated(system, 1)
    assert system.storage.main.smembers(keys.open_runs(parent)) == {run.encode()}
    system.plan(run)
    system.deliver(run)
    assert system.progress(run).books.closed
    assert not system.storage.main.exists(keys.open_runs(parent))


def test_a_cancel_that_died_between_a_repetition_and_its_runs_is_finished_by_another(system):
    parent, (run,) = repeated(system, 1)
    lifecycle.cancel(system.storage, parent, "demo")
    cancel(system, parent)
    assert states(system, [parent, run]) == {State.CANCELLED}


def test_another_application_reaches_neither_a_repetition_nor_its_runs(system):
    parent, (run,) = repeated(system, 1)
    with pytest.raises(UnknownMessage):
        control.cancel(system.storage, "other", parent, now_ms=wall_clock_ms(), broker_url=None)
    with pytest.raises(UnknownMessage):
        control.pause(system.storage, "other", parent)
    assert states(system, [run]) == {State.ACCEPTED}


def test_a_repetition_rescheduled_onto_an_instant_that_was_leaves_that_run_alone(system):
    system.devices(3)
    parent, (run,) = repeated(system, 1)
    system.plan(run)
    system.deliver(run)
    due_ms = history(system.storage, parent, 1)[0].due_ms
    main = system.storage.main
    main.hset(keys.message(parent), "due_ms", due_ms)
    main.zadd(keys.due("demo"), {parent: due_ms})
    content = main.hget(keys.message(run), "content")
    until(lambda: promote(system.storage).taken)
    progress = system.progress(run)
    assert (progress.state, progress.books.audience) == (State.PUBLISHED, 3)
    assert main.hget(keys.message(run), "content") == content
    assert system.progress(parent).due_ms > due_ms
