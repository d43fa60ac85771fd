from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clarion.app import APNsCredential, App, FCMCredential, FCMStyle, HMSCredential, WebPushCredential, WNSCredential
from clarion.errors import InvalidField
from clarion.message import Appearance, DeliveryOptions, PublishOptions, PublishPolicy, PushBroadcast
from clarion.message.validation import build
from clarion.providers.base import ContentRefused
from clarion.providers.check import Served, _composer, check_content, served_by
from clarion.providers.content import ContentTooLong

ROOT = Path(__file__).parents[3]
KEY = Path("key")
APP = App(
    "demo",
    "Demo",
    fcm=FCMCredential(service_account=KEY, style=FCMStyle.NOTIFICATION, os=frozenset({"ANDROID", "IOS"})),
    apns=APNsCredential(key_file=KEY, key_id="k", team_id="t", topic="b"),
    webpush=WebPushCredential(private_key=KEY, subject="mailto:a@example.org"),
    wns=WNSCredential(client_id="c", client_secret=KEY),
    hms=HMSCredential(client_id="c", client_secret=KEY),
)
EVERYBODY = served_by(APP)
#: Operating system -> provider, its name for people, and a size that it does not carry.
LIMITS = {
    "ANDROID": ("fcm", "FCM", 4_096),
    "IOS": ("apns", "APNs", 4_096),
    "OSX": ("apns", "APNs", 4_096),
    "WEB": ("webpush", "Web Push", 3_993),
    "WP": ("wns", "WNS", 5_000),
    "HMS": ("hms", "HMS", 4_096),
}


def message(body="Hello", publish=None, **delivery):
    return build("demo", APP.limits, body, None, publish or PublishOptions(), DeliveryOptions(**delivery), now_ms=0)


def test_credentials_say_who_serves_whom():
    assert {
        "ANDROID": Served("fcm", "notification"),
        "IOS": Served("apns"),
        "OSX": Served("apns"),
        "WEB": Served("webpush"),
        "WP": Served("wns"),
        "HMS": Served("hms"),
    } == EVERYBODY
    assert served_by(App("demo", "Demo")) == {}


@pytest.mark.parametrize("body", ["Hello", {"a": [1, None]}])
def test_what_everybody_can_carry_passes(body):
    looks = Appearance(title="T", image="https://example.org/a.png", badge=3, silent=False)
    check_content(message(body, PublishOptions(appearance=looks)), EVERYBODY, now_ms=0)


@pytest.mark.parametrize(("os", "limit"), LIMITS.items())
def test_what_is_too_long_for_one_is_refused_with_size_limit_and_name(os, limit):
    provider, name, limit_bytes = limit
    with pytest.raises(InvalidField) as caught:
        check_content(message("x" * 5_200, push_broadcast=PushBroadcast[os]), EVERYBODY, now_ms=0)
    data = caught.value.error_data
    assert (data["field"], data["os"], data["provider"], data["limit"]) == ("message", os, provider, limit_bytes)
    assert data["size"] > 5_200
    said = f"content that {os} devices can be sent: {name} carries at most {limit_bytes} bytes; the message has"
    assert caught.value.message == f"Invalid message: expected {said} {data['size']}."


@pytest.mark.parametrize("os", LIMITS)
def test_what_may_be_cut_passes(os):
    publish = PublishOptions(appearance=Appearance(title="T", truncate=True))
    check_content(message("ü" * 5_200, publish, push_broadcast=PushBroadcast[os]), EVERYBODY, now_ms=0)


def test_only_whom_the_message_addresses_and_somebody_serves_is_asked():
    long = "x" * 5_200
    check_content(message(long, push_broadcast=PushBroadcast.WP), {"ANDROID": Served("fcm")}, now_ms=0)
    check_content(message(long, publish_policy=PublishPolicy.PUBSUB), EVERYBODY, now_ms=0)
    check_content(message(long), {}, now_ms=0)
    check_content(message(long), {"ANDROID": Served("of-a-later-release"), "IOS": Served("fcm", "new")}, now_ms=0)


def test_what_cannot_be_said_in_a_providers_words_is_refused_without_quoting_it():
    publish = PublishOptions(headers={"google.x": "secret"})
    with pytest.raises(InvalidField, match=r"ANDROID devices can be sent: .* google\.x is a reserved name\.") as caught:
        check_content(message("private", publish), EVERYBODY, now_ms=0)
    assert caught.value.error_data.keys() == {"field", "expected", "os", "provider"}
    assert "secret" not in str(caught.value)
    assert "private" not in str(caught.value)


def test_what_this_process_has_no_library_for_is_left_to_the_worker(monkeypatch):
    monkeypatch.setitem(sys.modules, "clarion.providers.wns.composition", None)
    _composer.cache_clear()
    check_content(message("x" * 5_200, push_broadcast=PushBroadcast.WP), EVERYBODY, now_ms=0)
    _composer.cache_clear()


def test_a_style_decides_how_much_fits():
    body = "x" * 2_500
    check_content(message(body, push_broadcast=2), {"ANDROID": Served("fcm", "data")}, now_ms=0)
    with pytest.raises(InvalidField):
        check_content(message(body, push_broadcast=2), {"ANDROID": Served("fcm", "notification")}, now_ms=0)


def test_too_long_is_one_way_to_be_refused():
    assert issubclass(ContentTooLong, ContentRefused)


@pytest.mark.parametrize("provider", ["fcm", "webpush", "wns"])
def test_checking_needs_no_library_of_a_worker(provider):
    program = (
        "from clarion.providers.check import *; from clarion.providers.check import _composer; import sys;"
        f"assert _composer(Served({provider!r})); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert imported.isdisjoint({"firebase_admin", "google", "cryptography", "jwt", "http_ece", "pycurl", "structlog"})
