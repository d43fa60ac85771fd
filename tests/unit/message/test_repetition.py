from __future__ import annotations

import pytest

from clarion.calendar.repeat import Misfire, Repeat
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message import DeliveryOptions
from clarion.message.timing import check_start
from tests.unit.message.timed import BERLIN, DAY, EVERY, HOUR, LIMITS, LOCAL, MINUTE, NOW, built, refused


def test_an_interval_is_stored_with_all_that_goes_with_it():
    message = built(
        publish_at=NOW + HOUR, repeat_every=60, repeat_expires_at=NOW + DAY, repeat_count=3, misfire="skip", **BERLIN
    )
    assert message.repeat == Repeat(every_ms=MINUTE, expires_ms=NOW + DAY, count=3, misfire=Misfire.SKIP)


def test_cron_is_stored_with_its_zone():
    assert built(repeat_cron="0 9 * * *", **BERLIN).repeat == Repeat(cron="0 9 * * *", zone="Europe/Berlin")
    assert built(repeat_cron="@daily").repeat == Repeat(cron="@daily", zone="UTC")
    assert built(repeat_cron="0 9 * * *", **LOCAL).repeat == Repeat(cron="0 9 * * *", zone="UTC")


def test_how_a_misfire_is_met_says_nothing_without_a_repetition():
    assert built(misfire=Misfire.SKIP).repeat is None


def test_the_end_of_a_repetition_is_read_by_the_same_clock():
    assert built(repeat_every=60, repeat_expires_at="2026-07-02T00:00", **BERLIN).repeat.expires_ms == NOW + 10 * HOUR
    assert built(repeat_every=60, repeat_expires_at="2026-07-02T00:00Z", **LOCAL).repeat.expires_ms == NOW + 12 * HOUR
    assert built(repeat_every=60, repeat_expires_at="2026-07-02T00:00", **LOCAL).repeat.expires_ms == NOW + 12 * HOUR


@pytest.mark.parametrize(
    ("options", "first_ms"),
    [
        ({"repeat_every": 60}, NOW),
        ({"repeat_every": 60, "publish_at": NOW + HOUR}, NOW + HOUR),
        ({"repeat_cron": "30 * * * *"}, NOW + 30 * MINUTE),
        ({"repeat_cron": "0 * * * *"}, NOW),
        ({"repeat_cron": "30 16 * * *", **BERLIN}, NOW + 150 * MINUTE),
        ({"repeat_cron": "0 9 * * *", "publish_at": NOW + DAY}, NOW + DAY + 21 * HOUR),
        ({"repeat_cron": "30 12 * * *", **LOCAL}, NOW + 30 * MINUTE),
    ],
)
def test_a_repetition_ends_after_its_first_run(options, first_ms):
    assert refused(**options, repeat_expires_at=first_ms) == (InvalidRepeat, "repeatExpiresAt")
    assert built(**options, repeat_expires_at=first_ms + 1).repeat.expires_ms == first_ms + 1


def test_crons_first_run_is_as_near_as_a_start_has_to_be():
    assert built(repeat_cron="0 12 31 7 *").repeat
    assert refused(repeat_cron="1 12 31 7 *") == (InvalidRepeat, "repeatCron")
    assert built(repeat_cron="1 12 31 7 *", **LOCAL).repeat
    assert built(repeat_cron="0 2 1 8 *", **LOCAL).repeat
    assert refused(repeat_cron="1 2 1 8 *", **LOCAL) == (InvalidRepeat, "repeatCron")


def test_an_interval_may_be_as_long_as_a_leap_year():
    assert built(repeat_every=366 * 86_400, repeat_count=1_000_000).repeat.every_ms == 366 * DAY


@pytest.mark.parametrize(
    ("options", "field"),
    [
        *[
            ({"repeat_every": value}, "repeatEvery")
            for value in (-1, 366 * 86_400 + 1, 1.5, 60.0, True, False, "60", [])
        ],
        *[({"repeat_cron": value}, "repeatCron") for value in ("", "* * * *", "0 0 31 2 *", "@never", 5, [], "\ud800")],
        ({"repeat_every": 60, "repeat_cron": "@daily"}, "repeatCron"),
        ({"repeat_expires_at": NOW + DAY}, "repeatExpiresAt"),
        ({"repeat_expires_at": NOW + DAY, "repeat_every": 0}, "repeatExpiresAt"),
        *[
            (EVERY | {"repeat_expires_at": value}, "repeatExpiresAt")
            for value in (1, True, "soon", {}, "2026-07-02T00:00")
        ],
        ({"repeat_count": 5}, "repeatCount"),
        *[(EVERY | {"repeat_count": value}, "repeatCount") for value in (0, -1, 1_000_001, True, 1.0, "5")],
        *[({"misfire": value}, "misfire") for value in ("never", "SKIP", None, 1, [])],
    ],
)
def test_what_is_wrong_with_a_repetition_is_named(options, field):
    assert refused(**options) == (InvalidRepeat, field)


def test_another_start_is_checked_as_the_first_one_was():
    repeat = built(**EVERY, repeat_expires_at=NOW + DAY).repeat
    assert check_start(DeliveryOptions(publish_at=NOW + HOUR), repeat, LIMITS, now_ms=NOW) == NOW + HOUR
    assert check_start(DeliveryOptions(), repeat, LIMITS, now_ms=NOW) is None
    for options, now_ms, error in (
        (DeliveryOptions(publish_at=NOW + DAY), NOW, InvalidRepeat),
        (DeliveryOptions(), NOW + DAY, InvalidRepeat),
        (DeliveryOptions(publish_at=NOW - DAY), NOW, InvalidSchedule),
        (DeliveryOptions(local_time=True), NOW, InvalidSchedule),
        (DeliveryOptions(time_zone="Mars/Phobos"), NOW, InvalidField),
    ):
        with pytest.raises(error):
            check_start(options, repeat, LIMITS, now_ms=now_ms)
