"""What callers may write for an instant."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.calendar.instant import EXPECTED, parse_instant
from clarion.calendar.zone import instant_ms

NOON_MS = 1_782_907_200_000  # 2026-07-01T12:00Z
HOUR_MS = 3_600_000
LAST_MS = 253_402_300_799_999
BERLIN = "Europe/Berlin"


def instant(value, zone=None, *, local=False):
    return parse_instant(value, zone=zone, local=local)


@pytest.mark.parametrize("value", [None, 0, 0.0, -0.0])
@pytest.mark.parametrize("local", [False, True])
def test_nothing_and_zero_are_no_instant(value, local):
    assert instant(value, local=local) is None


@pytest.mark.parametrize(
    "value",
    [
        NOON_MS,
        float(NOON_MS),
        NOON_MS + 0.25,
        "2026-07-01T12:00Z",
        "2026-07-01T12:00z",
        "2026-07-01t12:00:00.000Z",
        "2026-07-01 12:00:00+00:00",
        "2026-07-01T14:00:00+02:00",
        "2026-07-01T14:00:00+0200",
        "2026-07-01T14+02",
        "20260701T120000Z",
        "2026-07-01T12:00:00.000000999Z",
        "2026-07-01T17:45+05:45",
        datetime(2026, 7, 1, 12, tzinfo=UTC),
        datetime(2026, 7, 1, 14, tzinfo=ZoneInfo(BERLIN)),
        datetime(2026, 7, 1, 2, tzinfo=timezone(timedelta(hours=-10))),
    ],
)
def test_every_form_of_an_instant_is_understood_whatever_the_zone(value):
    assert instant(value) == NOON_MS
    assert instant(value, "America/New_York") == NOON_MS


@pytest.mark.parametrize(
    "value",
    ["2026-07-01T14:00", "2026-07-01 14:00:00", "20260701T1400", datetime(2026, 7, 1, 14)],  # noqa: DTZ001
)
def test_a_time_without_offset_is_of_the_given_zone(value):
    assert instant(value, BERLIN) == NOON_MS
    assert instant(value, "UTC") == NOON_MS + 2 * HOUR_MS


@pytest.mark.parametrize("value", ["2026-07-01T14:00", "2026-07-01", datetime(2026, 7, 1)])  # noqa: DTZ001
def test_a_time_without_offset_is_refused_without_a_zone(value):
    with pytest.raises(ValueError, match="an offset or a timeZone"):
        instant(value)


def test_a_date_alone_is_its_midnight():
    assert instant("2026-07-01", BERLIN) == NOON_MS - 14 * HOUR_MS
    assert instant("2026-07-01", local=True) == NOON_MS - 12 * HOUR_MS


def test_a_time_in_the_gap_is_the_first_instant_after_it_and_one_shown_twice_the_first():
    assert instant("2026-03-29T02:30", BERLIN) == instant("2026-03-29T03:00+02:00")
    assert instant("2026-10-25T02:30", BERLIN) == instant("2026-10-25T02:30+02:00")


def test_an_aware_datetime_in_the_fold_keeps_its_own_offset():
    second = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN), fold=1)
    assert instant(second) == instant("2026-10-25T02:30+01:00")


@pytest.mark.parametrize(
    "value",
    [
        NOON_MS,
        "2026-07-01T12:00",
        "2026-07-01T12:00Z",
        "2026-07-01T12:00+14:00",
        datetime(2026, 7, 1, 12),  # noqa: DTZ001
        datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(BERLIN)),
    ],
)
def test_local_time_is_what_the_value_shows_whatever_its_offset(value):
    assert instant(value, local=True) == NOON_MS
    assert instant(value, BERLIN, local=True) == NOON_MS


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        -1,
        -0.5e12,
        math.nan,
        math.inf,
        -math.inf,
        1e300,
        pytest.param(10**400, id="a googol and more"),
        LAST_MS + 1,
        "",
        "0",
        "now",
        "2026",
        "20260701",
        str(NOON_MS),
        "2000010100000",
        "2026-W27-3",
        "2026-13-01T00:00Z",
        "2026-02-30T00:00Z",
        "2026-07-01T25:00Z",
        "2026-07-01T12:00 CEST",
        "2026-07-01T",
        "2026-07-01x12:00Z",
        "2026-07-01T12:00Z\n",
        "٢٠٢٦-07-01T12:00Z",
        "1969-12-31T23:59Z",
        "0001-01-01T00:00+14:00",
        pytest.param("2026-07-01T12:00:00." + "0" * 10_000 + "Z", id="ten thousand digits"),
        "ß" * 20,
        b"2026-07-01T12:00Z",
        date(2026, 7, 1),
        [],
        {},
        1j,
    ],
)
@pytest.mark.parametrize("local", [False, True])
def test_anything_else_is_refused_with_what_was_expected(value, local):
    with pytest.raises(ValueError, match=EXPECTED):
        instant(value, "UTC", local=local)


def test_the_last_instant_is_that_of_the_year_9999():
    assert instant(LAST_MS) == LAST_MS
    assert instant("9999-12-31T23:59:59.999Z") == LAST_MS
    with pytest.raises(ValueError, match="1970 to 9999"):
        instant("9999-12-31T23:59:59-01:00")
    with pytest.raises(ValueError, match="1970 to 9999"):
        instant("1970-01-01T00:00", "Asia/Kathmandu")


@given(st.one_of(st.text(), st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,8}"), st.floats(), st.integers()))
def test_whatever_is_written_it_is_an_instant_or_a_value_error(value):
    try:
        found = instant(value, BERLIN)
    except ValueError:
        return
    assert found is None or 0 <= found <= LAST_MS


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)))  # noqa: DTZ001
def test_a_datetime_and_its_text_are_the_same_instant(moment):
    wall = instant(moment, local=True)
    assert instant(moment.isoformat(), local=True) == wall
    assert instant(moment, BERLIN) == instant(moment.isoformat(), BERLIN) == instant_ms(wall, BERLIN)
    assert instant(moment.replace(tzinfo=UTC)) == wall
