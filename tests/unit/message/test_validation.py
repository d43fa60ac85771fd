from __future__ import annotations

import datetime as dt
import re

import pytest

from clarion.app import Limits
from clarion.errors import BodyTooLarge, InvalidField, NotProvided
from clarion.message import DeliveryOptions, PublishOptions, PushBroadcast
from clarion.message.message import decode, encode
from clarion.message.validation import build

LIMITS = Limits(body_bytes=1000, singlecast=3, headers=2)


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
        ({"channel": "a/b"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"push_broadcast": 64}, "pushBroadcast"),
        ({"push_broadcast": -1}, "pushBroadcast"),
        ({"push_singlecast": ["a", "b", "c", "d"]}, "pushSinglecast"),
        ({"push_singlecast": [""]}, "pushSinglecast"),
        ({"ttl": -1}, "ttl"),
        ({"ttl": True}, "ttl"),
        ({"priority": "urgent"}, "priority"),
        ({"collapse_key": "a\nb"}, "collapseKey"),
        ({"publish": PublishOptions(headers={"a": "1", "b": "2", "c": "3"})}, "headers"),
        ({"publish": PublishOptions(headers={"a\r\nb": "1"})}, "headers"),
        ({"publish": PublishOptions(publisher_id="x" * 256)}, "publisherId"),
    ],
)
def test_what_is_wrong_is_named(options, field):
    with pytest.raises(InvalidField) as caught:
        built(**options)
    assert field.lower() in caught.value.field.lower()


def test_a_message_over_the_limit_is_refused_with_the_limit():
    with pytest.raises(BodyTooLarge, match="1000"):
        built("x" * 1000)


@pytest.mark.parametrize("option", ["publish_at", "repeat_every", "repeat_expires_at"])
def test_time_is_refused_by_name(option):
    with pytest.raises(NotProvided, match=option.split("_")[0]):
        built(**{option: 1})


def test_publish_at_zero_is_now():
    assert built(publish_at=0, repeat_every=0)
