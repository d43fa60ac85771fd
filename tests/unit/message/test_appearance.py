from __future__ import annotations

import unicodedata

import pytest

from clarion.app import Limits
from clarion.errors import InvalidField
from clarion.message import Appearance, Button
from clarion.message.appearance import PLAIN
from clarion.message.form import BUTTONS_MAX, PROVIDERS, check_appearance, check_raw

LIMITS = Limits(headers=2, header_bytes=300)


@pytest.mark.parametrize(
    ("body", "length", "kept"),
    [
        ("hello", 3, "hel"),
        ("hello", 0, ""),
        ("hello", 9, "hello"),
        (unicodedata.normalize("NFD", "éé"), 3, "é"),
        (unicodedata.normalize("NFD", "é"), 1, ""),
        ("a👍🏽b", 2, "a"),
        ("a👍🏽b", 3, "a👍🏽"),
        ("a👩‍👩‍👧b", 3, "a"),
        ("a👩‍👩‍👧b", 5, "a"),
        ("a❤️b", 2, "a"),
        ("1️⃣", 2, ""),
        ("a🇩🇪🇫🇷b", 1, "a"),
        ("a🇩🇪🇫🇷b", 2, "a"),
        ("a🇩🇪🇫🇷b", 3, "a🇩🇪"),
        ("a🇩🇪🇫🇷b", 4, "a🇩🇪"),
        ("a🇩🇪🇫🇷b", 5, "a🇩🇪🇫🇷"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007fb", 6, ""),
        ("b각", 1, "b"),
        ("b\u1100\u1161\u11a8", 2, "b"),
        ("b\u1100\u1161\u11a8", 3, "b"),
        ("b\uac00\u11a8", 2, "b"),
        ("b\u1100\ud7b0\ud7cb", 3, "b"),
        ("कक्षा", 3, "क"),
        ("ক্ষ", 2, ""),
        ("क् क", 2, "क्"),
        ("a\r\nb", 2, "a"),
        ("a\r\nb", 3, "a\r\n"),
        ("a\u200cb", 1, ""),
        ("กำ", 1, ""),
    ],
)
def test_a_body_is_cut_between_what_is_drawn_as_one(body, length, kept):
    cut = Appearance(title="t", body=body).cut(length, "…")
    assert unicodedata.normalize("NFC", cut.body) == unicodedata.normalize("NFC", kept + "…")
    assert cut.title == "t"


def test_no_appearance_is_the_plain_one():
    assert check_appearance(None, LIMITS) is PLAIN
    assert check_appearance(Appearance(), LIMITS) is PLAIN


def test_an_appearance_is_kept_as_it_is_given():
    buttons = (Button("a", "A"), Button("b", "B", "https://example.org/"))
    given = Appearance(title="T\nü👩‍👩‍👧", body="B\n", badge=0, data={"a": "1"}, buttons=buttons, silent=True)
    assert check_appearance(given, LIMITS) == given


def test_data_becomes_strings_and_a_list_of_buttons_is_one():
    checked = check_appearance(Appearance(data={"n": 5, "o": {"a": None}}, buttons=[Button("a", "A")]), LIMITS)
    assert checked == Appearance(data={"n": "5", "o": '{"a":null}'}, buttons=(Button("a", "A"),))


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"title": 5}, "appearance.title"),
        ({"title": "x" * 1_025}, "appearance.title"),
        ({"subtitle": "\ud800"}, "appearance.subtitle"),
        ({"body": b"x"}, "appearance.body"),
        ({"body": "x" * 100_001}, "appearance.body"),
        ({"image": "a\nb"}, "appearance.image"),
        ({"image": "x" * 2_049}, "appearance.image"),
        ({"sound": []}, "appearance.sound"),
        ({"badge": True}, "appearance.badge"),
        ({"badge": 1.0}, "appearance.badge"),
        ({"badge": -1}, "appearance.badge"),
        ({"badge": 2**31}, "appearance.badge"),
        ({"click_action": 1}, "appearance.clickAction"),
        ({"time_sensitive": 1}, "appearance.timeSensitive"),
        ({"silent": "yes"}, "appearance.silent"),
        ({"truncate": 0}, "appearance.truncate"),
        ({"data": []}, "appearance.data"),
        ({"data": {5: "x"}}, "appearance.data"),
        ({"data": {"a": "1", "b": "2", "c": "3"}}, "appearance.data"),
        ({"data": {"a": "x" * 300}}, "appearance.data"),
        ({"data": {"a": object()}}, "appearance.data"),
        ({"buttons": "ab"}, "appearance.buttons"),
        ({"buttons": [{"id": "a"}]}, "appearance.buttons"),
        ({"buttons": [Button(str(number), "x") for number in range(BUTTONS_MAX + 1)]}, "appearance.buttons"),
        ({"buttons": [Button("a", "A"), Button("a", "B")]}, "appearance.buttons"),
        ({"buttons": [Button("a", "A"), Button([], "B")]}, "appearance.buttons[1].id"),
        ({"buttons": [Button("a", "")]}, "appearance.buttons[0].title"),
        ({"buttons": [Button("a", "A", "\n")]}, "appearance.buttons[0].url"),
    ],
)
def test_a_part_that_cannot_be_used_is_named(parts, field):
    with pytest.raises(InvalidField) as caught:
        check_appearance(Appearance(**parts), LIMITS)
    assert caught.value.field == field


@pytest.mark.parametrize("given", [{}, "x", 5])
def test_what_is_no_appearance_is_refused(given):
    with pytest.raises(InvalidField, match="appearance"):
        check_appearance(given, LIMITS)


def test_raw_members_are_kept_by_provider():
    raw = {provider: {"a": [1, None, {"b": "c"}]} for provider in PROVIDERS}
    assert check_raw(raw) == raw
    assert check_raw({}) == {}


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (None, "raw"),
        ([], "raw"),
        ({"gcm": {}}, "raw"),
        ({5: {}}, "raw"),
        ({"fcm": []}, "raw.fcm"),
        ({"fcm": {"a": object()}}, "raw.fcm"),
    ],
)
def test_raw_that_cannot_be_used_is_named(raw, field):
    with pytest.raises(InvalidField) as caught:
        check_raw(raw)
    assert caught.value.field == field
