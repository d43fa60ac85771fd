from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from clarion.message import Appearance, Button, PublishPolicy, PushBroadcast
from clarion.message.message import Target
from clarion.queue import Queue


def test_a_publish_is_stored_queued_and_called_scheduled(api):
    answer = api.post("/messaging/default", {"message": "hello"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"errorMessage", "messageId", "status"}
    assert answer.json()["errorMessage"] is None
    assert answer.json()["status"] == "scheduled"
    assert re.fullmatch(r"message:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", answer.json()["messageId"])
    assert api.stored(answer.json()["messageId"]).body == "hello"
    assert api.storage.main.llen(Queue.PLAN) == 1


@pytest.mark.parametrize("body", [None, "", 0, True, 1.5, 2**70, [1, [2]], {"a": {"b": None}}, "\u0000\u2028😀"])
def test_a_message_is_any_json_value(api, body):
    assert api.publish({"message": body}).body == body


def test_a_publish_without_a_message_publishes_null(api):
    message = api.publish({})
    assert message.body is None
    assert message.policy is PublishPolicy.BOTH
    assert message.target == Target(channel="default")


def test_every_option_is_stored(api):
    message = api.publish(
        {
            "message": {"a": 1},
            "publisherId": "pub1",
            "subtopic": "news.business",
            "headers": {
                "android-content-title": "title",
                "ios-badge": 20,
                "on": True,
                "none": None,
                "deep": {"a": [1]},
            },
            "publishPolicy": "push",
            "pushBroadcast": "FOR_IOS|ANDROID",
            "pushSinglecast": ["dev-1", "dev-2", "dev-1"],
            "publishAt": 0,
            "repeatEvery": 0,
            "repeatExpiresAt": None,
            "segmentQuery": "",
            "ttl": 60,
            "priority": "normal",
            "collapseKey": "score",
            "foo": "333",
        },
        "news",
    )
    assert message.target == Target(
        channel="news", broadcast=PushBroadcast.IOS | PushBroadcast.ANDROID, devices=("dev-1", "dev-2")
    )
    assert message.headers == {
        "android-content-title": "title",
        "ios-badge": "20",
        "on": "true",
        "none": "null",
        "deep": '{"a":[1]}',
    }
    assert (message.publisher_id, message.subtopic, message.policy) == ("pub1", "news.business", "PUSH")
    assert (message.ttl_s, message.priority, message.collapse_key) == (60, "normal", "score")


@pytest.mark.parametrize(
    "channel", ["news", "my chan é", "a:b", "push", "50%", "?#&=+", "канал", "😀", "a;b", "...", "%41"]
)
def test_a_channel_name_is_percent_encoded(api, channel):
    assert api.publish({"message": 1}, quote(channel, safe="")).target.channel == channel


def test_a_bare_colon_in_a_channel_name_is_itself(api):
    assert api.publish({"message": 1}, "a:b").target.channel == "a:b"


@pytest.mark.parametrize("path", ["a%2Fb", "a%00b", "%2E%2E", "", "x" * 256, "%FF", "%ED%A0%80", "a%0Ab", "default%0A"])
def test_what_cannot_name_a_channel_is_refused(api, path):
    assert api.refusal("POST", f"/messaging/{path}", json={}) == 90001


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"publishAt": 4_102_444_800_000}, 5030),
        ({"publishAt": "2100-01-01T00:00:00.000Z"}, 5030),
        ({"publishAt": "2027-01-01T00:00:00"}, 5030),
        ({"repeatEvery": -1}, 5003),
        ({"repeatCron": "@never"}, 5003),
        ({"timeZone": "Mars/Phobos"}, 90001),
        ({"quietHours": "late"}, 90001),
        ({"ratePerS": 0}, 90001),
        ({"segmentQuery": "os='IOS'"}, 90005),
        ({"publishAt": True}, 5030),
        ({"repeatExpiresAt": {}}, 5003),
        ({"headers": []}, 90001),
        ({"headers": {"": "x"}}, 90001),
        ({"headers": {"a": "x" * 8_192}}, 90001),
        ({"publisherId": 5}, 90001),
        ({"subtopic": ["a"]}, 90001),
        ({"pushBroadcast": 64}, 90001),
        ({"pushBroadcast": 2**70}, 90001),
        ({"pushBroadcast": "SYMBIAN"}, 90001),
        ({"pushSinglecast": "dev-1"}, 90001),
        ({"pushSinglecast": [1]}, 90001),
        ({"pushSinglecast": [""]}, 90001),
        ({"ttl": -1}, 90001),
        ({"ttl": 0}, 90001),
        ({"ttl": "60"}, 90001),
        ({"ttl": 1.5}, 90001),
        ({"priority": "urgent"}, 90001),
        ({"priority": []}, 90001),
        ({"collapseKey": {}}, 90001),
        ({"idempotencyKey": 5}, 90001),
        ({"idempotencyKey": ""}, 90001),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_and_nothing_is_stored(api, body, code):
    assert api.refusal("POST", "/messaging/default", json={"message": "x"} | body) == code
    assert api.storage.main.dbsize() == 0


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":"\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(api, content):
    assert api.refusal("POST", "/messaging/default", content=content) == 90002


def test_the_content_type_does_not_matter(api):
    answer = api.ask("POST", "/messaging/default", content=b'{"message":1}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200


def test_a_body_over_the_limit_is_413(api):
    for content in (b"x" * 3_000_000, (b"x" * 100_000 for _ in range(30))):
        answer = api.ask("POST", "/messaging/default", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, 90003)
    assert api.post("/messaging/default", {"message": "x" * 1_000_000}).status_code == 200


@pytest.mark.parametrize("where", ["header", "body"])
def test_an_idempotency_key_makes_the_second_publish_the_first(api, where):
    def publish(message):
        if where == "header":
            return api.post("/messaging/default", {"message": message}, headers={"Idempotency-Key": "once"})
        return api.post("/messaging/default", {"message": message, "idempotencyKey": "once"})

    first = publish("a").json()
    assert publish("a").json() == first
    conflict = publish("b")
    assert (conflict.status_code, conflict.json()["code"]) == (400, 90004)
    assert conflict.json()["errorData"]["messageId"] == first["messageId"]
    assert api.storage.main.llen(Queue.PLAN) == 1


def test_the_form_and_raw_members_are_stored(api):
    looks = {
        "title": "T",
        "badge": 0,
        "timeSensitive": True,
        "data": {"n": 5},
        "buttons": [{"id": "y", "title": "Yes"}],
    }
    message = api.publish({"message": "x", "appearance": looks, "raw": {"apns": {"aps": {"thread-id": "t"}}}})
    assert message.appearance == Appearance(
        title="T", badge=0, time_sensitive=True, data={"n": "5"}, buttons=(Button("y", "Yes"),)
    )
    assert message.raw == {"apns": {"aps": {"thread-id": "t"}}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"headers": {"ios-badge": "x"}}, "header ios-badge"),
        ({"appearance": {"badge": "x"}}, "appearance.badge"),
        ({"appearance": {"buttons": [{"id": "y"}]}}, "appearance.buttons[0].title"),
        ({"appearance": 5}, "appearance"),
        ({"raw": {"gcm": {}}}, "raw"),
        ({"raw": {"fcm": 5}}, "raw.fcm"),
    ],
)
def test_a_look_that_cannot_be_used_is_named(api, body, field):
    answer = api.post("/messaging/default", body)
    assert (answer.status_code, answer.json()["code"]) == (400, 90001)
    assert answer.json()["errorData"]["field"] == field
    assert api.storage.main.llen(Queue.PLAN) == 0


def test_what_a_provider_cannot_carry_is_refused_before_it_is_stored(api):
    who = {"app": "carried", "key": "carried-key-0123456789"}
    answer = api.post("/messaging/default", {"message": "x" * 5_000}, **who)
    assert (answer.status_code, answer.json()["code"]) == (400, 90001)
    data = answer.json()["errorData"]
    assert (data["field"], data["provider"], data["os"], data["limit"]) == ("message", "fcm", "ANDROID", 4_096)
    assert data["size"] > 5_000
    assert api.storage.main.llen(Queue.PLAN) == 0
    cut = {"message": "x" * 5_000, "appearance": {"truncate": True}}
    assert api.post("/messaging/default", cut, **who).status_code == 200
