from __future__ import annotations

import pytest

from clarion.providers.answer import FRONT_END, json_object, word
from clarion.providers.fcm.outcome import BY_STATUS as FCM
from clarion.providers.hms.outcome import BY_STATUS as HMS
from clarion.providers.webpush.outcome import BY_STATUS as WEBPUSH
from clarion.providers.wns.outcome import BY_STATUS as WNS


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5", b"\xff", b"[" * 100_000, '"ü"'])
def test_what_is_no_json_object_is_an_empty_one(body):
    assert json_object(body) == {}


def test_a_json_object_is_read():
    assert json_object(b'{"a":[1]}') == json_object('{"a":[1]}') == {"a": [1]}


@pytest.mark.parametrize("value", ["Unregistered", "errno_103", "a.b-C", "x" * 64])
def test_a_word_is_kept(value):
    assert word(value) == value


@pytest.mark.parametrize("value", ["", "two words", "line\n", "x" * 65, "wörd", None, 5, ["a"], {"a": "b"}])
def test_nothing_but_a_word_gets_into_the_books(value):
    assert word(value) is None


@pytest.mark.parametrize("table", [FCM, HMS, WEBPUSH, WNS])
def test_every_provider_knows_what_a_front_end_answers(table):
    assert FRONT_END.keys() <= table.keys()
    assert all(table[status][1] for status in FRONT_END)
