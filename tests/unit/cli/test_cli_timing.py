"""Whatever is wrong with a publish is named by the option that said it."""

from __future__ import annotations

import pytest
from typer.main import get_command

from clarion.app import Limits
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message import DeliveryOptions, Misfire
from clarion.schedule.timetable import preview
from cli.app import app
from cli.timing import _WORDS, own_words, timing

NOW = 1_782_907_200_000


def options(*words):
    command = get_command(app)
    for word in words:
        command = command.commands[word]
    return {name for parameter in command.params for name in parameter.opts}


def said(**given):
    with pytest.raises(InvalidField) as caught, own_words():
        preview(DeliveryOptions(**given), Limits(), now_ms=NOW, limit=1)
    return type(caught.value), caught.value.message


def test_every_member_of_a_publish_has_its_option():
    assert set(_WORDS.values()) <= options("publish")


def test_a_preview_takes_what_says_when():
    when = {"--at", "--time-zone", "--every", "--cron", "--until", "--count", "--misfire", "--local-time"}
    assert options("schedule", "preview") == when | {"--limit", "--app", "--json"}


def test_a_time_without_an_offset_is_told_which_option_gives_it_a_zone():
    assert said(publish_at="2026-08-03T09:00") == (
        InvalidSchedule,
        "Invalid --at: expected epoch milliseconds, or ISO 8601 with an offset or a --time-zone.",
    )


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"local_time": True}, InvalidSchedule, "--at: expected a time, because of --local-time."),
        ({"repeat_count": 2}, InvalidRepeat, "--count: expected --every or --cron beside it."),
        (
            {"repeat_every": 60, "repeat_cron": "@daily"},
            InvalidRepeat,
            "--cron: expected only one of --every and --cron.",
        ),
        ({"repeat_every": 60, "repeat_expires_at": 1}, InvalidRepeat, "--until: expected a time after the first run."),
        (
            {"rate_per_s": 1, "spread_over": 1},
            InvalidField,
            "--spread-over: expected only one of --rate and --spread-over.",
        ),
    ],
)
def test_sentences_name_options_too(given, kind, words):
    assert said(**given) == (kind, f"Invalid {words}")


def test_an_argument_is_named_by_its_own_name_and_other_words_stay():
    with pytest.raises(InvalidSchedule) as caught, own_words(publishAt="TIME"):
        raise InvalidSchedule("publishAt", "a time; 0 is now")
    assert caught.value.message == "Invalid TIME: expected a time; 0 is now."
    with pytest.raises(InvalidField) as other, own_words():
        raise InvalidField("channel", "ttl")
    assert other.value.error_data == {"field": "channel", "expected": "ttl"}


def test_when_is_what_the_options_say():
    made = timing("+1h", "Europe/Berlin", "10m", None, "0", 3, Misfire.SKIP, local_time=False, now_ms=NOW)
    assert made == DeliveryOptions(
        publish_at=NOW + 3_600_000,
        time_zone="Europe/Berlin",
        repeat_every=600,
        repeat_expires_at=0,
        repeat_count=3,
        misfire=Misfire.SKIP,
    )
