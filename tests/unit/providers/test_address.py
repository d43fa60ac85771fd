from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.providers.address import Origin, allowed, origin


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://fcm.googleapis.com/fcm/send/a:b", Origin("fcm.googleapis.com", "https://fcm.googleapis.com")),
        (
            "https://db5.notify.windows.com/?token=a%2b",
            Origin("db5.notify.windows.com", "https://db5.notify.windows.com"),
        ),
        ("https://Push.Example:443/x", Origin("push.example", "https://push.example")),
        ("https://127.0.0.1:8443/x", Origin("127.0.0.1", "https://127.0.0.1:8443", 8443)),
        ("https://[::1]:8443/x", Origin("[::1]", "https://[::1]:8443", 8443)),
    ],
)
def test_the_origin_of_a_url_is_lower_case_and_without_the_usual_port(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example/x",
        "https://push.example",
        "https:///x",
        "https://user@push.example/x",
        "https://evil.example\\@push.example/x",
        "https://evil.example#@push.example/x",
        "https://push.example/a b",
        "https://push.example/x\n",
        " https://push.example/x",
        "https://push.example:0/x",
        "https://push.example:65536/x",
        "https://push.example:/x",
        "https://püsh.example/x",
        "https://push.example/ü",
        "",
    ],
)
def test_a_url_whose_host_could_be_doubted_has_no_origin(url):
    assert origin(url) is None


@given(st.text())
def test_no_text_breaks_the_origin(text):
    origin(text)
    origin("https://" + text)


HOSTS = frozenset({"fcm.googleapis.com", "*.push.apple.com"})


@pytest.mark.parametrize(
    "host", ["fcm.googleapis.com", "FCM.googleapis.com", "web.push.apple.com", "a.b.push.apple.com"]
)
def test_a_host_is_allowed_by_its_name_or_its_domain(host):
    assert allowed(Origin(host, ""), HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        "push.apple.com",
        "xpush.apple.com",
        "web.push.apple.com.evil.example",
        "a.fcm.googleapis.com",
        "fcm.googleapis.com.",
        "localhost",
        "",
        "*.push.apple.com.",
    ],
)
def test_any_other_host_is_not(host):
    assert not allowed(Origin(host, ""), HOSTS)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://fcm.googleapis.com:443/x", "fcm.googleapis.com"),
        ("https://fcm.googleapis.com:8443/x", "fcm.googleapis.com:8443"),
        ("https://web.push.apple.com:2197/x", "*.push.apple.com:2197"),
        ("https://127.0.0.1:8443/x", "127.0.0.1:8443"),
        ("https://127.0.0.1:8443/x", "127.0.0.1"),
        ("https://localhost:8443/x", "localhost"),
        ("https://[::1]:8443/x", "[::1]"),
        ("https://[::1]:8443/x", "[::1]:8443"),
    ],
)
def test_a_port_is_allowed_that_is_usual_or_listed_and_any_of_a_host_without_a_name(url, hosts):
    assert allowed(origin(url), frozenset({hosts}))


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://fcm.googleapis.com:22/x", "fcm.googleapis.com"),
        ("https://web.push.apple.com:8443/x", "*.push.apple.com"),
        ("https://fcm.googleapis.com/x", "fcm.googleapis.com:8443"),
        ("https://127.0.0.1:22/x", "127.0.0.1:8443"),
        ("https://127.0.0.1.evil.example:22/x", "*.evil.example"),
        ("https://localhost.example:22/x", "localhost.example"),
    ],
)
def test_no_other_port_is(url, hosts):
    assert not allowed(origin(url), frozenset({hosts}))
