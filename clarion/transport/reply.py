"""What a server answers, and what it means: a value of ours, or one of our errors."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import httpx
import msgspec

from clarion.errors import ClarionError, from_wire
from clarion.message import MessageStatus, PublishStatus
from clarion.message.registration import DeviceRegistration
from clarion.schedule.appointment import Appointment, Timetable

T = TypeVar("T")

_word = re.compile("[A-Z]")


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    status: str = "unknown"
    error_message: str | None = None


class _Registered(msgspec.Struct, frozen=True, rename="camel"):
    registration_id: str


class _Schedules(msgspec.Struct, frozen=True):
    schedules: list[Appointment]


class _Preview(msgspec.Struct, frozen=True):
    instants: list[int]


def read(reply: httpx.Response) -> Any:
    """The document that a server answered with; None when it is no JSON.

    Raises:
        ClarionError: it answered with an error; it is of the class that has the error's code.
    """
    try:
        document = msgspec.json.decode(reply.content)
    except msgspec.DecodeError:
        document = None
    if reply.is_success:
        return document
    if isinstance(document, dict) and isinstance(document.get("code"), int):
        raise from_wire(document["code"], str(document.get("message")), document.get("errorData") or {})
    raise ClarionError(f"The server answered {reply.status_code} without an error code.")


def status(document: Any) -> MessageStatus:
    """Where a message stands. These raise ClarionError when the document is not what it should be."""
    reply = _convert(document, _Status)
    return MessageStatus(
        message_id=reply.message_id, status=_publish_status(reply.status), error_message=reply.error_message
    )


def registration_id(document: Any) -> str:
    """What a registration came to."""
    return _convert(document, _Registered).registration_id


def registrations(document: Any) -> list[DeviceRegistration]:
    """The registrations of a device."""
    return _convert(document, list[DeviceRegistration])


def schedules(document: Any) -> list[Appointment]:
    """What waits for a time."""
    return _convert(_snake(document), _Schedules).schedules


def timetable(document: Any) -> Timetable:
    """A message's time."""
    return _convert(_snake(document), Timetable)


def instants(document: Any) -> list[int]:
    """When a publish would start."""
    return _convert(document, _Preview).instants


def _convert(document: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError:
        # Without its words, which may quote a token.
        raise ClarionError("The server's answer is not one of a Clarion server that this release knows.") from None


def _snake(document: Any) -> Any:
    """The document with its members' names as Python spells them."""
    if isinstance(document, list):
        return [_snake(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {_word.sub(lambda found: f"_{found[0].lower()}", name): _snake(each) for name, each in document.items()}


def _publish_status(word: str) -> PublishStatus:
    word = word.upper().replace("-", "_")
    try:
        return PublishStatus("CANCELLED" if word == "CANCELED" else word)
    except ValueError:  # a later release's
        return PublishStatus.UNKNOWN
