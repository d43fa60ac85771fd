"""What a provider's refusals do to the whole fleet, step by step: pause, break, park, probe, and go on."""

from __future__ import annotations

import pytest

from clarion.app import Quarantine
from clarion.delivery.deliver import deliver
from clarion.delivery.governor import FAILURES_MAX, Gate, introduce
from clarion.delivery.outfit import Pace
from clarion.registry import count, removed, restore, struck
from clarion.standing import State, resume, standings
from clarion.storage import keys

DAY_MS = 86_400_000


@pytest.fixture
def system(new_system):
    made = new_system(Pace(shard_size=100))
    introduce(made.storage, "demo", made.outfit.providers["demo"])
    return made


def planned(system):
    message_id = system.accept()
    system.plan(message_id)
    return message_id


def again(system, message_id):
    system.make_due(message_id)
    return system.deliver(message_id)


def standing(system):
    return next(each for each in standings(system.storage, "demo") if each.provider == "fcm")


def open_by_time(system):
    """The wait of a closed gate is over."""
    provider = system.outfit.providers["demo"]["ANDROID"]
    for key in (keys.gate("fcm", provider.credential, "demo"), keys.budget("fcm", provider.credential)):
        for field in ("closed", "paused"):
            if system.storage.main.hexists(key, field):
                system.storage.main.hset(key, field, 1)


def healthy(system):
    """The provider took something just now, by the test's clock."""
    provider = system.outfit.providers["demo"]["ANDROID"]
    system.storage.main.hset(keys.gate("fcm", provider.credential, "demo"), "accepted", system.clock() * 1000)


def rules(system, fault, **rule):
    system.simulation.rules({"fault": fault} | rule)


def test_a_provider_that_asks_for_time_gets_it_from_everybody_and_no_attempt_is_burned(system):
    system.devices(300)
    rules(system, "QUOTA_EXCEEDED;retry_after=60", skip=20, count=1)
    message_id = planned(system)
    first, *others = system.shards(message_id)
    assert deliver(system.outfit, message_id, first) == "reopened"
    sent = system.simulation.counts()["requests"]
    assert (standing(system).state, standing(system).reason) == (State.PAUSED, "QUOTA_EXCEEDED")
    for shard in others:
        assert deliver(system.new_outfit(), message_id, shard) == "reopened"
    assert system.simulation.counts()["requests"] == sent
    assert system.progress(message_id).status.error_message == "Waiting: fcm is paused (QUOTA_EXCEEDED)."
    system.clock.ahead_ms = 4 * 3_600_000
    open_by_time(system)
    assert again(system, message_id) == ["closed"] * 3
    assert system.books(message_id) == {"accepted|fcm|": 300}


def test_a_provider_that_only_fails_breaks_the_circuit_before_everybody_is_tried(system):
    system.devices(100)
    rules(system, "UNAVAILABLE")
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    assert standing(system).state is State.BROKEN
    assert system.books(message_id) == {"pending": 100}
    open_by_time(system)
    again(system, message_id)
    tried = system.simulation.counts()["requests"]
    assert standing(system).state is State.BROKEN
    system.simulation.drop_rules()
    open_by_time(system)
    system.clock.ahead_ms = 2 * 3_600_000  # longer than the patience with a device
    assert again(system, message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 100}
    assert system.simulation.counts()["requests"] == tried + 100


def test_a_provider_that_is_out_of_reach_breaks_the_circuit_too(system):
    system.devices(FAILURES_MAX * 2)
    rules(system, "REFUSED_STREAM")
    message_id = planned(system)
    system.deliver(message_id)
    assert standing(system).state is State.BROKEN
    assert standing(system).reason == "REFUSED_STREAM"


def test_a_few_failures_among_successes_break_nothing(system):
    system.devices(90)
    system.devices(10, token="sim:UNAVAILABLE;times=1:{}")
    message_id = planned(system)
    system.deliver(message_id)
    assert standing(system).state is State.OPEN
    again(system, message_id)
    assert system.books(message_id) == {"accepted|fcm|": 100}


def test_behind_a_broken_circuit_only_a_few_are_tried(system):
    system.devices(100)
    rules(system, "UNAVAILABLE")
    message_id = planned(system)
    system.deliver(message_id)
    before = system.simulation.counts()["requests"]
    open_by_time(system)
    again(system, message_id)
    assert system.simulation.counts()["requests"] == before + 5


def test_suspicion_of_everybody_parks_the_provider_and_settles_nobody(system):
    system.devices(100)
    rules(system, "SENDER_ID_MISMATCH")
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    assert (standing(system).state, standing(system).reason) == (State.PARKED, "SENDER_ID_MISMATCH")
    assert system.books(message_id) == {"pending": 100}
    assert system.progress(message_id).status.error_message == "Waiting: fcm is parked (SENDER_ID_MISMATCH)."
    open_by_time(system)
    again(system, message_id)
    assert standing(system).state is State.PARKED
    assert struck(system.storage, "demo", 0, range(100)) == {}
    system.simulation.drop_rules()
    assert resume(system.storage, "demo", "fcm")
    assert again(system, message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 100}


def test_suspicion_of_a_few_is_a_strike_against_each(system):
    system.devices(90)
    system.devices(10, token="sim:SENDER_ID_MISMATCH:{}")
    message_id = system.publish()
    assert system.books(message_id) == {"accepted|fcm|": 90, "rejected|fcm|SENDER_ID_MISMATCH": 10}
    assert standing(system).state is State.OPEN
    assert len(struck(system.storage, "demo", 0, range(100))) == 10
    assert count(system.storage, "demo") == 100


def test_strikes_over_days_remove_a_device_and_it_can_be_restored(new_system):
    system = new_system(quarantine=Quarantine(strikes=2, span_s=86_400, share=0.5))
    system.devices(20)
    (suspect,) = system.devices(1, token="sim:SENDER_ID_MISMATCH:{}")
    system.publish()
    system.publish()
    assert count(system.storage, "demo") == 21
    for ahead_ms in (DAY_MS - 60_000, DAY_MS + 60_000):
        system.clock.ahead_ms = ahead_ms
        system.publish()
        assert count(system.storage, "demo") == 21
    system.clock.ahead_ms = 2 * DAY_MS
    healthy(system)
    system.publish()
    assert count(system.storage, "demo") == 20
    (gone,) = removed(system.storage, "demo")
    assert (gone.device.device_id, gone.reason, gone.provider) == (suspect.device_id, "SENDER_ID_MISMATCH", "fcm")
    restore(system.storage, "demo", [suspect.device_id], system.clock())
    assert count(system.storage, "demo") == 21


def test_a_token_that_is_taken_is_suspect_no_more(system):
    system.devices(50)
    system.devices(5, token="sim:SENDER_ID_MISMATCH;times=1:{}")
    system.publish()
    assert len(struck(system.storage, "demo", 0, range(55))) == 5
    assert system.books(system.publish()) == {"accepted|fcm|": 55}
    assert struck(system.storage, "demo", 0, range(55)) == {}


def test_no_message_removes_more_suspects_than_its_share(new_system):
    system = new_system(quarantine=Quarantine(strikes=1, span_s=0, share=0.05))
    introduce(system.storage, "demo", system.outfit.providers["demo"])
    system.devices(40)
    system.publish()
    system.devices(10, token="sim:SENDER_ID_MISMATCH:{}")
    system.publish()
    assert count(system.storage, "demo") == 50
    assert (standing(system).state, standing(system).reason) == (State.PARKED, "TOO_MANY_SUSPECTS")


def test_a_credential_that_never_worked_removes_nobody(new_system):
    system = new_system(quarantine=Quarantine(strikes=1, span_s=0, share=1.0))
    system.devices(3, token="sim:SENDER_ID_MISMATCH:{}")
    system.publish()
    assert count(system.storage, "demo") == 3


def test_proof_removes_a_device_and_it_can_be_listed(system):
    system.devices(10)
    system.devices(2, token="sim:UNREGISTERED:{}")
    message_id = system.publish()
    gone = list(removed(system.storage, "demo"))
    assert {(each.reason, each.message_id) for each in gone} == {("UNREGISTERED", message_id)}
    assert len(gone) == 2


def test_answers_that_were_on_their_way_do_not_end_a_pause(system):
    system.devices(50)
    rules(system, "QUOTA_EXCEEDED;retry_after=60", count=1)
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    assert standing(system).state is State.PAUSED
    assert 55_000 < standing(system).until_ms - system.clock() <= 60_000


def test_neighbours_with_a_common_past_do_not_speak_against_the_credential(system):
    system.devices(50, token="sim:SENDER_ID_MISMATCH:{}")
    system.devices(250)
    message_id = planned(system)
    system.deliver(message_id)
    again(system, message_id)
    assert standing(system).state is State.OPEN
    assert system.books(message_id) == {"accepted|fcm|": 250, "rejected|fcm|SENDER_ID_MISMATCH": 50}


def test_what_proves_others_dead_does_not_make_a_credential_trusted(new_system):
    system = new_system(quarantine=Quarantine(strikes=1, span_s=0, share=1.0))
    system.devices(1, token="sim:UNREGISTERED:{}")
    system.devices(1, token="sim:INVALID_ARGUMENT:{}")
    system.devices(3, token="sim:SENDER_ID_MISMATCH:{}")
    system.publish()
    assert count(system.storage, "demo") == 4


def test_what_was_not_sent_goes_out_again_at_once(system):
    system.devices(40)
    system.devices(1, token="sim:REFUSED_STREAM;times=3:{}")
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    (due_ms,) = system.dues(message_id)[0].values()
    assert due_ms - system.clock() < 2_000


def test_a_token_endpoint_that_is_down_closes_the_gate_and_burns_no_attempt(system):
    system.devices(100)
    rules(system, "UNAVAILABLE", endpoint="token")
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    assert (standing(system).state, standing(system).reason) == (State.BROKEN, "TOKEN_ENDPOINT")
    system.simulation.drop_rules()
    open_by_time(system)
    system.clock.ahead_ms = 2 * 3_600_000
    assert again(system, message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 100}


def test_behind_a_closed_gate_no_device_is_read(system):
    system.devices(100)
    rules(system, "PERMISSION_DENIED")
    message_id = planned(system)
    system.deliver(message_id)
    system.make_due(message_id)
    records = keys.records("demo", 0)
    system.storage.main.rename(records, f"{records}:away")
    assert system.deliver(message_id) == ["reopened"]
    system.storage.main.rename(f"{records}:away", records)
    assert system.books(message_id) == {"pending": 100}


def test_status_blames_only_a_provider_that_the_message_met(system):
    system.devices(10)
    rules(system, "UNAVAILABLE;times=1", count=3)
    hms = system.outfit.providers["demo"]["HMS"]
    Gate(system.storage, "demo", hms, urgent=False).park("80300002", 60_000)
    message_id = planned(system)
    system.deliver(message_id)
    assert system.progress(message_id).status.error_message is None
