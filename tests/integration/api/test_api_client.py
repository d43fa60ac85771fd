"""Clarion's own client over HTTP."""

from __future__ import annotations

import pytest

from clarion import DeliveryOptions, Messaging, PublishOptions, PublishPolicy, PublishStatus, PushBroadcast
from clarion.errors import InvalidField, NotProvided, UnknownDevice, UnknownMessage, WrongApplication

ADMIN = "admin-key-0123456789"


@pytest.fixture
def messaging(api):
    with Messaging(api.url, app_id="demo", api_key=ADMIN) as opened:
        yield opened


def test_a_publish_arrives_whole_and_is_cancelled(api, messaging):
    status = messaging.publish(
        {"a": 1},
        "my chan é",
        PublishOptions(publisher_id="p", headers={"android-content-title": "T"}),
        DeliveryOptions(
            publish_policy=PublishPolicy.PUSH,
            push_broadcast=PushBroadcast.IOS | PushBroadcast.HMS,
            push_singlecast=["a/b"],
            ttl=60,
            priority="high",
            collapse_key="k",
            idempotency_key="once",
        ),
    )
    message = api.stored(status.message_id)
    assert (message.body, message.target.channel, message.target.devices) == ({"a": 1}, "my chan é", ("a/b",))
    assert message.target.broadcast == PushBroadcast.IOS | PushBroadcast.HMS
    assert (message.policy, message.ttl_s, message.priority, message.collapse_key) == ("PUSH", 60, "high", "k")
    assert status.status is messaging.get_message_status(status.message_id).status is PublishStatus.SCHEDULED
    assert messaging.cancel(status.message_id).status is PublishStatus.CANCELLED


def test_a_device_registers_and_unregisters(messaging):
    registration_id = messaging.register_device(
        "tok", "a/b", "IOS", channels=["x", "y"], environment="sandbox", time_zone="Europe/Paris"
    )
    [found] = messaging.get_registrations("a/b")
    assert (found.id, found.channels, found.environment) == (registration_id, ["x", "y"], "sandbox")
    assert found.time_zone == "Europe/Paris"
    messaging.unregister_device("a/b", ["x"])
    assert messaging.get_registrations("a/b")[0].channels == ["y"]
    messaging.unregister_device("a/b")
    with pytest.raises(UnknownDevice):
        messaging.get_registrations("a/b")


def test_a_time_zone_that_is_none_is_an_error_that_names_it(messaging):
    with pytest.raises(InvalidField, match=r"^Invalid timeZone: expected an IANA time zone") as caught:
        messaging.register_device("tok", "a/b", "IOS", time_zone="Mars/Phobos")
    assert caught.value.error_data["field"] == "timeZone"


def test_errors_come_back_as_their_classes(api, messaging):
    with pytest.raises(InvalidField) as caught:
        messaging.publish("x", "a/b")
    assert caught.value.error_data["field"] == "channel"
    with pytest.raises(NotProvided):
        messaging.publish("x", delivery_options=DeliveryOptions(segment_query="os='IOS'"))
    with pytest.raises(UnknownMessage):
        messaging.cancel("message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31")
    with Messaging(api.url, app_id="demo", api_key="wrong") as stranger, pytest.raises(WrongApplication):
        stranger.publish("x")
