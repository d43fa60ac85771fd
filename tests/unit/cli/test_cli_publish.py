from __future__ import annotations

import io

import pytest
import typer

from clarion.message import BROADCAST_ALL, PushBroadcast
from cli.publish import parse_headers, parse_systems, read_body


def test_the_message_is_text_as_it_stands():
    assert read_body('{"a": 1}', as_json=False) == '{"a": 1}'


def test_the_message_may_be_json():
    assert read_body('{"a": [1, null]}', as_json=True) == {"a": [1, None]}


def test_what_should_be_json_and_is_not_is_refused():
    with pytest.raises(typer.BadParameter, match="expected JSON"):
        read_body("{a}", as_json=True)


def test_a_dash_reads_stdin_without_its_last_line_feed(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    assert read_body("-", as_json=False) == "two\nlines"


def test_a_header_is_split_at_its_first_equals_sign():
    assert parse_headers(["ios-badge=3", "formula=a=b", "empty="]) == {"ios-badge": "3", "formula": "a=b", "empty": ""}


def test_a_header_without_a_value_is_refused(clarion):
    ended = clarion("publish", "hello", "--header", "ios-badge")
    assert ended.code == 2
    assert "--header ios-badge: expected NAME=VALUE" in ended.err


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        (None, None),
        ("IOS", PushBroadcast.IOS),
        ("android, ios", PushBroadcast.IOS | PushBroadcast.ANDROID),
        ("all", BROADCAST_ALL),
    ],
)
def test_operating_systems_become_a_mask(text, mask):
    assert parse_systems(text) == mask


def test_an_operating_system_that_does_not_exist_is_refused(clarion):
    ended = clarion("publish", "hello", "--os", "IOS,SYMBIAN")
    assert ended.code == 2
    assert "expected IOS, ANDROID, WP, OSX, WEB, HMS, ALL" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "+soon"), "--at +soon: expected a date and time, or +90s, +10m, +2h, +1d"),
        (("--at", "+1h", "--local-time"), "--at +1h: expected a date and time, because of --local-time"),
        (("--every", "hourly"), "--every hourly: expected seconds, or 90s, 10m, 2h, 1d"),
        (("--every", "0"), "--every 0: expected seconds, or 90s, 10m, 2h, 1d; 1 second at least"),
        (("--until", "+"), "--until +: expected a date and time"),
        (("--spread-over", "1.5h"), "--spread-over 1.5h: expected seconds"),
        (("--misfire", "never"), "'coalesce', 'skip'"),
        (("--count", "many"), "--count"),
        (("--rate", "fast"), "--rate"),
    ],
)
def test_an_option_about_time_that_cannot_be_read_is_named(clarion, words, said):
    ended = clarion("publish", "hello", *words)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
