"""The simulated devices: on three channels and six operating systems, some with a token that is dead by script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from clarion.registry import OS, Device

#: Who is on which channels, by the last digit of the number.
_CHANNELS = (
    ("default", "offers"),
    *(("default",),) * 3,
    *(("default", "news"),) * 2,
    *(("news",),) * 3,
    ("offers",),
)
#: Who has which system, by the remainder of the number. Their number is prime to the ten that channels go by.
_SYSTEMS = (OS.ANDROID, OS.IOS, OS.ANDROID, OS.WEB, OS.OSX, OS.HMS, OS.WP)
#: One device in so many has a dead token. Prime to the ten and the seven.
_ONE_DEAD_IN = 31
_A_DEAD_ONE = 3
#: What makes the simulator answer that a token is dead, by the system that it is of. Huawei tells of a dead token only
#: beside living ones, so those live.
_DEAD = {
    OS.ANDROID: "sim:UNREGISTERED",
    OS.IOS: "sim:Unregistered",
    OS.OSX: "sim:Unregistered",
    OS.WEB: "sim:errno_103",
    OS.WP: "sim:GONE",
}


def population(count: int, now_ms: int, announced: Mapping[str, Any]) -> list[Device]:
    """`count` devices that register at `now_ms` (epoch milliseconds); always the same ones.

    Args:
        count: how many.
        now_ms: when.
        announced: what the simulator said of its providers: addresses, and the keys of its browsers.
    """
    return [_device(number, now_ms, announced) for number in range(count)]


def is_dead(device: Device) -> bool:
    """Whether the simulator will call the device's token dead."""
    return _number(device) % _ONE_DEAD_IN == _A_DEAD_ONE and device.os in _DEAD


def arrival(device: Device) -> str:
    """What the simulator's ledger calls the device's token."""
    if device.os is OS.WEB:
        return str(urlsplit(json.loads(device.token)["endpoint"]).path)
    if device.os is OS.WP:
        return urlsplit(device.token).query.removeprefix("token=")
    return device.token


def _number(device: Device) -> int:
    return int(device.device_id.rpartition("-")[2])


def _device(number: int, now_ms: int, announced: Mapping[str, Any]) -> Device:
    os, name = _SYSTEMS[number % len(_SYSTEMS)], f"demo-token-{number:08}"
    if number % _ONE_DEAD_IN == _A_DEAD_ONE and os in _DEAD:
        name = f"{_DEAD[os]}:{name}"
    return Device(
        token=_token(os, name, announced),
        device_id=f"demo-device-{number:08}",
        os=os,
        channels=_CHANNELS[number % len(_CHANNELS)],
        registered_at=now_ms,
    )


def _token(os: OS, name: str, announced: Mapping[str, Any]) -> str:
    """A token in the form of its provider: APNs' are hexadecimal, a browser's is a subscription, Windows' a URL."""
    if os in (OS.IOS, OS.OSX):
        return name.encode().hex()
    if os is OS.WEB:
        browser = announced["webpush"]
        keys = {"p256dh": browser["p256dh"], "auth": browser["auth"]}
        return json.dumps({"endpoint": f"{browser['origin']}/push/{name}", "keys": keys})
    if os is OS.WP:
        return f"{announced['wns']['origin']}/w/?token={name}"
    return name
