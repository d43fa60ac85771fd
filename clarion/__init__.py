"""Clarion: push notifications from a task queue, with books that close."""

from __future__ import annotations

from clarion.awaitable import AsyncMessaging
from clarion.calendar.repeat import Repeat
from clarion.callback import AsyncCallback
from clarion.errors import ClarionError
from clarion.message import (
    Appearance,
    Button,
    DeliveryOptions,
    MessageStatus,
    Misfire,
    PublishOptions,
    PublishPolicy,
    PublishStatus,
    PushBroadcast,
)
from clarion.message.registration import DeviceRegistration
from clarion.messaging import Messaging
from clarion.schedule.appointment import Appointment, Run, Timetable

__all__ = [
    "Appearance",
    "Appointment",
    "AsyncCallback",
    "AsyncMessaging",
    "Button",
    "ClarionError",
    "DeliveryOptions",
    "DeviceRegistration",
    "MessageStatus",
    "Messaging",
    "Misfire",
    "PublishOptions",
    "PublishPolicy",
    "PublishStatus",
    "PushBroadcast",
    "Repeat",
    "Run",
    "Timetable",
]
