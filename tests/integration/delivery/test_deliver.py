"""Plan and deliver, step by step, against the simulator over TLS HTTP/2 and a real Redis."""

from __future__ import annotations

import pytest

from clarion.delivery.deliver import FAULTS_MAX, deliver
from clarion.delivery.governor import Gate
from clarion.delivery.outfit import Pace
from clarion.delivery.shard import Shard
from clarion.message import DeliveryOptions, PublishOptions, PushBroadcast, State
from clarion.registry import OS, Grave, count, prune, unregister
from clarion.status import outcomes
from clarion.storage import keys


def test_a_publish_reaches_every_device_of_its_channel_once(system):
    system.devices(120, channels=("news",))
    system.devices(30, channels=("default",), token="other-{}")
    message_id = system.publish(channel="news")
    assert system.progress(message_id).state is State.PUBLISHED
    assert system.books(message_id) == {"accepted|fcm|": 120}
    counts = system.simulation.counts()
    assert (counts["tokens_accepted"], counts["max_accepted_per_token"]) == (120, 1)


def test_an_operating_system_group_is_addressed_by_its_mask(system):
    system.devices(10)
    system.devices(5, os=OS.WEB, token="web-{}")
    message_id = system.publish(delivery=DeliveryOptions(push_broadcast=PushBroadcast.ANDROID))
    assert system.books(message_id) == {"accepted|fcm|": 10}


def test_single_devices_are_addressed_whatever_their_channel_and_the_unknown_are_named(system):
    devices = system.devices(5, channels=("elsewhere",))
    wanted = [devices[1].device_id, devices[3].device_id, "nobody"]
    message_id = system.publish(delivery=DeliveryOptions(push_singlecast=wanted))
    assert system.books(message_id) == {"accepted|fcm|": 2}
    assert system.progress(message_id).unmatched == ("nobody",)
    assert set(system.simulation.ledger()) == {devices[1].token, devices[3].token}


def test_an_empty_audience_is_published_with_empty_books(system):
    message_id = system.publish(channel="nobody-there")
    assert system.progress(message_id).state is State.PUBLISHED
    assert system.books(message_id) == {}


def test_a_dead_token_removes_the_device(system):
    system.devices(40)
    system.devices(3, token="sim:UNREGISTERED:{}")
    message_id = system.publish()
    assert system.books(message_id) == {"accepted|fcm|": 40, "unregistered|fcm|UNREGISTERED": 3}
    assert count(system.storage, "demo") == 40
    assert system.books(system.publish()) == {"accepted|fcm|": 40}


def test_a_refusal_that_proves_nothing_removes_nobody(system):
    for scenario in ("SENDER_ID_MISMATCH", "INVALID_ARGUMENT", "THIRD_PARTY_AUTH_ERROR"):
        system.devices(2, token=f"sim:{scenario}:{{}}")
    message_id = system.publish()
    assert system.progress(message_id).state is State.FAILED
    assert sum(system.books(message_id).values()) == 6
    assert "rejected by fcm" in system.progress(message_id).status.error_message
    assert count(system.storage, "demo") == 6


def test_a_device_that_left_before_sending_has_an_outcome(system):
    devices = system.devices(3)
    message_id = system.accept()
    system.plan(message_id)
    unregister(system.storage, "demo", devices[0].device_id, None, now_ms=system.clock())
    system.deliver(message_id)
    assert system.books(message_id) == {"accepted|fcm|": 2, "unregistered||LEFT_BEFORE_SENDING": 1}


def test_a_device_that_no_provider_serves_has_an_outcome(system):
    system.devices(2, os=OS.WP)
    del system.outfit.providers["demo"]["WP"]
    message_id = system.publish()
    assert system.books(message_id) == {"rejected||NO_PROVIDER": 2}


def test_an_expired_registration_is_not_addressed(system):
    system.devices(2)
    system.devices(3, token="old-{}", expires_at=system.clock() + 50)
    system.clock.ahead_ms = 60
    assert system.books(system.publish()) == {"accepted|fcm|": 2}


def test_a_message_past_its_ttl_is_expired_not_sent(system):
    system.devices(4)
    message_id = system.accept(delivery=DeliveryOptions(ttl=1))
    system.plan(message_id)
    system.clock.ahead_ms = 1_000
    system.deliver(message_id)
    assert system.books(message_id) == {"expired||": 4}
    assert system.simulation.counts()["requests"] == 0


def test_devices_refused_for_now_are_tried_again_and_the_others_are_not(system):
    system.devices(10)
    system.devices(2, token="sim:UNAVAILABLE;times=1:{}")
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"accepted|fcm|": 10, "pending": 2}
    (shard,) = system.shards(message_id)
    assert deliver(system.outfit, message_id, shard) == "early"
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 12}
    assert system.simulation.counts()["max_accepted_per_token"] == 1


def test_a_retry_that_would_come_after_the_ttl_ends_as_expired(system):
    system.devices(1, token="sim:UNAVAILABLE:{}")
    message_id = system.publish(delivery=DeliveryOptions(ttl=5))
    assert system.books(message_id) == {"expired|fcm|UNAVAILABLE": 1}


def test_an_answer_that_never_came_is_unknown_and_not_sent_again(system):
    system.devices(2)
    system.devices(1, token="sim:BLACKHOLE:{}")
    message_id = system.publish()
    assert system.books(message_id) == {"accepted|fcm|": 2, "unknown|fcm|TIMEOUT": 1}
    assert system.progress(message_id).state is State.PUBLISHED


def test_an_access_token_that_was_revoked_is_replaced_and_nobody_is_lost(system):
    system.devices(5)
    system.publish()
    system.simulation.revoke()
    system.clock.ahead_ms = 60_000
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 5}


def test_a_refused_credential_parks_the_provider_and_burns_no_attempt(system):
    system.devices(60, token="sim:PERMISSION_DENIED:{}")
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened", "reopened"]
    sent = system.simulation.counts()["requests"]
    assert sent < 60
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened", "reopened"]
    assert system.simulation.counts()["requests"] == sent
    assert system.books(message_id) == {"pending": 60}


def test_the_outcome_of_each_device_can_be_read(system):
    system.devices(2)
    system.devices(1, token="sim:UNREGISTERED:{}")
    system.devices(300, token="many-{}")
    message_id = system.publish()
    read = dict(outcomes(system.storage, "demo", message_id))
    assert len(read) == 303
    dead = [ordinal for ordinal, line in read.items() if line == "unregistered|fcm|UNREGISTERED"]
    assert len(dead) == 1
    assert sum(line == "accepted|fcm|" for line in read.values()) == 302


def test_content_that_fcm_cannot_carry_fails_before_anybody_gets_it(system):
    system.devices(3)
    message_id = system.publish(publish=PublishOptions(headers={"google.x": "1"}))
    progress = system.progress(message_id)
    assert progress.state is State.FAILED
    assert "google.x" in progress.status.error_message
    assert progress.books.audience == 0


def test_a_registration_that_ends_between_planning_and_sending_is_not_sent_to(system):
    system.devices(2)
    system.devices(1, token="ends-{}", expires_at=system.clock() + 50)
    message_id = system.accept()
    system.plan(message_id)
    system.clock.ahead_ms = 60
    system.deliver(message_id)
    assert system.books(message_id) == {"accepted|fcm|": 2, "unregistered||LEFT_BEFORE_SENDING": 1}


class Unreadable(Exception):
    pass


def test_an_error_of_our_own_repeats_nobody_and_ends(system):
    system.devices(5)
    system.devices(1, token="faulty-{}")
    system.let_fail("faulty", Unreadable())
    message_id = system.accept()
    system.plan(message_id)
    for _ in range(FAULTS_MAX + 1):
        with pytest.raises(Unreadable):
            system.deliver(message_id)
        system.make_due(message_id)
    assert system.progress(message_id).books.pending == 0
    assert system.simulation.counts()["max_accepted_per_token"] <= 1


def test_time_spent_parked_does_not_count_against_the_patience(system):
    system.devices(1, token="sim:UNAVAILABLE:{}")
    message_id = system.accept()
    system.plan(message_id)
    provider = system.outfit.providers["demo"]["ANDROID"]
    Gate(system.storage, "demo", provider, urgent=False).park("PERMISSION_DENIED", 60_000)
    assert system.deliver(message_id) == ["reopened"]
    system.storage.main.delete(keys.gate(provider.name, provider.credential, "demo"))
    system.clock.ahead_ms = 2 * 3_600_000
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"pending": 1}


def test_a_message_without_a_ttl_is_given_up_after_four_weeks(system):
    system.devices(1)
    message_id = system.accept()
    system.plan(message_id)
    system.clock.ahead_ms = 28 * 86_400_000
    system.deliver(message_id)
    assert system.books(message_id) == {"expired||": 1}


def test_a_pruned_device_that_came_back_with_a_new_token_stays(system):
    system.devices(1)
    graves = {slot: Grave("another token", "fcm", "UNREGISTERED") for slot in (0, 1)}
    assert prune(system.storage, "demo", 0, graves, message_id="message:1", now_ms=system.clock()) == 0
    assert count(system.storage, "demo") == 1


@pytest.mark.parametrize("size", [1, 7, 50, 65_536])
def test_shards_of_any_size_close_the_same_books(new_system, size):
    system = new_system(Pace(shard_size=size, record_batch=13))
    system.devices(100)
    message_id = system.accept()
    system.plan(message_id)
    assert sum(s.last - s.first + 1 for s in map(Shard.parse, system.shards(message_id))) == 100
    system.deliver(message_id)
    assert system.books(message_id) == {"accepted|fcm|": 100}
