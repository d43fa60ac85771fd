from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.providers.address import Origin
from clarion.providers.webpush.subscription import EXPECTED, check, parse
from tests.unit.providers.webpush.sending import ENDPOINT, Browser, encoded, point

BROWSER = Browser()


def test_what_the_browser_stringifies_is_read():
    found = parse(BROWSER.subscription())
    assert found.endpoint == ENDPOINT
    assert found.origin == Origin("updates.push.services.mozilla.com", "https://updates.push.services.mozilla.com")
    assert (found.public_key, found.auth) == (point(BROWSER.key), BROWSER.auth)


def test_padded_keys_are_read_too():
    padded = BROWSER.subscription(p256dh=encoded(point(BROWSER.key)) + "=", auth=encoded(BROWSER.auth) + "==")
    assert parse(padded) == parse(BROWSER.subscription())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "token",
        "[]",
        "{}",
        "[" * 100_000,
        "\ud800",
        json.dumps({"endpoint": ENDPOINT}),
        json.dumps({"endpoint": ENDPOINT, "keys": {"p256dh": 1, "auth": 2}}),
        BROWSER.subscription(endpoint="http://updates.push.services.mozilla.com/x"),
        BROWSER.subscription(endpoint="https://user:word@updates.push.services.mozilla.com/x"),
        BROWSER.subscription(p256dh=encoded(bytes(65))),
        BROWSER.subscription(p256dh=encoded(b"\4" + bytes(63))),
        BROWSER.subscription(p256dh=encoded(b"\2" + bytes(32))),
        BROWSER.subscription(p256dh=""),
        BROWSER.subscription(p256dh="ü" * 87),
        BROWSER.subscription(p256dh="!" + encoded(point(BROWSER.key))[1:]),
        BROWSER.subscription(auth=encoded(bytes(15))),
        BROWSER.subscription(auth="A" * 21),
        BROWSER.subscription(auth=" " + encoded(BROWSER.auth)),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(token):
    with pytest.raises(ValueError) as caught:
        parse(token)
    assert str(caught.value) == EXPECTED


@given(st.text(), st.text(), st.text())
def test_no_content_is_more_than_a_value_error(endpoint, p256dh, auth):
    for token in (endpoint, json.dumps({"endpoint": endpoint, "keys": {"p256dh": p256dh, "auth": auth}})):
        with pytest.raises(ValueError):
            parse(token)


def test_the_push_service_must_be_a_known_one():
    check(BROWSER.subscription(), frozenset({"*.services.mozilla.com", "*.push.services.mozilla.com"}))
    with pytest.raises(ValueError, match=r"endpoint is at \*\.push\.apple\.com, fcm\.googleapis\.com"):
        check(BROWSER.subscription(), frozenset({"fcm.googleapis.com", "*.push.apple.com"}))
