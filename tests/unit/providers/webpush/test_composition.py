from __future__ import annotations

import json

import pytest

from clarion.message.appearance import Appearance, Button
from clarion.providers.base import ContentRefused
from clarion.providers.webpush.composition import CONTENT_MAX_BYTES, TTL_MAX_S, compose
from tests.unit.providers.webpush.sending import decoded, message


def payload(given, **options):
    return json.loads(compose(given, "WEB", now_ms=0, **options).content)


def headers(given, now_ms=0):
    return dict(line.split(": ", 1) for line in compose(given, "WEB", now_ms=now_ms).headers)


def test_a_plain_message_is_the_body_of_a_notification():
    assert payload(message()) == {"body": "Hello", "tag": "message:1", "data": {"messageId": "message:1"}}


def test_an_appearance_becomes_the_options_of_show_notification():
    shown = Appearance(
        title="T",
        subtitle="S",
        body="B",
        image="https://x.example/i.png",
        badge=0,
        click_action="open_cart",
        data={"k": "v"},
        buttons=(Button("yes", "Yes"), Button("no", "No", "https://x.example/no")),
        time_sensitive=True,
    )
    assert payload(message(appearance=shown, headers={"custom": "1"}, collapse_key="cart")) == {
        "title": "T",
        "subtitle": "S",
        "body": "B",
        "image": "https://x.example/i.png",
        "requireInteraction": True,
        "actions": [{"action": "yes", "title": "Yes"}, {"action": "no", "title": "No"}],
        "tag": "cart",
        "app_badge": 0,
        "data": {
            "custom": "1",
            "k": "v",
            "messageId": "message:1",
            "message": "Hello",
            "clickAction": "open_cart",
            "clickActions": {"no": "https://x.example/no"},
        },
    }


def test_a_page_to_open_lets_safari_show_it_without_a_service_worker():
    shown = Appearance(title="T", body="B", click_action="https://x.example/a", badge=3)
    found = payload(message(appearance=shown))
    assert found["web_push"] == 8030
    assert found["notification"] == {
        "title": "T",
        "body": "B",
        "navigate": "https://x.example/a",
        "app_badge": 3,
        "tag": "message:1",
    }
    assert found["body"] == "B"


@pytest.mark.parametrize(
    "shown",
    [Appearance(title="T"), Appearance(click_action="https://x.example/"), Appearance(title="T", click_action="a")],
)
def test_what_safari_could_not_show_by_itself_is_left_to_the_service_worker(shown):
    assert "web_push" not in payload(message(appearance=shown))


def test_a_silent_message_shows_nothing():
    found = payload(message({"sync": 1}, appearance=Appearance(title="T", silent=True, badge=4)))
    assert found == {
        "silent": True,
        "app_badge": 4,
        "data": {"messageId": "message:1", "message": '{"sync":1}'},
    }


def test_a_message_that_says_nothing_is_a_push_without_a_body():
    assert compose(message("", headers={"ios-content-available": "1"}), "WEB", now_ms=0).content == b""
    composed = compose(message(""), "WEB", now_ms=0)
    assert composed.content == b""
    assert not any(line.startswith("Content-") for line in composed.headers)
    assert compose(message("", headers={"k": "v"}), "WEB", now_ms=0).content


def test_the_apps_own_members_replace_or_join_ours():
    data = {"mine": [1], "theirs": None}
    raw = {"webpush": {"icon": "/i.png", "body": "Own", "data": data, "tag": None}, "fcm": {"body": "Other"}}
    found = payload(message(raw=raw))
    assert found["icon"] == "/i.png"
    assert found["body"] == "Own"
    assert "tag" not in found
    assert found["data"] == {"messageId": "message:1", "mine": [1], "theirs": None}


def test_headers_for_other_systems_do_not_travel_and_any_other_wins_over_data():
    sent = {"ios-badge": "1", "android_immediate_push": "{}", "wp-type": "tile", "web-title": "T", "web-icon": "/i.png"}
    found = payload(message(headers=sent | {"city": "Ulm"}, appearance=Appearance(data={"city": "form", "k": "v"})))
    assert found["title"] == "T"
    assert found["data"] == {"web-icon": "/i.png", "city": "Ulm", "k": "v", "messageId": "message:1"}


def test_headers_cannot_pass_themselves_off_as_the_messages_id():
    assert payload(message(headers={"messageId": "forged"}))["data"]["messageId"] == "message:1"


def test_the_push_service_is_told_how_long_how_urgent_and_what_it_replaces():
    given = headers(message(ttl_s=100), now_ms=40_500)
    assert given == {
        "TTL": "59",
        "Urgency": "high",
        "Topic": given["Topic"],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def test_a_time_to_live_stays_within_what_all_push_services_take():
    assert headers(message())["TTL"] == str(TTL_MAX_S)
    assert headers(message(ttl_s=10**9))["TTL"] == str(TTL_MAX_S)
    assert headers(message(ttl_s=1), now_ms=5_000)["TTL"] == "0"


def test_what_is_shown_is_urgent_and_what_is_silent_is_not():
    silent = Appearance(silent=True)
    assert headers(message(appearance=silent))["Urgency"] == "normal"
    assert headers(message(appearance=silent, priority="high"))["Urgency"] == "high"
    assert headers(message(priority="normal"))["Urgency"] == "normal"


def test_a_repetition_has_the_same_topic_and_another_message_has_not():
    first, again, other = (headers(message(id=name))["Topic"] for name in ("message:1", "message:1", "message:2"))
    assert first == again != other
    assert (
        headers(message(collapse_key="ü" * 255))["Topic"] == headers(message(collapse_key="ü" * 255, id="m"))["Topic"]
    )


@pytest.mark.parametrize("key", ["a", "ü" * 255, "message:1"])
def test_every_topic_is_32_characters_that_apple_can_decode(key):
    topic = headers(message(collapse_key=key))["Topic"]
    assert len(topic) == 32
    assert len(decoded(topic)) == 24
    assert topic.replace("-", "").replace("_", "").isalnum()


def test_what_is_too_long_is_refused_for_everybody_without_being_quoted():
    with pytest.raises(ContentRefused, match=r"Web Push carries at most 3993 bytes; the message has \d+\.") as caught:
        compose(message("private " * 600), "WEB", now_ms=0)
    assert "private" not in str(caught.value)


def test_a_text_that_may_be_cut_fills_what_there_is():
    shown = Appearance(title="T", click_action="https://x.example/", truncate=True)
    content = compose(message("é" * 4000, appearance=shown), "WEB", now_ms=0).content
    assert CONTENT_MAX_BYTES - 8 < len(content) <= CONTENT_MAX_BYTES
    found = json.loads(content)
    assert found["body"] == found["notification"]["body"]
    assert found["body"].endswith("é…")
