from __future__ import annotations

import pytest

from api.option import delivery_options, publish_options
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message import (
    BROADCAST_ALL,
    Appearance,
    Button,
    DeliveryOptions,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)
from clarion.message.form import camel


def test_an_empty_body_asks_for_the_defaults():
    assert publish_options({}) == PublishOptions()
    assert delivery_options({}) == DeliveryOptions()


def test_nulls_ask_for_the_defaults():
    names = ["pushPolicy", *map(camel, DeliveryOptions.__struct_fields__)]
    assert delivery_options(dict.fromkeys(names)) == DeliveryOptions()
    nothing = dict.fromkeys(["headers", "publisherId", "appearance", "raw"])
    assert publish_options(nothing) == PublishOptions()
    assert publish_options({"appearance": dict.fromkeys(["title", "data", "buttons", "silent"])}) == PublishOptions()


def test_every_member_reaches_its_option():
    body = {
        "publishPolicy": "PUSH",
        "pushBroadcast": 3,
        "pushSinglecast": ["a", "b"],
        "publishAt": 1767225600000,
        "repeatEvery": 60,
        "repeatExpiresAt": "2026-01-01T00:00:00.000Z",
        "repeatCron": "0 9 * * *",
        "repeatCount": 5,
        "timeZone": "Europe/Berlin",
        "misfire": "skip",
        "localTime": True,
        "quietHours": "22:00-08:00",
        "freezeAudience": True,
        "ratePerS": 2.5,
        "spreadOver": 3600,
        "segmentQuery": "os='IOS'",
        "ttl": 5,
        "priority": "high",
        "collapseKey": "score",
        "idempotencyKey": "once",
        "foo": "333",
    }
    assert delivery_options(body) == DeliveryOptions(
        publish_policy=PublishPolicy.PUSH,
        push_broadcast=PushBroadcast.IOS | PushBroadcast.ANDROID,
        push_singlecast=["a", "b"],
        publish_at=1767225600000,
        repeat_every=60,
        repeat_expires_at="2026-01-01T00:00:00.000Z",
        repeat_cron="0 9 * * *",
        repeat_count=5,
        time_zone="Europe/Berlin",
        misfire="skip",
        local_time=True,
        quiet_hours="22:00-08:00",
        freeze_audience=True,
        rate_per_s=2.5,
        spread_over=3600,
        segment_query="os='IOS'",
        ttl=5,
        priority="high",
        collapse_key="score",
        idempotency_key="once",
    )
    assert publish_options({"publisherId": "p", "subtopic": "a.b", "headers": {"n": 20}}) == PublishOptions(
        publisher_id="p", subtopic="a.b", headers={"n": 20}
    )


@pytest.mark.parametrize(
    ("body", "policy"),
    [
        ({"publishPolicy": "push"}, "PUSH"),
        ({"publishPolicy": "PubSub"}, "PUBSUB"),
        ({"publishPolicy": "whatever"}, "BOTH"),
        ({"publishPolicy": 7}, "BOTH"),
        ({"pushPolicy": "ONLY"}, "PUSH"),
        ({"pushPolicy": "also"}, "BOTH"),
        ({"pushPolicy": "whatever"}, "BOTH"),
        ({"publishPolicy": "PUBSUB", "pushPolicy": "ONLY"}, "PUBSUB"),
    ],
)
def test_the_policy_is_read_leniently(body, policy):
    assert delivery_options(body).publish_policy == policy


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        ("IOS", 1),
        ("ANDROID|IOS", 3),
        ("android | wp", 6),
        ("FOR_IOS|FOR_ANDROID", 3),
        ("FOR_OSX", 8),
        ("WEB|HMS", 48),
        ("ALL", BROADCAST_ALL),
        ("FOR_ALL", BROADCAST_ALL),
        ("NONE", 0),
        ("FOR_NONE", 0),
        (0, 0),
        (15, 15),
        ("", None),
    ],
)
def test_a_broadcast_is_a_mask_or_names(value, mask):
    assert delivery_options({"pushBroadcast": value}).push_broadcast == mask


@pytest.mark.parametrize("value", ["SYMBIAN", "IOS,ANDROID", "IOS|", "3", -1, True, 1.5, [], {}])
def test_what_is_neither_mask_nor_names_is_refused(value):
    with pytest.raises(InvalidField) as caught:
        delivery_options({"pushBroadcast": value})
    assert caught.value.field == "pushBroadcast"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"pushSinglecast": "dev-1"}, InvalidField),
        ({"pushSinglecast": {}}, InvalidField),
        ({"publishAt": True}, InvalidSchedule),
        ({"publishAt": {}}, InvalidSchedule),
        ({"repeatExpiresAt": []}, InvalidRepeat),
    ],
)
def test_a_member_of_the_wrong_kind_is_refused(body, error):
    with pytest.raises(error):
        delivery_options(body)


@pytest.mark.parametrize("headers", ["x", [], 1, True])
def test_headers_that_are_no_object_are_refused(headers):
    with pytest.raises(InvalidField):
        publish_options({"headers": headers})


def test_the_form_is_read_by_its_camel_case_names():
    members = {
        "title": "T",
        "subtitle": "S",
        "body": "B",
        "image": "https://example.org/a.png",
        "sound": "ding",
        "badge": 0,
        "clickAction": "OPEN",
        "data": {"n": 5},
        "buttons": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No", "url": "https://example.org/"}],
        "timeSensitive": True,
        "silent": False,
        "truncate": True,
        "colour": "blue",
    }
    raw = {"fcm": {"android": {"direct_boot_ok": True}}}
    assert publish_options({"appearance": members, "raw": raw}) == PublishOptions(
        appearance=Appearance(
            title="T",
            subtitle="S",
            body="B",
            image="https://example.org/a.png",
            sound="ding",
            badge=0,
            click_action="OPEN",
            data={"n": 5},
            buttons=(Button("yes", "Yes"), Button("no", "No", "https://example.org/")),
            time_sensitive=True,
            truncate=True,
        ),
        raw=raw,
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"appearance": "T"}, "appearance"),
        ({"appearance": []}, "appearance"),
        ({"appearance": {"buttons": {}}}, "appearance.buttons"),
        ({"appearance": {"buttons": ["yes"]}}, "appearance.buttons"),
        ({"raw": []}, "raw"),
        ({"raw": True}, "raw"),
    ],
)
def test_a_form_of_the_wrong_kind_is_named(body, field):
    with pytest.raises(InvalidField) as caught:
        publish_options(body)
    assert caught.value.field == field


@pytest.mark.parametrize("value", [0, 1767225600000, 1767225600000.6, "2026-01-01", "tomorrow", ""])
def test_an_instant_reaches_its_option_as_it_stands(value):
    options = delivery_options({"publishAt": value, "repeatExpiresAt": value})
    assert (options.publish_at, options.repeat_expires_at) == (value, value)


def test_the_key_in_the_body_goes_before_the_one_in_the_headers():
    assert delivery_options({}, "header").idempotency_key == "header"
    assert delivery_options({"idempotencyKey": "body"}, "header").idempotency_key == "body"
