from __future__ import annotations

import pytest

from api.body import DEPTH_MAX, decode
from clarion.errors import NotJSON


def test_an_object_is_decoded():
    assert decode('{"message": "grüße", "n": [1, 2.5, null, true]}'.encode()) == {
        "message": "grüße",
        "n": [1, 2.5, None, True],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"1",
        b"null",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 1} {}',
        b'{"a": 1,}',
        b'{"a": ' + b"1" * 5_000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": [{"b": 1, "b": 1}]}',
    ],
)
def test_what_is_not_one_json_object_is_refused(body):
    with pytest.raises(NotJSON):
        decode(body)


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 400 + b"]" * 400])
def test_deep_nesting_is_refused(deep):
    with pytest.raises(NotJSON):
        decode(b'{"message": ' + deep + b"}")


def test_nesting_up_to_the_limit_is_decoded():
    inner = DEPTH_MAX - 1
    decode(b'{"message": ' + b"[" * inner + b"]" * inner + b"}")
    with pytest.raises(NotJSON, match=str(DEPTH_MAX)):
        decode(b'{"message": ' + b"[" * (inner + 1) + b"]" * (inner + 1) + b"}")


def test_the_words_of_the_refusal_do_not_quote_the_body():
    with pytest.raises(NotJSON) as caught:
        decode(b'{"secret": "hunter2", }')
    assert "hunter2" not in caught.value.message
    assert caught.value.__cause__ is None
