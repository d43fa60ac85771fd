from __future__ import annotations

import pytest
import typer

from cli.moment import parse_duration, parse_moment

NOW = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("1", 1), ("90", 90), ("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("007d", 604_800)],
)
def test_a_duration_is_seconds_or_has_a_unit(text, seconds):
    assert parse_duration("--every", text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "00d", "s", "-1", "+1", "1.5", "1w", "1 h", "1h30m", "٣", "9999999999"]
)
def test_what_is_no_duration_is_refused_by_its_option(text):
    with pytest.raises(typer.BadParameter, match="--every") as caught:
        parse_duration("--every", text)
    assert "expected seconds, or 90s, 10m, 2h, 1d" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "ms"), [("+0", NOW), ("+90s", NOW + 90_000), ("+10m", NOW + 600_000), ("+1d", NOW + 86_400_000)]
)
def test_a_plus_is_from_now(text, ms):
    assert parse_moment("--at", text, now_ms=NOW, local=False) == ms


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(("text", "ms"), [("0", 0), ("1798790400000", 1_798_790_400_000)])
def test_digits_are_epoch_milliseconds(text, ms, local):
    assert parse_moment("--at", text, now_ms=NOW, local=local) == ms


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    "text", [None, "2026-08-03T09:00", "2026-08-03T09:00+02:00", "tomorrow", "", "-1", "٣", "9" * 5_000]
)
def test_other_times_are_left_to_those_who_read_them_from_everybody(text, local):
    assert parse_moment("--at", text, now_ms=NOW, local=local) == text


@pytest.mark.parametrize("text", ["+", "+x", "++1h", "+ 1h", "+1.5h"])
def test_a_plus_and_no_duration_is_refused_by_its_option(text):
    with pytest.raises(typer.BadParameter, match="--until") as caught:
        parse_moment("--until", text, now_ms=NOW, local=False)
    assert text in str(caught.value)


def test_each_devices_own_clock_shows_now_at_another_time():
    with pytest.raises(typer.BadParameter, match="--local-time"):
        parse_moment("--at", "+1h", now_ms=NOW, local=True)
