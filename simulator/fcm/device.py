"""What FCM does for one device: how many messages it takes, and how many it keeps while the device is off."""

from __future__ import annotations

import msgspec

from simulator.fcm import schema
from simulator.provider import Provider
from simulator.quota import HOUR_S, MINUTE_S
from simulator.shelf import Shelf

PER_MINUTE, PER_HOUR = 240, 5_000
COLLAPSE_KEYS_MAX, OTHERS_MAX = 4, 100
TTL_S = 28 * 86_400
#: Targets that are no device.
_MANY = ("topic:", "condition:")


def within_limits(provider: Provider, target: str, now: float) -> bool:
    """Take one message out of what a device gets in a minute and in an hour; False when that is spent."""
    if target.startswith(_MANY):
        return True
    return provider.within(f"{target}:minute", PER_MINUTE, MINUTE_S, now) and provider.within(
        f"{target}:hour", PER_HOUR, HOUR_S, now
    )


def shelf() -> Shelf:
    """Return a place for the messages of devices that are off."""
    return Shelf(COLLAPSE_KEYS_MAX, OTHERS_MAX)


def shelf_life(body: bytes, now: float) -> tuple[str | None, float]:
    """Return the collapse key of a valid request for an Android device, and the epoch second until which it is kept."""
    request, _ = schema.normalise(msgspec.json.decode(body))
    android = request["message"].get("android") or {}
    return android.get("collapse_key") or None, now + float(android.get("ttl", f"{TTL_S}s")[:-1])
