from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.app import Limits
from clarion.calendar.hours import QuietHours
from clarion.calendar.repeat import Misfire
from clarion.errors import InvalidField, InvalidSchedule
from clarion.message import DeliveryOptions
from clarion.message.form import camel
from clarion.message.message import decode, encode
from clarion.message.timing import check_timing
from tests.unit.message.timed import AHEAD, BERLIN, DAY, EVERY, GRACE, HOUR, LOCAL, NOW, built, refused


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


def test_an_app_may_refuse_every_time_that_has_passed():
    strict = Limits(schedule_grace_s=0)
    assert check_timing(DeliveryOptions(publish_at=NOW), strict, now_ms=NOW).starts_ms == NOW
    with pytest.raises(InvalidSchedule):
        check_timing(DeliveryOptions(publish_at=NOW - 1), strict, now_ms=NOW)


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
