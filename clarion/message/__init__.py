"""What a publish is: plain frozen data, from the options a caller gives to the status a caller reads."""

from __future__ import annotations

from clarion.calendar.repeat import Misfire
from clarion.message.appearance import Appearance, Button
from clarion.message.message import Message, Target
from clarion.message.option import (
    BROADCAST_ALL,
    BROADCAST_NAMES,
    DEFAULT_CHANNEL,
    DeliveryOptions,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)
from clarion.message.state import Outcome, State
from clarion.message.status import MessageStatus, PublishStatus

__all__ = [
    "BROADCAST_ALL",
    "BROADCAST_NAMES",
    "DEFAULT_CHANNEL",
    "Appearance",
    "Button",
    "DeliveryOptions",
    "Message",
    "MessageStatus",
    "Misfire",
    "Outcome",
    "PublishOptions",
    "PublishPolicy",
    "PublishStatus",
    "PushBroadcast",
    "State",
    "Target",
]
