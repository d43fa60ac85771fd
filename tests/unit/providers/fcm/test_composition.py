from __future__ import annotations

import json

import msgspec
import pytest

from clarion.app import FCMStyle
from clarion.message import Appearance, Button, Message, Target
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
    assert sent(message("", headers={"android-content-available": "1"}))["android"]["priority"] == "normal"
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
    headers = {"ios-content-available": "1"}
    for given in (message("", headers=headers), message(appearance=Appearance(silent=True)), message("")):
        for priority in (None, "high"):
            apns = sent(msgspec.structs.replace(given, priority=priority), os="IOS")["apns"]
            assert apns["payload"]["aps"] == {"content-available": 1}
            assert (apns["headers"]["apns-priority"], apns["headers"]["apns-push-type"]) == ("5", "background")


def test_content_available_with_every_publish_shows_what_there_is():
    apns = sent(message(headers={"ios-content-available": "1"}), os="IOS")["apns"]
    assert apns["payload"]["aps"] == {"alert": {"body": "Hello"}, "content-available": 1}
    assert (apns["headers"]["apns-priority"], apns["headers"]["apns-push-type"]) == ("10", "alert")
    for style in FCMStyle:
        document = sent(message(headers={"android-content-available": "1"}), style=style)
        assert document["android"]["priority"] == "high"
        assert document["data"] == {"message": "Hello", "messageId": "message:1"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (message("x" * 4100), "4096"),
        (message("x" * 3000, headers={"ios-alert-body": "y" * 1500}), "4096"),
        (message(raw={"fcm": {"android": {"data": {"a": "x" * 4096}}}}), "4096"),
        (message(raw={"fcm": {"webpush": {"data": {"a": "x" * 4096}}}}), "4096"),
        (message(raw={"fcm": {"notification": {"title": "x" * 4096}}}), "4096"),
        (message(raw={"fcm": {"android": {"data": {"gcm.x": "1"}}}}), "gcm.x"),
        (message(raw={"fcm": {"webpush": {"data": {"from": "1"}}}}), "from"),
        (message(raw={"fcm": {"android": {"data": {"a": None}}}}), "strings"),
        (message(raw={"fcm": {"apns": {"headers": {"apns-x": None}}}}), "strings"),
        (message(raw={"fcm": {"android": 5}}), "raw.fcm.android"),
        (message(raw={"fcm": {"andriod": {}}}), "andriod"),
        (message(raw={"fcm": {"android": {"collapse_key": "a", "collapseKey": "b"}}}), "twice"),
        (message(raw={"fcm": {"android": {"ttl": "2419201s"}}}), "2419200s"),
        (message(raw={"fcm": {"android": {"ttl": "-1s"}}}), "ttl"),
        (message(raw={"fcm": {"android": {"ttl": 60}}}), "ttl"),
        (message(raw={"fcm": {"android": {"notification": {"color": "red"}}}}), "#rrggbb"),
        (message(raw={"fcm": {"android": {"notification": {"visibility": "private"}}}}), "PRIVATE"),
        (message(raw={"fcm": {"android": {"notification": {"vibrateTimings": ["1"]}}}}), "vibrate_timings"),
        (message(raw={"fcm": {"android": {"notification": {"sticky": 1}}}}), "true or false"),
        (message(raw={"fcm": {"fcmOptions": {"analyticsLabel": "a b"}}}), "analytics_label"),
        (message(raw={"fcm": {"webpush": {"fcm_options": {"link": "http://x"}}}}), "https"),
        (message(headers={"google.x": "1"}), "google.x"),
        (message(headers={"from": "1"}), "from"),
        (message(raw={"fcm": {"token": "another"}}), "token"),
        (message(raw={"fcm": {"data": {"a": 1}}}), "strings"),
        (message(headers={"ios-badge": "many"}), "ios-badge"),
        (message(raw={"fcm": {"data": {"gcm.x": "1"}}}), "gcm.x"),
    ],
)
def test_what_fcm_would_refuse_for_everybody_is_refused_before_anybody_gets_it(given, words):
    with pytest.raises(ContentRefused, match=words):
        compose(given, "IOS", FCMStyle.DATA, now_ms=0)


FORM = Appearance(
    title="T",
    subtitle="S",
    body="B",
    image="https://example.org/a.png",
    sound="ding",
    badge=3,
    click_action="OPEN",
    data={"order": "17"},
    buttons=(Button("yes", "Yes"),),
    time_sensitive=True,
)


def test_the_form_reaches_the_sdk_for_android_under_the_names_it_reads():
    document = sent(message({"a": 1}, appearance=FORM))
    assert document["data"] == {
        "message": "B",
        "published": '{"a":1}',
        "messageId": "message:1",
        "android-content-title": "T",
        "android-summary-subtext": "S",
        "android-attachment-url": "https://example.org/a.png",
        "android-content-sound": "ding",
        "android-badge": "3",
        "android-action": "OPEN",
        "buttons": '[{"id":"yes","title":"Yes"}]',
        "order": "17",
    }
    assert document["android"] == {"priority": "high"}


def test_headers_win_over_the_form_in_the_data():
    headers = {
        "android-content-title": "header",
        "android-content-text": "text",
        "android-ticker-text": "ticker",
        "order": "18",
    }
    data = sent(message(headers=headers, appearance=FORM))["data"]
    assert headers.items() <= data.items()
    assert (data["message"], data["android-summary-subtext"]) == ("Hello", "S")
    assert "published" not in data


def test_what_the_sdk_for_android_reads_by_itself_is_passed_on():
    headers = {"template_name": "welcome", "android_immediate_push": "{}", "android-large-icon": "icon", "city": "Ulm"}
    assert headers.items() <= sent(message(headers=headers))["data"].items()


def test_headers_for_other_systems_do_not_travel():
    headers = {
        "ios-alert-title": "T",
        "osx-badge": "1",
        "wp-type": "toast",
        "web-icon": "i",
        "ios_immediate_push": "{}",
    }
    assert sent(message(headers=headers))["data"].keys() == {"message", "messageId"}


def test_a_silent_message_is_drawn_by_nobody():
    for style in FCMStyle:
        document = sent(message(appearance=Appearance(title="T", silent=True)), style=style)
        assert document["android"] == {"priority": "normal"}
        assert json.loads(document["data"]["android_immediate_push"]) == {"contentAvailable": 1}


def test_the_system_draws_the_form():
    shown = sent(message(appearance=FORM), style=FCMStyle.NOTIFICATION)["android"]["notification"]
    assert shown == {
        "title": "T",
        "body": "B",
        "sound": "ding",
        "image": "https://example.org/a.png",
        "click_action": "OPEN",
        "notification_count": 3,
        "notification_priority": "PRIORITY_MAX",
        "tag": "message:1",
    }


def test_a_link_is_no_intent_so_a_touch_opens_the_app_which_finds_it():
    document = sent(message(appearance=Appearance(click_action="https://example.org/")), style=FCMStyle.NOTIFICATION)
    assert "click_action" not in document["android"]["notification"]
    assert document["data"]["android-action"] == "https://example.org/"


def test_the_form_reaches_apple_devices():
    document = sent(message(appearance=FORM), os="OSX")
    assert document["apns"]["payload"]["aps"] == {
        "alert": {"title": "T", "subtitle": "S", "body": "B"},
        "badge": 3,
        "sound": "ding",
        "mutable-content": 1,
        "interruption-level": "time-sensitive",
    }
    assert document["apns"]["fcm_options"] == {"image": "https://example.org/a.png"}
    assert {"order": "17", "click_action": "OPEN", "attachment-url": FORM.image}.items() <= document["data"].items()


def test_content_available_beside_an_alert_wakes_the_app_as_well():
    apns = sent(message(headers={"ios-content-available": "1", "ios-alert-title": "T"}), os="IOS")["apns"]
    assert apns["payload"]["aps"] == {"alert": {"title": "T", "body": "Hello"}, "content-available": 1}
    assert apns["headers"]["apns-push-type"] == "alert"


def test_browsers_get_a_notification_and_a_link():
    looks = Appearance(title="T", click_action="https://example.org/", buttons=(Button("yes", "Yes"),))
    webpush = sent(message(headers={"web-icon": "i"}, appearance=looks, ttl_s=100), os="WEB")["webpush"]
    assert webpush == {
        "headers": {"Urgency": "high", "TTL": "100"},
        "notification": {
            "title": "T",
            "body": "Hello",
            "icon": "i",
            "tag": "message:1",
            "actions": [{"action": "yes", "title": "Yes"}],
        },
        "fcm_options": {"link": "https://example.org/"},
    }


def test_raw_members_replace_ours_and_objects_are_merged_at_any_depth():
    raw = {
        "data": {"order": "18", "more": "x"},
        "android": {"priority": "normal", "bandwidth_constrained_ok": True},
        "apns": {"headers": {"apns-priority": "1"}},
        "fcm_options": {"analytics_label": "spring"},
    }
    drawn = {"notification": {"color": "#ff8800", "sound": None}}
    shown = sent(message(appearance=FORM, raw={"fcm": {"android": drawn}}), style=FCMStyle.NOTIFICATION)["android"]
    assert shown["notification"].items() >= {"title": "T", "body": "B", "color": "#ff8800"}.items()
    assert "sound" not in shown["notification"]
    document = sent(message(appearance=FORM, raw={"fcm": raw, "apns": {"x": 1}}))
    assert document["android"] == {"priority": "normal", "bandwidth_constrained_ok": True}
    assert document["data"]["order"] == "18"
    assert document["data"]["android-content-title"] == "T"
    assert document["apns"] == {"headers": {"apns-priority": "1"}}
    assert document["fcm_options"] == {"analytics_label": "spring"}


def test_raw_members_may_have_either_of_the_names_that_fcm_knows():
    raw = {"android": {"collapseKey": "k", "notification": {"notificationCount": "5"}}, "data": None}
    document = sent(message(appearance=FORM, raw={"fcm": raw}), style=FCMStyle.NOTIFICATION)
    assert (document["android"]["collapse_key"], document["android"]["notification"]["notification_count"]) == (
        "k",
        "5",
    )
    assert "data" not in document


def test_what_counts_is_the_text_and_not_its_escapes():
    whole = 4096 - len("messagemessageIdmessage:1")
    assert sent(message('"' * whole))["data"]["message"] == '"' * whole
    with pytest.raises(ContentRefused, match="the message has 4097"):
        compose(message('"' * (whole + 1)), "ANDROID", FCMStyle.DATA, now_ms=0)


def test_what_is_too_long_is_cut_where_that_is_allowed():
    cut = sent(message("ü" * 3_000, appearance=Appearance(title="T", truncate=True)), style=FCMStyle.NOTIFICATION)
    body = cut["android"]["notification"]["body"]
    assert body == cut["data"]["message"]
    assert body.endswith("ü…")
    assert sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in (cut["data"], cut["android"])) > 4_000
    header = {"android-content-text": "x" * 5_000}
    assert sent(message(headers=header, appearance=Appearance(truncate=True)))["data"]["message"] == "Hello"


def test_any_content_leaves_the_token_where_it_belongs():
    inner = '{"message":{"token":"'
    given = message(inner, headers={inner: inner, "token": "x"}, raw={"fcm": {"data": {"fid": inner}}})
    document = json.loads(splice(compose(given, "ANDROID", FCMStyle.DATA, now_ms=0), "t0ken"))
    assert document.keys() == {"message"}
    assert document["message"]["token"] == "t0ken"
    assert document["message"]["data"][inner] == inner


def test_a_refusal_does_not_quote_the_message():
    with pytest.raises(ContentRefused) as caught:
        compose(message("very private " * 400), "ANDROID", FCMStyle.DATA, now_ms=0)
    assert "private" not in str(caught.value)
