"""When a message may be sent in a zone. 2026-03-02 is a Monday in winter: no clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clarion.calendar.hours import QuietHours
from clarion.delivery import retry
from clarion.delivery.moment import Moment, moment
from clarion.message import Message, Target

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NIGHT = QuietHours(22 * 60, 8 * 60)


def at(hour, minute=0, day=2):
    return int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def message(accepted_ms, **fields):
    return Message(id="m", app="a", body=1, target=Target(channel="default"), accepted_ms=accepted_ms, **fields)


@pytest.mark.parametrize(
    ("zone", "starts_ms"),
    [("UTC", at(9)), ("Asia/Kolkata", at(3, 30)), ("Asia/Kathmandu", at(3, 15)), ("America/New_York", at(14))],
)
def test_a_local_time_is_an_instant_of_each_zone(zone, starts_ms):
    asked = message(at(0, day=1), starts_ms=at(9), local=True)
    assert moment(asked, zone, None, starts_ms - 1) == Moment(starts_ms, starts_ms, None)
    assert moment(asked, zone, None, starts_ms).due_ms == starts_ms
    assert moment(asked, zone, None, starts_ms + MINUTE_MS).due_ms == starts_ms + MINUTE_MS


def test_whoever_has_had_the_time_when_it_is_published_gets_it_at_once_and_its_life_begins_then():
    asked = message(at(12), starts_ms=at(9), local=True, ttl_s=60)
    assert moment(asked, "Asia/Tokyo", None, at(12)) == Moment(at(12), at(12), None)
    assert moment(asked, "Asia/Tokyo", None, at(12, 1)).due_ms is None


def test_the_time_to_live_counts_from_each_zones_own_time():
    asked = message(at(0, day=1), starts_ms=at(9), local=True, ttl_s=3600)
    assert moment(asked, "UTC", None, at(9, 59)).due_ms == at(9, 59)
    assert moment(asked, "UTC", None, at(10)).due_ms is None
    assert moment(asked, "Asia/Kolkata", None, at(5)).due_ms is None
    assert retry.ends_ms(asked) == at(22)


def test_quiet_hours_defer_to_their_end_and_say_when_they_begin_again():
    asked = message(at(6))
    assert moment(asked, "UTC", NIGHT, at(6)) == Moment(at(6), at(8), at(22))
    assert moment(asked, "UTC", NIGHT, at(21, 59)) == Moment(at(6), at(21, 59), at(22))
    assert moment(asked, "UTC", NIGHT, at(22)).due_ms == at(8, day=3)
    assert moment(asked, "Asia/Tokyo", NIGHT, at(6)) == Moment(at(6), at(6), at(13))


def test_a_local_time_in_quiet_hours_is_put_off_to_their_end():
    asked = message(at(0, day=1), starts_ms=at(7), local=True)
    assert moment(asked, "Asia/Kolkata", NIGHT, at(0)) == Moment(at(1, 30), at(2, 30), at(16, 30))


def test_what_would_have_expired_when_quiet_hours_end_has_expired():
    asked = message(at(6), ttl_s=7200)
    assert moment(asked, "UTC", NIGHT, at(6)).due_ms is None
    assert moment(message(at(6), ttl_s=7201), "UTC", NIGHT, at(6)).due_ms == at(8)


def test_a_message_by_local_time_has_ended_when_it_has_in_the_last_zone():
    asked = message(at(0), starts_ms=at(9), local=True)
    assert retry.ends_ms(asked) == at(21) + retry.TTL_MAX_MS
    late = message(at(23), starts_ms=at(9), local=True, ttl_s=60)
    assert retry.ends_ms(late) == at(23) + MINUTE_MS
