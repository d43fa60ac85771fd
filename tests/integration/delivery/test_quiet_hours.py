"""Quiet hours: nobody is disturbed, nobody is dropped, unless the message would be too old afterwards."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clarion.calendar.hours import QuietHours
from clarion.clock import wall_clock_ms
from clarion.delivery import ledger
from clarion.delivery.moment import clocks
from clarion.delivery.outfit import Pace
from clarion.delivery.run import Run
from clarion.delivery.send import send
from clarion.delivery.shard import Shard
from clarion.message import DeliveryOptions
from clarion.registry import read

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
#: Nine hours apart from UTC, all year.
JAPAN = "Asia/Tokyo"


def around_now():
    """From an hour ago to an hour from now, by the clocks of UTC."""
    minute = wall_clock_ms() // MINUTE_MS
    return QuietHours((minute - 60) % 1440, (minute + 60) % 1440)


def written(hours):
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.begin, hours.end))


@pytest.fixture
def system(new_system):
    return new_system(quiet_hours=around_now())


def planned(system, **options):
    message_id = system.accept(delivery=DeliveryOptions(**options))
    system.plan(message_id)
    return message_id


def test_those_in_their_quiet_hours_get_it_afterwards_and_the_others_at_once(system):
    system.devices(10)
    system.devices(20, zone=JAPAN)
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"accepted|fcm|": 20, "pending": 10}
    (due_ms,) = system.dues(message_id)[1].values()
    assert due_ms % MINUTE_MS <= 2
    assert 59 * MINUTE_MS < due_ms - wall_clock_ms() <= HOUR_MS
    system.rewrite(message_id, quiet=QuietHours(0, 0))
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 30}


def test_a_message_can_have_hours_of_its_own_or_none(system):
    system.devices(5)
    assert system.books(system.publish(delivery=DeliveryOptions(quiet_hours="none"))) == {"accepted|fcm|": 5}
    system.devices(5, zone=JAPAN)
    now = around_now()
    japans = QuietHours((now.begin + 540) % 1440, (now.end + 540) % 1440)
    message_id = system.publish(delivery=DeliveryOptions(quiet_hours=written(japans)))
    assert system.books(message_id) == {"accepted|fcm|": 5, "pending": 5}


def test_what_would_be_too_old_afterwards_expires_at_once(system):
    system.devices(5)
    system.devices(5, zone=JAPAN)
    message_id = planned(system, ttl=60)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"expired||": 5, "accepted|fcm|": 5}


def test_a_retry_waits_for_the_end_of_quiet_hours_too(new_system):
    system = new_system()
    system.devices(2, token="sim:UNAVAILABLE;times=1:{}")
    message_id = planned(system)
    assert system.deliver(message_id) == ["reopened"]
    system.rewrite(message_id, quiet=around_now())
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.simulation.counts()["requests"] == 2
    (due_ms,) = system.dues(message_id)[1].values()
    assert due_ms - wall_clock_ms() > 59 * MINUTE_MS


def test_nothing_more_is_begun_when_quiet_hours_begin(new_system):
    system = new_system(Pace(shard_size=300), fcm=new_system().fcm(rate_per_s=100, ramp_up_s=0))
    system.devices(300)
    message_id = planned(system)
    shard = Shard.parse(system.shards(message_id)[0])
    lease = ledger.claim(system.storage, message_id, shard, owner="me", lease_ms=15_000)
    evening_ms = int(datetime(2026, 3, 2, 22, tzinfo=UTC).timestamp() * 1000)
    message = system.rewrite(message_id, quiet=QuietHours(22 * 60, 8 * 60))
    lease = lease._replace(now_ms=evening_ms - 400)
    run = Run(system.outfit, message, 300, urgent=False, lease=lease, state=lease.state, open=set(lease.pending))
    run.devices = dict(zip(lease.pending, read(system.storage, "demo", 0, lease.pending), strict=True))
    send(run, system.outfit.providers["demo"]["ANDROID"], clocks(run).parts({"ANDROID": run.devices}, waits=False))
    assert run.now_ms() >= evening_ms
    assert run.stopped
    assert run.waits["fcm"].due_ms == 0
    assert 0 < 300 - len(run.open) < 290
    assert clocks(run).parts({"ANDROID": run.devices}, waits=False) == []
