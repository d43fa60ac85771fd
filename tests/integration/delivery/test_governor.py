"""The governor of a credential, on a real Redis: slots that never overlap, gates that close for everybody."""

from __future__ import annotations

from time import monotonic

import pytest

from clarion.app import FCMStyle
from clarion.delivery.governor import BROKEN_MS, FAILURES_MAX, Gate, accepted_ms, introduce
from clarion.providers.base import Budget, Line, RetryRule
from clarion.providers.fcm import FCMProvider
from clarion.standing import State, resume, standings
from clarion.storage import keys
from clarion.storage.connection import call


def provider(rate_per_s=0.0, ramp_up_s=0.0):
    retry, budget = RetryRule(10.0, 60.0, 3600.0), Budget(rate_per_s, ramp_up_s)
    return FCMProvider("demo:project", "https://localhost", FCMStyle.DATA, Line(), retry, budget, {})


@pytest.fixture
def gate(storage):
    def make(rate_per_s=0.0, ramp_up_s=0.0, *, urgent=False, app="demo"):
        return Gate(storage, app, provider(rate_per_s, ramp_up_s), urgent=urgent)

    return make


BUDGET, GATE = keys.budget("fcm", "demo:project"), keys.gate("fcm", "demo:project", "demo")


def lease(storage, rate, *, least=1, most=1000, urgent=False, ramp=0):
    return call(storage.main, "governor_lease", [BUDGET, GATE], [rate, ramp, least, most, int(urgent)])


def set_back(storage, **seconds):
    """Let the named instants of the governor lie that much earlier."""
    for field, by_s in seconds.items():
        key = BUDGET if storage.main.hexists(BUDGET, field) else GATE
        value = int(storage.main.hget(key, field))
        storage.main.hset(key, field, value - int(by_s * 1_000_000))


def test_without_a_rate_everybody_may_send_at_once(gate):
    one = gate()
    assert one.enter(5000)
    assert [one.admit(1, 5000) for _ in range(3000)] == [0.0] * 3000


def test_slots_follow_one_another_whoever_leases_them(storage):
    rate, ends = 5000, 0.0
    for _ in range(2):
        asked = monotonic()
        word, devices, starts_us, interval_us, *_ = lease(storage, rate)
        assert word == b"go"
        assert interval_us >= 1_000_000 / rate
        starts = asked + starts_us / 1e6
        # Redis' clock was read after ours: a slot may seem to start that much earlier than it does.
        assert starts > ends - 0.02
        ends = starts + devices * interval_us / 1e6
    assert lease(storage, rate)[0] == b"wait"


def test_no_slot_has_more_than_the_rate_allows(storage):
    granted = lease(storage, 5000)[1]
    assert granted <= 5000 * 0.040


def test_a_request_for_many_devices_gets_its_slot_whole(storage):
    assert lease(storage, 100, least=1000)[1] == 1000
    assert lease(storage, 100, least=1)[0] == b"wait"


def test_the_urgent_do_not_wait_and_the_others_make_room(storage):
    lease(storage, 1000, least=1000)
    assert lease(storage, 1000)[0] == b"wait"
    assert lease(storage, 1000, most=5, urgent=True)[:3] == [b"go", 5, 0]
    before = int(storage.main.hget(BUDGET, "next"))
    lease(storage, 1000, most=5, urgent=True)
    after = int(storage.main.hget(BUDGET, "next"))
    assert after - before > 5 * 1_000


def test_the_urgent_by_themselves_keep_the_rate_too(storage):
    granted = 0
    while (reply := lease(storage, 1000, most=1000, urgent=True))[0] == b"go":
        granted += reply[1]
    assert granted <= 1000 * 0.2
    assert reply[0] == b"wait"


def test_a_pause_is_everybodys_and_a_gate_one_applications(gate):
    gate(app="other").park("BadTopic", 30_000)
    assert gate(app="demo").enter(1)
    gate(app="other").pause("QUOTA_EXCEEDED", 30.0)
    assert not gate(app="demo").enter(1)


def test_neither_a_failure_nor_a_refusal_shortens_a_pause(gate, storage):
    gate().pause("QUOTA_EXCEEDED", 600.0)
    gate().fail(FAILURES_MAX, "UNAVAILABLE")
    gate().park("PERMISSION_DENIED", 30_000)
    later = gate()
    assert not later.enter(1)
    assert later.closed.in_s > 590


def test_a_success_that_was_under_way_opens_no_gate(gate, storage):
    early, late = gate(), gate()
    assert early.enter(1)
    late.pause("QUOTA_EXCEEDED", 60.0)
    late.park("PERMISSION_DENIED", 30_000)
    early.succeed(accepted=True)
    assert not gate().enter(1)
    set_back(storage, paused=61)
    still = gate()
    assert not still.enter(1)
    assert still.closed.state is State.PARKED


def test_a_probe_that_shows_nothing_closes_the_gate_for_longer(gate, storage):
    gate().park("PERMISSION_DENIED", 30_000)
    set_back(storage, closed=31)
    probing = gate()
    assert probing.enter(100)
    probing.give_up()
    assert probing.closed.in_s > 59


def test_a_probe_of_a_batch_provider_is_a_small_batch(gate, storage):
    gate().park("80300002", 30_000)
    set_back(storage, closed=31)
    probing = gate()
    assert probing.enter(1000)
    assert probing.batch_max <= 5


def test_a_ramp_starts_at_a_tenth_and_ends_at_the_whole_rate(storage):
    assert lease(storage, 10_000, ramp=60)[3] > 1_000_000 / 1_100
    set_back(storage, ramp=30)
    halfway = lease(storage, 10_000, least=1, most=1, ramp=60, urgent=True)
    assert halfway[0] == b"go"
    set_back(storage, ramp=31, next=1)
    assert lease(storage, 10_000, ramp=60)[3] <= 1_000_000 / 9_600


def test_a_ramp_starts_anew_after_a_silence(storage):
    lease(storage, 10_000, ramp=1)
    set_back(storage, ramp=120, used=120, next=120)
    assert lease(storage, 10_000, ramp=1)[3] > 1_000_000 / 1_100


def test_a_slot_that_is_missed_is_not_made_up_for(gate, storage):
    one = gate(1000)
    assert one.enter(1000)
    one._ends = monotonic() - 1
    set_back(storage, next=10)
    while one.admit(1, 1000):
        pass
    assert one._left < 1000 * 0.040


def test_a_pause_stops_everybody_until_its_end(gate, storage):
    one, other = gate(), gate()
    one.pause("QUOTA_EXCEEDED", 30.0)
    assert one.closed is not None
    assert not other.enter(1)
    assert other.closed.state is State.PAUSED
    assert 29 < other.closed.in_s <= 30
    set_back(storage, paused=31)
    third = gate()
    assert third.enter(1)
    assert third.probing is None


def test_a_shorter_pause_does_not_end_a_longer_one(gate):
    gate().pause("QUOTA_EXCEEDED", 60.0)
    gate().pause("QUOTA_EXCEEDED", 1.0)
    later = gate()
    assert not later.enter(1)
    assert later.closed.in_s > 50


def test_behind_a_parked_credential_one_worker_tries_a_few_devices(gate, storage):
    gate().park("PERMISSION_DENIED", 30_000)
    assert not gate().enter(100)
    set_back(storage, closed=31)
    first, second = gate(), gate()
    assert first.enter(100)
    assert first.probing
    assert not second.enter(100)
    assert [first.admit(1, 100) for _ in range(5)] == [0.0] * 5
    assert first.admit(1, 95) > 0
    first.succeed(accepted=True)
    assert first.admit(1, 95) == 0.0
    assert gate().enter(100)


def test_a_probe_that_fails_keeps_the_gate_closed_for_twice_as_long(gate, storage):
    gate().park("PERMISSION_DENIED", 30_000)
    set_back(storage, closed=31)
    probing = gate()
    assert probing.enter(1)
    probing.park("PERMISSION_DENIED", 30_000)
    assert 59 < probing.closed.in_s <= 60


def test_many_who_find_the_same_out_close_the_gate_once(gate):
    gates = [gate() for _ in range(5)]
    for each in gates:
        each.park("PERMISSION_DENIED", 30_000)
    assert gates[-1].closed.in_s <= 30


def test_failures_without_a_success_between_them_break_the_circuit(gate):
    one = gate()
    one.fail(FAILURES_MAX - 1, "UNAVAILABLE")
    assert one.closed is None
    one.fail(1, "UNAVAILABLE")
    assert one.closed.state is State.BROKEN
    assert one.closed.in_s <= BROKEN_MS / 1000


def test_a_success_forgets_the_failures_before_it(gate):
    one = gate()
    one.fail(FAILURES_MAX - 1, "UNAVAILABLE")
    other = gate()
    assert other.enter(1)
    assert other.reporting
    other.succeed(accepted=True)
    one.fail(1, "UNAVAILABLE")
    assert one.closed is None


def test_a_credential_that_never_worked_was_never_healthy(gate, storage):
    assert accepted_ms(storage, "demo", provider()) is None
    gate().succeed(accepted=True)
    assert accepted_ms(storage, "demo", provider()) > 1_700_000_000_000


def test_everybody_can_read_how_a_credential_stands(gate, storage):
    assert standings(storage, "demo") == []
    introduce(storage, "demo", dict.fromkeys(("ANDROID", "IOS"), provider(rate_per_s=500.0)))
    (standing,) = standings(storage, "demo")
    assert (standing.state, standing.systems, standing.rate_per_s) == (State.OPEN, ("ANDROID", "IOS"), 500.0)
    gate().park("SENDER_ID_MISMATCH", 30_000)
    (standing,) = standings(storage, "demo")
    assert (standing.state, standing.reason) == (State.PARKED, "SENDER_ID_MISMATCH")
    assert standing.last_error == "SENDER_ID_MISMATCH"
    assert 29_000 <= standing.until_ms - standing.since_ms <= 31_000


def test_a_gate_can_be_opened_by_hand(gate, storage):
    introduce(storage, "demo", {"ANDROID": provider()})
    gate().park("SENDER_ID_MISMATCH", 30_000)
    assert resume(storage, "demo", "fcm")
    assert gate().enter(1)
    assert not resume(storage, "demo", "apns")
