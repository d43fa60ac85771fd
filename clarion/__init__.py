"""Clarion: push notifications from a task queue, with books that close."""

from __future__ import annotations

from clarion.errors import ClarionError
from clarion.message import (
    Appearance,
    Button,
    DeliveryOptions,
    MessageStatus,
    PublishOptions,
    PublishPolicy,
    PublishStatus,
    PushBroadcast,
)
from clarion.message.registration import DeviceRegistration
from clarion.messaging import AsyncCallback, AsyncMessaging, Messaging

__all__ = [
    "Appearance",
    "AsyncCallback",
    "AsyncMessaging",
    "Button",
    "ClarionError",
    "DeliveryOptions",
    "DeviceRegistration",
    "MessageStatus",
    "Messaging",
    "PublishOptions",
    "PublishPolicy",
    "PublishStatus",
    "PushBroadcast",
]
