from __future__ import annotations

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from clarion.app import App, WebPushCredential, WNSCredential
from clarion.errors import InvalidField
from clarion.providers.token import check_token

KEYS = {
    "p256dh": urlsafe_b64encode(b"\4" + bytes(64)).decode().rstrip("="),
    "auth": urlsafe_b64encode(bytes(16)).decode().rstrip("="),
}
WEBPUSH = WebPushCredential(private_key=Path("key.pem"), subject="mailto:a@b.c")
WNS = WNSCredential(client_id="id", client_secret=Path("secret"))


def app(**credentials):
    return App(id="demo", name="Demo", **credentials)


def subscription(endpoint="https://fcm.googleapis.com/fcm/send/a:b"):
    return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": KEYS})


def test_a_browsers_subscription_is_taken_where_its_push_service_is_allowed():
    check_token(app(webpush=WEBPUSH), "WEB", subscription())


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("a-token", "a PushSubscription as JSON text"),
        (subscription("http://fcm.googleapis.com/x"), "an https endpoint"),
        (subscription("https://evil.example/x"), "endpoint is at .*fcm.googleapis.com"),
        (subscription("https://fcm.googleapis.com:22/x"), "endpoint is at .*fcm.googleapis.com"),
    ],
)
def test_what_is_no_subscription_is_refused_with_what_was_expected(token, words):
    with pytest.raises(InvalidField, match=f"Invalid deviceToken: expected .*{words}") as caught:
        check_token(app(webpush=WEBPUSH), "WEB", token)
    assert "evil" not in str(caught.value)


def test_a_channel_uri_is_taken_where_its_host_is_allowed():
    check_token(app(wns=WNS), "WP", "https://db5p.notify.windows.com/?token=AwYAAA%3d")


@pytest.mark.parametrize(
    "token",
    [
        "a-token",
        "http://db5p.notify.windows.com/?token=a",
        "https://evil.example/?token=a",
        "https://db5p.notify.windows.com:22/?token=a",
    ],
)
def test_what_is_no_channel_uri_is_refused(token):
    with pytest.raises(InvalidField, match=r"Invalid deviceToken: expected a channel URI: .*notify\.windows\.com"):
        check_token(app(wns=WNS), "WP", token)


def test_only_the_tokens_of_a_known_credential_are_looked_at():
    check_token(app(), "WEB", "a-token")
    check_token(app(webpush=WEBPUSH, wns=WNS), "ANDROID", "a-token")
    other = WebPushCredential(private_key=Path("key.pem"), subject="mailto:a@b.c", os=frozenset({"OSX"}))
    check_token(app(webpush=other), "WEB", "a-token")
    with pytest.raises(InvalidField):
        check_token(app(webpush=other), "OSX", "a-token")


def test_a_web_app_checks_tokens_without_the_libraries_that_send():
    # An app that only enqueues installs neither cryptography nor http_ece.
    code = """
import sys
sys.modules |= dict.fromkeys(["cryptography", "http_ece", "jwt", "pycurl"])
from tests.unit.providers.test_token import WEBPUSH, app, check_token, subscription
check_token(app(webpush=WEBPUSH), "WEB", subscription())
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3], timeout=60)
