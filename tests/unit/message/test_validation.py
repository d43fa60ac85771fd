from __future__ import annotations

import datetime as dt
import re

import pytest

from clarion.app import Limits
from clarion.errors import BodyTooLarge, InvalidField, NotProvided
from clarion.message import Appearance, DeliveryOptions, PublishOptions, PublishPolicy, PushBroadcast
from clarion.message.message import decode, encode
from clarion.message.validation import build

LIMITS = Limits(body_bytes=1000, singlecast=3, headers=2, header_bytes=300)


def built(body="hello", channel=None, publish=None, **delivery):
    return build("demo", LIMITS, body, channel, publish or PublishOptions(), DeliveryOptions(**delivery), now_ms=1_000)


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("body", [nested(99), "hello", "", 0, 1.5, True, None, [1, "a", None], {"a": {"b": []}}])
def test_a_message_is_any_json_value_and_survives_storage(body):
    message = built(body)
    assert decode(encode(message)) == message
    assert message.body == body


def test_a_date_becomes_a_string_as_json_has_none():
    assert built(dt.datetime(2026, 1, 2, tzinfo=dt.UTC)).body == "2026-01-02T00:00:00Z"


def test_a_message_id_is_backendless_like():
    assert re.fullmatch(r"message:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", built().id)


def test_the_default_channel_is_default():
    assert built().target.channel == "default"


@pytest.mark.parametrize("mask", [None, 0, 15, 63])
def test_everybody_is_no_restriction(mask):
    assert built(push_broadcast=mask).target.broadcast is None


def test_a_mask_names_operating_systems():
    assert built(push_broadcast=PushBroadcast.IOS | PushBroadcast.ANDROID).target.broadcast == 3


def test_a_device_is_addressed_once():
    assert built(push_singlecast=["a", "b", "a"]).target.devices == ("a", "b")


def test_header_values_become_strings():
    headers = {"foo": 20, "bar": "x"}
    assert built(publish=PublishOptions(headers=headers)).headers == {"foo": "20", "bar": "x"}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"body": object()}, "message"),
        ({"body": nested(101)}, "message"),
        ({"body": 10**5_000}, "message"),
        ({"body": "\ud800"}, "message"),
        ({"channel": "a/b"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"push_broadcast": 64}, "pushBroadcast"),
        ({"push_broadcast": -1}, "pushBroadcast"),
        ({"push_broadcast": "IOS"}, "pushBroadcast"),
        ({"push_broadcast": True}, "pushBroadcast"),
        ({"push_broadcast": 1.0}, "pushBroadcast"),
        ({"publish_policy": "push"}, "publishPolicy"),
        ({"publish_policy": None}, "publishPolicy"),
        ({"publish_policy": []}, "publishPolicy"),
        ({"push_singlecast": ["a", "b", "c", "d"]}, "pushSinglecast"),
        ({"push_singlecast": [""]}, "pushSinglecast"),
        ({"push_singlecast": "abc"}, "pushSinglecast"),
        ({"push_singlecast": None}, "pushSinglecast"),
        ({"push_singlecast": [5]}, "pushSinglecast"),
        ({"push_singlecast": ["\ud800"]}, "pushSinglecast"),
        ({"freeze_audience": 1}, "freezeAudience"),
        ({"freeze_audience": None}, "freezeAudience"),
        ({"ttl": -1}, "ttl"),
        ({"ttl": 0}, "ttl"),
        ({"ttl": True}, "ttl"),
        ({"ttl": 1.0}, "ttl"),
        ({"priority": "urgent"}, "priority"),
        ({"priority": []}, "priority"),
        ({"idempotency_key": "\ud800"}, "idempotencyKey"),
        ({"collapse_key": "a\nb"}, "collapseKey"),
        ({"publish": PublishOptions(headers={"a": "1", "b": "2", "c": "3"})}, "headers"),
        ({"publish": PublishOptions(headers={"a\r\nb": "1"})}, "headers"),
        ({"publish": PublishOptions(headers=None)}, "headers"),
        ({"publish": PublishOptions(headers={5: "1"})}, "headers"),
        ({"publish": PublishOptions(headers={"": "1"})}, "headers"),
        ({"publish": PublishOptions(headers={"a": object()})}, "headers"),
        ({"publish": PublishOptions(headers={"a": "\ud800"})}, "headers"),
        ({"publish": PublishOptions(headers={"a": ["\ud800"]})}, "headers"),
        ({"publish": PublishOptions(headers={"a": "ü" * 150})}, "headers"),
        ({"publish": PublishOptions(headers={"ios-badge": "x"})}, "ios-badge"),
        ({"publish": PublishOptions(headers={"ios-badge": "x"}), "push_broadcast": 3}, "ios-badge"),
        ({"publish": PublishOptions(appearance=Appearance(badge="x"))}, "appearance.badge"),
        ({"publish": PublishOptions(appearance={})}, "appearance"),
        ({"publish": PublishOptions(raw={"gcm": {}})}, "raw"),
        ({"publish": PublishOptions(raw={"fcm": nested(101)})}, "raw.fcm"),
        ({"publish": PublishOptions(subtopic=5)}, "subtopic"),
        ({"publish": PublishOptions(publisher_id="x" * 256)}, "publisherId"),
    ],
)
def test_what_is_wrong_is_named(options, field):
    with pytest.raises(InvalidField) as caught:
        built(**options)
    assert field.lower() in caught.value.field.lower()


@pytest.mark.parametrize("policy", PublishPolicy)
def test_a_policy_may_be_given_as_its_exact_word(policy):
    assert built(publish_policy=str(policy)).policy is policy


def test_a_header_may_be_as_long_as_the_limit():
    value = "ü" * 149 + "x"
    assert built(publish=PublishOptions(headers={"a": value})).headers == {"a": value}


def test_a_message_is_what_a_worker_reads():
    message = built(push_broadcast=3, push_singlecast=["a"], ttl=1, priority="high", publish_policy="PUSH")
    assert decode(encode(message)) == message
    assert isinstance(message.target.broadcast, PushBroadcast)


def test_a_message_over_the_limit_is_refused_with_the_limit():
    with pytest.raises(BodyTooLarge, match="1000"):
        built("x" * 1000)


def test_appearance_and_raw_count_as_well():
    for publish in (
        PublishOptions(appearance=Appearance(body="x" * 990)),
        PublishOptions(raw={"fcm": {"a": "x" * 990}}),
    ):
        with pytest.raises(BodyTooLarge, match="1000"):
            built(publish=publish)


def test_appearance_and_raw_are_what_a_worker_reads():
    publish = PublishOptions(appearance=Appearance(title="T", badge=0, data={"n": 5}), raw={"fcm": {"android": {}}})
    message = built(publish=publish)
    assert decode(encode(message)) == message
    assert message.appearance == Appearance(title="T", badge=0, data={"n": "5"})
    assert message.raw == {"fcm": {"android": {}}}


@pytest.mark.parametrize("options", [{"push_broadcast": PushBroadcast.ANDROID}, {"publish_policy": "PUBSUB"}])
def test_a_header_for_devices_that_are_not_addressed_may_say_anything(options):
    assert built(publish=PublishOptions(headers={"ios-badge": "x"}), **options).headers == {"ios-badge": "x"}


def test_a_target_names_the_systems_it_addresses():
    assert built().target.systems() == ("IOS", "ANDROID", "WP", "OSX", "WEB", "HMS")
    assert built(push_broadcast=18).target.systems() == ("ANDROID", "WEB")


def test_a_where_clause_is_refused_by_name():
    with pytest.raises(NotProvided, match="segmentQuery"):
        built(segment_query="os = 'IOS'")
    assert built(segment_query="").target.segment is None
