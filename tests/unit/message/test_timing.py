from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.app import Limits
from clarion.calendar.hours import QuietHours
from clarion.calendar.repeat import Misfire, Repeat
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message import DeliveryOptions, PublishOptions
from clarion.message.form import camel
from clarion.message.message import decode, encode
from clarion.message.timing import check_start
from clarion.message.validation import build

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
#: 2026-07-01T12:00:00Z, a Wednesday.
NOW = 1_782_907_200_000
LIMITS = Limits(schedule_ahead_s=30 * 86_400, schedule_grace_s=60)
GRACE, AHEAD = 60_000, 30 * DAY
BERLIN = {"time_zone": "Europe/Berlin"}
LOCAL = {"local_time": True, "publish_at": NOW}


def built(now_ms=NOW, **delivery):
    options = DeliveryOptions(**delivery)
    return build("demo", LIMITS, "hello", None, PublishOptions(), options, now_ms=now_ms)


def refused(**delivery):
    """The class of the error, and the field that it names."""
    with pytest.raises(InvalidField) as caught:
        built(**delivery)
    assert caught.value.error_data["field"] == caught.value.field
    return type(caught.value), caught.value.field


@pytest.mark.parametrize("nothing", [{}, {"publish_at": 0, "repeat_every": 0, "repeat_expires_at": 0}])
def test_nothing_said_of_time_is_now_and_once(nothing):
    message = built(**nothing)
    assert (message.starts_ms, message.repeat, message.begins_ms) == (None, None, NOW)
    assert (message.local, message.frozen, message.quiet, message.rate_per_s, message.spread_s) == (
        False,
        False,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    "options",
    [
        {"publish_at": NOW + HOUR},
        {"publish_at": float(NOW + HOUR)},
        {"publish_at": datetime(2026, 7, 1, 13, tzinfo=UTC)},
        {"publish_at": datetime(2026, 7, 1, 15, tzinfo=ZoneInfo("Europe/Berlin"))},
        {"publish_at": "2026-07-01T13:00:00Z"},
        {"publish_at": "2026-07-01T09:00:00-04:00"},
        {"publish_at": "2026-07-01T15:00", **BERLIN},
        {"publish_at": datetime(2026, 7, 1, 15), **BERLIN},  # noqa: DTZ001  # a wall clock's time is meant
    ],
)
def test_a_time_is_an_instant_in_whatever_form_it_is_given(options):
    assert built(**options).starts_ms == built(**options).begins_ms == NOW + HOUR


@pytest.mark.parametrize("at", [NOW - GRACE, NOW, NOW + AHEAD])
def test_a_time_is_kept_as_given_a_little_past_and_as_far_ahead_as_allowed(at):
    assert built(publish_at=at).starts_ms == at


@pytest.mark.parametrize("at", [NOW - GRACE - 1, NOW + AHEAD + 1, 1, -1, True, float("nan"), 10**400, [], "", "soon"])
def test_a_time_that_has_passed_or_is_too_far_ahead_or_none_is_refused(at):
    assert refused(publish_at=at) == (InvalidSchedule, "publishAt")


@pytest.mark.parametrize("zone", [{}, LOCAL])
def test_a_time_without_an_offset_needs_to_know_whose_clock(zone):
    options = zone | {"publish_at": "2026-07-01T13:00:00"}
    if zone:
        assert built(**options).starts_ms == NOW + HOUR
    else:
        assert refused(**options) == (InvalidSchedule, "publishAt")


@pytest.mark.parametrize("zone", ["", "Mars/Phobos", "europe/berlin", "../etc/passwd", "CET\0", 5, [], "\ud800"])
def test_a_zone_that_there_is_not_is_refused(zone):
    assert refused(time_zone=zone) == (InvalidField, "timeZone")


@pytest.mark.parametrize(
    "at",
    [NOW, "2026-07-01T12:00:00", "2026-07-01T12:00:00+09:00", datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))],
)
def test_local_time_is_what_clocks_show_whatever_the_offset(at):
    message = built(local_time=True, publish_at=at)
    assert (message.local, message.starts_ms) == (True, NOW)


@pytest.mark.parametrize("at", [NOW - 12 * HOUR - GRACE, NOW + 14 * HOUR + AHEAD])
def test_local_time_is_good_while_it_is_ahead_somewhere(at):
    assert built(local_time=True, publish_at=at).starts_ms == at


@pytest.mark.parametrize("at", [NOW - 12 * HOUR - GRACE - 1, NOW + 14 * HOUR + AHEAD + 1, None, 0])
def test_local_time_that_has_passed_everywhere_or_is_none_is_refused(at):
    assert refused(local_time=True, publish_at=at) == (InvalidSchedule, "publishAt")


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_local_time_is_true_or_false(value):
    assert refused(local_time=value, publish_at=NOW) == (InvalidField, "localTime")


def test_local_time_has_no_zone_of_its_own():
    assert refused(**LOCAL, **BERLIN) == (InvalidField, "timeZone")


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


EVERY = {"repeat_every": 60}


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


@pytest.mark.parametrize(
    ("options", "field"),
    [
        *[
            ({"quiet_hours": value}, "quietHours")
            for value in ("", "22-8", "24:00-08:00", "NONE", 5, [], ["22:00", "08:00"])
        ],
        *[
            ({"rate_per_s": value}, "ratePerS")
            for value in (0, 0.009, 1_000_000.5, -1, True, "5", float("nan"), 10**400)
        ],
        *[({"spread_over": value}, "spreadOver") for value in (0, -1, 7 * 86_400 + 1, True, 60.0, "60")],
        ({"rate_per_s": 5, "spread_over": 60}, "spreadOver"),
        *[({"freeze_audience": value}, "freezeAudience") for value in (1, 0, "true", None)],
    ],
)
def test_what_is_wrong_with_the_pace_is_named(options, field):
    assert refused(**options) == (InvalidField, field)


def test_quiet_hours_are_minutes_of_the_day_or_none_at_all():
    assert built(quiet_hours="22:00-08:30").quiet == QuietHours(22 * 60, 8 * 60 + 30)
    assert built(quiet_hours="none").quiet == QuietHours(0, 0)


@pytest.mark.parametrize(("rate", "stored"), [(5, 5.0), (0.01, 0.01), (1_000_000, 1_000_000.0)])
def test_a_rate_is_a_number(rate, stored):
    assert built(rate_per_s=rate).rate_per_s == stored
    assert isinstance(built(rate_per_s=rate).rate_per_s, float)


def test_an_audience_is_spread_over_a_week_at_most():
    assert built(spread_over=1).spread_s == 1
    assert built(spread_over=7 * 86_400).spread_s == 7 * 86_400


EVERYTHING = {
    "publish_at": NOW + HOUR,
    "repeat_cron": "0 9 * * *",
    "repeat_expires_at": "2026-07-20T00:00",
    "repeat_count": 7,
    "misfire": Misfire.SKIP,
    "quiet_hours": "22:00-08:00",
    "freeze_audience": True,
    "rate_per_s": 5,
    **BERLIN,
}


def test_a_message_with_times_is_what_a_worker_reads():
    for options in (EVERYTHING, LOCAL | {"repeat_every": 60, "quiet_hours": "none", "spread_over": 60}):
        message = built(**options)
        assert decode(encode(message)) == message


@pytest.mark.parametrize("options", [{}, EVERY, EVERYTHING, LOCAL | EVERY, {"repeat_cron": "@hourly"}])
def test_the_same_publish_a_little_later_has_the_same_content(options):
    first, second = (built(now_ms=NOW + later, **options) for later in (0, 30_000))
    same = {"id": "", "accepted_ms": 0}
    assert msgspec.structs.replace(first, **same) == msgspec.structs.replace(second, **same)


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


TIMES = {
    camel(name): name
    for name in DeliveryOptions.__struct_fields__
    if name.startswith(("publish_at", "repeat_", "time_", "local_", "misfire", "quiet_", "freeze_", "rate_", "spread_"))
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers(NOW - DAY, NOW + 40 * DAY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
#: Now and then something that can be used.
LIKELY = st.sampled_from([60, "0 9 * * *", "22:00-08:00", "Europe/Berlin", True, "2026-07-02", "skip", NOW + HOUR])


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(TIMES.values())), LIKELY | ANYTHING))
def test_whatever_is_given_is_stored_or_refused_by_the_name_of_an_option(options):
    named, message = None, None
    try:
        message = built(**options)
    except InvalidField as error:
        named = error.field
    assert named in TIMES if message is None else decode(encode(message)) == message
