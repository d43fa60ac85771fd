"""From what a device sends to a `Device`: whatever is wrong with a registration is found here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.app import APNsEnvironment
from clarion.calendar.zone import is_zone
from clarion.errors import InvalidField
from clarion.message.channel import check_channel, is_text
from clarion.message.option import DEFAULT_CHANNEL
from clarion.registry.device import OS, Device

TOKEN_MAX_BYTES = 4096
TEXT_MAX = 255
CHANNELS_MAX = 100
PROPERTIES_MAX = 64
PROPERTIES_MAX_BYTES = 2048
#: SDKs send seconds or milliseconds. As seconds this is the year 5138, as milliseconds it is 1973.
_SECONDS_BELOW = 1e11
_EXPIRATION_MAX_MS = 1e14

_DEFAULT_CHANNELS = (DEFAULT_CHANNEL,)
_SYSTEMS = {os.value: os for os in OS}
_ENVIRONMENTS = frozenset(environment.value for environment in APNsEnvironment)


def parse(fields: Mapping[str, Any], *, now_ms: int) -> Device:
    """The device that registers, from untrusted fields.

    Args:
        fields: `deviceToken`, `deviceId`, `os`, and optionally `osVersion`, `channels`, `expiration` (seconds or
            milliseconds), `userId`, `properties`, `environment`, `timeZone`. Others are ignored.
        now_ms: epoch milliseconds, the time of the registration.

    Raises:
        InvalidField: names the field and what was expected of it.
    """
    get = fields.get
    return Device(
        _token(get("deviceToken")),
        _device_id(get("deviceId")),
        _os(get("os")),
        _os_version(get("osVersion")),
        _channels(get("channels")),
        now_ms,
        _expiration(get("expiration"), now_ms),
        _user_id(get("userId")),
        _properties(get("properties")),
        _environment(get("environment")),
        _zone(get("timeZone")),
    )


def _token(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= TOKEN_MAX_BYTES:
        return value
    raise InvalidField("deviceToken", f"a string of 1 to {TOKEN_MAX_BYTES} bytes of printable characters")


def _device_id(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value) <= TEXT_MAX and is_text(value):
        return value
    raise InvalidField("deviceId", f"a string of 1 to {TEXT_MAX} characters without control characters")


def _os(value: Any) -> OS:
    os = _SYSTEMS.get(value.upper()) if isinstance(value, str) else None
    if os is None:
        raise InvalidField("os", f"one of {', '.join(OS)}")
    return os


def _os_version(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and len(value) <= TEXT_MAX and is_text(value):
        return value
    raise InvalidField("osVersion", f"a string of at most {TEXT_MAX} characters, or a number")


def _channels(value: Any) -> tuple[str, ...]:
    if value is None or value == []:
        return _DEFAULT_CHANNELS
    if isinstance(value, list | tuple) and len(value) <= CHANNELS_MAX:
        return tuple(dict.fromkeys(map(check_channel, value))) or _DEFAULT_CHANNELS
    raise InvalidField("channels", f"a list of at most {CHANNELS_MAX} names of channels")


def _expiration(value: Any, now_ms: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        ms = value * 1000 if value < _SECONDS_BELOW else value
        if now_ms < ms <= _EXPIRATION_MAX_MS:
            return int(ms)
    raise InvalidField("expiration", "a date in the future, in seconds or milliseconds since 1970")


def _user_id(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= TEXT_MAX and is_text(value)):
        return value
    raise InvalidField("userId", f"a string of 1 to {TEXT_MAX} characters without control characters")


def _environment(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value in _ENVIRONMENTS):
        return value
    raise InvalidField("environment", f"one of {', '.join(sorted(_ENVIRONMENTS))}")


def _zone(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and is_zone(value):
        return value
    raise InvalidField("timeZone", "an IANA time zone such as Europe/Paris")


def _properties(value: Any) -> dict[str, Any]:
    if not value and (value is None or isinstance(value, dict)):
        return {}
    if isinstance(value, Mapping) and len(value) <= PROPERTIES_MAX:
        try:
            data = msgspec.json.encode(value)
            if len(data) <= PROPERTIES_MAX_BYTES:
                return _storable(msgspec.json.decode(data, type=dict[str, Any]))
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            pass
    raise InvalidField(
        "properties", f"a JSON object of at most {PROPERTIES_MAX} members and {PROPERTIES_MAX_BYTES} bytes"
    )


def _storable(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties themselves, when MessagePack can carry them: it has no integers beyond 64 bits."""
    msgspec.msgpack.encode(properties)
    return properties
