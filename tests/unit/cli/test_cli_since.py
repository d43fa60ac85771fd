from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from cli.moment import parse_since

NOW = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0s", NOW),
        ("90s", NOW - 90_000),
        ("30m", NOW - 1_800_000),
        ("2h", NOW - 7_200_000),
        ("3d", NOW - 259_200_000),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T02:00:00+02:00", NOW),
    ],
)
def test_a_time_is_so_long_ago_or_an_instant(text, ms):
    assert parse_since(text, now_ms=NOW) == ms
    assert parse_since(None, now_ms=NOW) is None


def test_a_time_without_an_offset_is_local_as_those_that_are_listed():
    shown = datetime.fromtimestamp(NOW / 1000, UTC).astimezone()
    assert parse_since(f"{shown:%Y-%m-%d %H:%M:%S}", now_ms=0) == NOW


@pytest.mark.parametrize("text", ["", "yesterday", "2", "2w", "-2h", "2 h", "99999999d", "9999-99-99", "²h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(typer.BadParameter):
        parse_since(text, now_ms=NOW)
