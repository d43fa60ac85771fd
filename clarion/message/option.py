"""The options of a publish, in Backendless' vocabulary (`PublishOptions`, `DeliveryOptions`)."""

from __future__ import annotations

from datetime import datetime
from enum import IntFlag, StrEnum
from typing import Any, TypeAlias

import msgspec

from clarion.calendar.repeat import Misfire
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


#: A point in time as callers give it: a datetime, epoch milliseconds, or ISO 8601; 0 is now.
Moment: TypeAlias = datetime | float | str
#: The same, and None for now.
Instant: TypeAlias = Moment | None


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
        publish_at: when to start: a datetime, epoch milliseconds, or ISO 8601; None or 0 is now. Without an offset it
            is a wall clock's time, and `time_zone` or `local_time` must say whose.
        time_zone: IANA name of the zone of times without an offset, and of `repeat_cron`; None is UTC for that.
        repeat_every: whole seconds between the starts of two runs, 366 days at most; the first is at `publish_at`. None
            or 0 is no repetition.
        repeat_cron: five fields of cron, or an alias such as `@daily`, instead of `repeat_every`; the first run is at
            `publish_at` or the first match after it.
        repeat_expires_at: no run starts then or later; in the forms of `publish_at`. None or 0 is never.
        repeat_count: so many runs at most, from 1 to 1 000 000; None is without end.
        misfire: what becomes of a repetition's runs that nobody started in time.
        local_time: `publish_at`, which it needs, `repeat_cron` and `repeat_expires_at` are what each device's own clock
            shows: an offset is ignored, and a number of milliseconds is read as UTC shows it. The message, or a run,
            starts when the first clocks show its time, those of UTC+14, 14 hours before UTC's do: from then on it can
            no longer be rescheduled, and its audience is fixed.
        quiet_hours: `22:00-08:00`: nothing is sent then by each device's own clock, but after it; `none` is no such
            time; None is what the application's file says.
        freeze_audience: who is addressed is settled when it is published, not when it is sent.
        rate_per_s: devices a second at most, from 0.01 to 1 000 000.
        spread_over: whole seconds over which the audience is spread evenly, seven days at most, instead of a rate.
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
    publish_at: Instant = None
    time_zone: str | None = None
    repeat_every: int | None = None
    repeat_cron: str | None = None
    repeat_expires_at: Instant = None
    repeat_count: int | None = None
    misfire: Misfire = Misfire.COALESCE
    local_time: bool = False
    quiet_hours: str | None = None
    freeze_audience: bool = False
    rate_per_s: float | None = None
    spread_over: int | None = None
    segment_query: str | None = None
    ttl: int | None = None
    priority: str | None = None
    collapse_key: str | None = None
    idempotency_key: str | None = None
