"""The options of a publish, in Backendless' vocabulary (`PublishOptions`, `DeliveryOptions`)."""

from __future__ import annotations

from datetime import datetime
from enum import IntFlag, StrEnum
from typing import Any

import msgspec

from clarion.message.appearance import Appearance

DEFAULT_CHANNEL = "default"


class PublishPolicy(StrEnum):
    """Who hears of a message."""

    #: Registered devices.
    PUSH = "PUSH"
    #: Live listeners of the channel.
    PUBSUB = "PUBSUB"
    #: Both.
    BOTH = "BOTH"


class PushBroadcast(IntFlag):
    """Operating systems to address. The first four bits are Backendless'; WEB and HMS are Clarion's."""

    IOS = 1
    ANDROID = 2
    WP = 4
    OSX = 8
    WEB = 16
    HMS = 32


#: Everybody, whatever the operating system.
BROADCAST_ALL = PushBroadcast(63)
#: The operating systems by name, as callers write them; ALL among them.
BROADCAST_NAMES = {str(os.name): os for os in PushBroadcast} | {"ALL": BROADCAST_ALL}


class PublishOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with the message.

    Attributes:
        publisher_id: any string that identifies the publisher.
        subtopic: dot-separated, for live listeners.
        headers: string pairs; the push headers among them (`android-content-title`, …) control the appearance.
        appearance: how it looks on every system; None leaves it to headers and the message.
        raw: provider (`fcm`, `apns`, `webpush`, `wns`, `hms`) -> members of its own payload, which replace ours.
    """

    publisher_id: str | None = None
    subtopic: str | None = None
    headers: dict[str, str] = {}
    appearance: Appearance | None = None
    raw: dict[str, dict[str, Any]] = {}


class DeliveryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """To whom, when, and how hard to try.

    Attributes:
        publish_policy: devices, live listeners, or both.
        push_broadcast: operating systems to address; None is all of them.
        push_singlecast: ids of single devices. They are addressed whatever channel they are on.
        publish_at: when to start: an aware datetime, epoch milliseconds, or ISO 8601; None or 0 is now.
        repeat_every: seconds between repetitions.
        repeat_expires_at: when to stop repeating, in the forms of `publish_at`.
        segment_query: a where clause over devices.
        ttl: whole seconds, from 1, after which a device that was not reached is given up; None is the provider's
            maximum.
        priority: `high` or `normal`; None is high for what is shown, normal for what is silent.
        collapse_key: messages with the same key replace each other on a device that was offline.
        idempotency_key: a second publish with the same key and content is the first one.
    """

    publish_policy: PublishPolicy = PublishPolicy.BOTH
    push_broadcast: PushBroadcast | None = None
    push_singlecast: list[str] = []
    publish_at: datetime | int | str | None = None
    repeat_every: int | None = None
    repeat_expires_at: datetime | int | str | None = None
    segment_query: str | None = None
    ttl: int | None = None
    priority: str | None = None
    collapse_key: str | None = None
    idempotency_key: str | None = None
