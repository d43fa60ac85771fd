"""The canonical form of a publish: validated once, stored once, read by everybody after."""

from __future__ import annotations

import re
import uuid
from functools import cache
from typing import Any

import msgspec

from clarion.calendar.hours import QuietHours
from clarion.calendar.repeat import Repeat
from clarion.errors import UnknownMessage
from clarion.message.appearance import PLAIN, Appearance
from clarion.message.option import BROADCAST_ALL, PublishPolicy, PushBroadcast

_MESSAGE_ID = re.compile("message:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}").fullmatch


@cache
def _names(mask: PushBroadcast) -> tuple[str, ...]:
    return tuple(str(os.name) for os in mask)


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is addressed: single devices by id, or a channel narrowed by operating systems and a where clause."""

    channel: str
    broadcast: PushBroadcast | None = None
    devices: tuple[str, ...] = ()
    segment: str | None = None

    def systems(self) -> tuple[str, ...]:
        """The names of the operating systems that are addressed."""
        return _names(self.broadcast or BROADCAST_ALL)


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One publish.

    Attributes:
        id: `message:` and a UUID, upper case.
        app: the application's id.
        body: what was published, any JSON value.
        target: the audience asked for.
        headers: string pairs.
        ttl_s: seconds after `begins_ms` at which an unreached device is EXPIRED; None is the provider's maximum.
        accepted_ms: epoch milliseconds.
        appearance: how it looks; `clarion.message.look.look` adds what the headers say.
        raw: provider -> what replaces the parts of its payload that have these names.
        starts_ms: when it is to be sent, epoch milliseconds; None is when it was accepted.
        local: `starts_ms` is what each device's own clock shows then, written down as if it were UTC.
        repeat: how it is repeated; each run is then a message of its own.
        parent: the repeated message whose run this is.
        frozen: the audience is that of the publish, not that of the sending.
        quiet: when nothing is to be sent, by each device's own clock; None is what its application says.
        rate_per_s: devices a second at most; None is as fast as the providers' budgets allow.
        spread_s: seconds over which its audience is spread, instead of a rate.
    """

    id: str
    app: str
    body: Any
    target: Target
    accepted_ms: int
    policy: PublishPolicy = PublishPolicy.BOTH
    publisher_id: str | None = None
    subtopic: str | None = None
    headers: dict[str, str] = {}
    ttl_s: int | None = None
    priority: str | None = None
    collapse_key: str | None = None
    appearance: Appearance = PLAIN
    raw: dict[str, dict[str, Any]] = {}
    starts_ms: int | None = None
    local: bool = False
    repeat: Repeat | None = None
    parent: str | None = None
    frozen: bool = False
    quiet: QuietHours | None = None
    rate_per_s: float | None = None
    spread_s: int | None = None

    @property
    def begins_ms(self) -> int:
        """When it is to be sent, epoch milliseconds; with `local`, what clocks show then."""
        return self.accepted_ms if self.starts_ms is None else self.starts_ms

    def expires_ms(self) -> int | None:
        """The instant (epoch ms) after which nothing of this is sent any more; with `local`, what clocks show then."""
        return None if self.ttl_s is None else self.begins_ms + self.ttl_s * 1000


def message_id_of(number: uuid.UUID) -> str:
    """The id of a message: `message:` and a UUID, upper case."""
    return f"message:{str(number).upper()}"


def check_message_id(value: Any) -> str:
    """The id itself, when it has the form that `message_id_of` gives.

    Raises:
        UnknownMessage: it is something else, which no message was ever called.
    """
    if isinstance(value, str) and _MESSAGE_ID(value):
        return value
    raise UnknownMessage(value if isinstance(value, str) else repr(value))


encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Message)


def decode(data: bytes) -> Message:
    """The message that `encode` wrote."""
    return _decoder.decode(data)
