from __future__ import annotations

import json

import pytest

from clarion.app import FCMStyle
from clarion.message import Message, Target
from clarion.providers.base import ContentRefused
from clarion.providers.fcm.composition import compose, splice


def message(body="Hello", headers=None, **fields):
    return Message(
        id="message:1",
        app="demo",
        body=body,
        target=Target(channel="default"),
        accepted_ms=0,
        headers=headers or {},
        **fields,
    )


def sent(given, os="ANDROID", style=FCMStyle.DATA, token="t0ken", now_ms=0):
    document = json.loads(splice(compose(given, os, style, now_ms=now_ms), token))["message"]
    assert document["token"] == token
    return document


def test_device_sdks_find_message_headers_and_id_in_the_data():
    data = sent(message(headers={"android-content-title": "T", "custom": "1"}))["data"]
    assert data == {"message": "Hello", "messageId": "message:1", "android-content-title": "T", "custom": "1"}


def test_a_structured_message_travels_as_json():
    assert json.loads(sent(message({"a": [1, None]}))["data"]["message"]) == {"a": [1, None]}


@pytest.mark.parametrize("token", ['a"b', "a\\b", "ünï", "x" * 4096])
def test_any_token_is_spliced_as_a_json_string(token):
    assert sent(message(), token=token)["token"] == token


def test_data_style_leaves_the_drawing_to_the_app():
    assert "notification" not in sent(message(headers={"android-content-title": "T"}))["android"]


def test_notification_style_lets_the_system_draw_it():
    headers = {
        "android-content-title": "T",
        "android-content-text": "B",
        "android-ticker-text": "K",
        "android-content-sound": "ding",
    }
    shown = sent(message(headers=headers), style=FCMStyle.NOTIFICATION)["android"]["notification"]
    assert (shown["title"], shown["body"], shown["ticker"], shown["sound"]) == ("T", "B", "K", "ding")


def test_a_repetition_replaces_the_first_copy_on_the_device():
    shown = sent(message(), style=FCMStyle.NOTIFICATION)["android"]["notification"]
    assert shown["tag"] == "message:1"
    assert sent(message(), os="IOS")["apns"]["headers"]["apns-collapse-id"] == "message:1"


def test_a_long_collapse_key_stays_within_what_apns_takes_and_apart_from_others():
    keys = ["ü" * 40 + end for end in "ab"]
    sent_ids = {sent(message(collapse_key=key), os="IOS")["apns"]["headers"]["apns-collapse-id"] for key in keys}
    assert len(sent_ids) == 2
    assert all(len(each.encode()) <= 64 for each in sent_ids)


def test_the_apps_own_collapse_key_wins():
    android = sent(message(collapse_key="scores"), style=FCMStyle.NOTIFICATION)["android"]
    assert (android["collapse_key"], android["notification"]["tag"]) == ("scores", "scores")


def test_what_is_shown_is_urgent_and_what_is_silent_is_not():
    assert sent(message())["android"]["priority"] == "high"
    assert sent(message(headers={"android-content-available": "1"}))["android"]["priority"] == "normal"
    assert sent(message(priority="normal"))["android"]["priority"] == "normal"


def test_the_time_to_live_is_what_is_left_of_it():
    assert sent(message(ttl_s=100), now_ms=40_000)["android"]["ttl"] == "60s"
    assert "ttl" not in sent(message())["android"]


def test_apple_devices_get_alert_badge_and_sound():
    headers = {"ios-alert-title": "T", "ios-alert-subtitle": "S", "ios-alert-body": "B", "ios-badge": "3"}
    apns = sent(message(headers=headers | {"ios-sound": "default"}), os="IOS")["apns"]
    assert apns["payload"]["aps"] == {
        "alert": {"title": "T", "subtitle": "S", "body": "B"},
        "badge": 3,
        "sound": "default",
    }


def test_a_silent_apple_push_is_a_background_push():
    apns = sent(message(headers={"ios-content-available": "1"}), os="IOS")["apns"]
    assert apns["payload"]["aps"] == {"content-available": 1}
    assert (apns["headers"]["apns-priority"], apns["headers"]["apns-push-type"]) == ("5", "background")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (message("x" * 4100), "4096"),
        (message("x" * 3000, headers={"ios-alert-body": "y" * 1500}), "4096"),
        (message(headers={"google.x": "1"}), "google.x"),
        (message(headers={"from": "1"}), "from"),
        (message(raw={"fcm": {"token": "another"}}), "token"),
        (message(raw={"fcm": {"data": {"a": 1}}}), "strings"),
        (message(raw={"fcm": {"data": None}}), "strings"),
        (message(raw={"fcm": {"data": {"gcm.x": "1"}}}), "gcm.x"),
    ],
)
def test_what_fcm_would_refuse_for_everybody_is_refused_before_anybody_gets_it(given, words):
    with pytest.raises(ContentRefused, match=words):
        compose(given, "IOS", FCMStyle.DATA, now_ms=0)


def test_a_refusal_does_not_quote_the_message():
    with pytest.raises(ContentRefused) as caught:
        compose(message("very private " * 400), "ANDROID", FCMStyle.DATA, now_ms=0)
    assert "private" not in str(caught.value)
