"""What is due is brought on once, however many schedulers look at a time, and whatever is wrong with another one."""

from __future__ import annotations

from itertools import pairwise

import pytest

from clarion import lifecycle
from clarion.clock import wall_clock_ms
from clarion.message import State
from clarion.message.message import decode
from clarion.queue import plan_hint, render
from clarion.schedule.promotion import FAULT_WAIT_MS, LIMIT, promote
from clarion.schedule.run import fire_call, history
from clarion.status import read
from clarion.storage import keys
from clarion.storage.connection import call
from tests.deadline import until
from tests.integration.schedule.conftest import planned, waiting

SCHEDULERS = 6
HOUR_S = 3_600


def promote_all(storage):
    """Look until nothing is due; returns how much was brought on."""
    taken = 0
    while (look := promote(storage)).next_s == 0.0:
        taken += look.taken
    return taken


def test_a_message_is_started_when_its_time_comes_and_not_before(storage, publish):
    message_id = publish(in_ms=400)
    (due_ms,) = waiting(storage).values()
    look = promote(storage)
    assert look.taken == 0
    assert 0 < look.next_s <= 0.4
    assert read(storage, "demo", message_id).state is State.SCHEDULED
    until(lambda: promote(storage).taken)
    assert wall_clock_ms() >= due_ms
    assert read(storage, "demo", message_id).state is State.ACCEPTED
    assert planned(storage) == [message_id]
    assert waiting(storage) == {}


def test_what_is_due_first_is_started_first(storage, publish):
    ids = [publish(number, in_ms=400 - number) for number in range(20)]
    until(lambda: promote_all(storage) == 0 and not waiting(storage))
    assert sorted(planned(storage)) == sorted(ids)
    starts = [decode(storage.main.hget(keys.message(each), "content")).starts_ms for each in planned(storage)]
    assert all(earlier <= later for earlier, later in pairwise(starts))


def test_several_schedulers_start_each_message_once(storage, publish, at_once):
    ids = [publish(number, in_ms=1_000) for number in range(300)]

    def race(own):
        taken = 0
        while waiting(own):
            taken += promote(own).taken
        return taken

    assert sum(at_once(SCHEDULERS, race)) == len(ids)
    assert sorted(planned(storage)) == sorted(ids)
    assert storage.main.zcard(keys.outbox()) == len(ids)


def test_several_schedulers_start_each_run_once(storage, publish, at_once):
    parents = [publish(number, repeat_every=HOUR_S) for number in range(100)]
    assert sum(at_once(SCHEDULERS, promote_all)) == len(parents)
    runs = [history(storage, parent, 10) for parent in parents]
    assert [len(each) for each in runs] == [1] * len(parents)
    assert sorted(planned(storage)) == sorted(run.message_id for (run,) in runs)
    for parent, (run,) in zip(parents, runs, strict=True):
        progress = read(storage, "demo", parent)
        assert (progress.state, progress.runs, progress.missed) == (State.SCHEDULED, 1, 0)
        assert waiting(storage)[parent] == run.due_ms + HOUR_S * 1000
        assert read(storage, "demo", run.message_id).parent == parent


def test_a_start_is_refused_before_its_time_and_when_it_was_done(storage, publish):
    message_id = publish(in_ms=400)
    task = render(plan_hint(message_id), now_ms=wall_clock_ms())
    names = [keys.message_prefix(message_id), keys.due("demo"), keys.outbox(), "clarion.plan", keys.recent("demo")]
    assert call(storage.main, "promote", names, [message_id, task]) == 0
    until(lambda: call(storage.main, "promote", names, [message_id, task]))
    assert call(storage.main, "promote", names, [message_id, task]) == 0
    assert planned(storage) == [message_id]


def test_a_run_that_was_started_is_not_started_again_even_when_the_next_one_is_due(storage, publish):
    parent = publish(repeat_every=1)
    message, (due_ms,) = decode(storage.main.hget(keys.message(parent), "content")), waiting(storage).values()

    def fire(now_ms):
        made = fire_call(message, due_ms=int(due_ms), runs=0, now_ms=now_ms, queued=True)
        return made.child_id, call(storage.main, "fire", made.key_names, made.arguments)

    child_id, started = fire(int(due_ms) + 1)
    assert started == 1
    assert fire(int(due_ms) + 2) == (child_id, 0)
    until(lambda: due_now(storage))
    assert fire(int(due_ms) + 3) == (child_id, 0)
    assert planned(storage) == [child_id]
    assert len(history(storage, parent, 10)) == 1
    assert read(storage, "demo", parent).runs == 1


def due_now(storage):
    return {message_id for message_id, due_ms in waiting(storage).items() if due_ms < wall_clock_ms()}


def test_messages_that_cannot_be_read_keep_no_other_from_its_time(storage, publish):
    broken = [publish("broken", repeat_every=HOUR_S) for _ in range(LIMIT + 1)]
    for message_id in broken:
        storage.main.hset(keys.message(message_id), "content", b"{")
    run, start = publish("fine", repeat_every=HOUR_S), publish("fine", in_ms=300)
    until(lambda: promote(storage) and read(storage, "demo", start).state is State.ACCEPTED)
    until(lambda: promote(storage) and read(storage, "demo", run).runs == 1)
    assert storage.main.hget(keys.message(broken[0]), "runs") == b"0"
    assert set(broken) <= set(waiting(storage)), "perhaps a later version can"
    now_ms = wall_clock_ms()
    assert all(0 < due_ms - now_ms <= FAULT_WAIT_MS for due_ms in map(waiting(storage).get, broken))


def test_an_entry_that_leads_nowhere_is_dropped(storage, publish):
    message_id = publish(in_ms=60_000)
    storage.main.zadd(keys.due("demo"), {"message:gone": 1})
    assert promote(storage).taken == 0
    assert set(waiting(storage)) == {message_id}


@pytest.mark.parametrize("repeat", [{}, {"repeat_every": HOUR_S}])
def test_a_paused_message_is_started_when_it_is_resumed_after_its_time(storage, publish, repeat):
    message_id = publish(in_ms=300, **repeat)
    (due_ms,) = waiting(storage).values()
    lifecycle.pause(storage, message_id, "demo")
    assert waiting(storage) == {message_id: float("inf")}
    until(lambda: wall_clock_ms() > due_ms)
    assert promote(storage) == (0, None)
    assert lifecycle.resume(storage, message_id, "demo").state is State.SCHEDULED
    assert promote(storage).taken == 1
    assert promote(storage).taken == 0
    assert len(planned(storage)) == 1
