"""What a device is indexed by. The one place that says so."""

from __future__ import annotations

from functools import lru_cache

from clarion.registry.device import OS, Device
from clarion.registry.record import Record


def os_term(os: OS) -> str:
    """The term of an operating system."""
    return f"os:{os.value}"


def channel_term(name: str) -> str:
    """The term of a channel."""
    return f"channel:{name}"


def terms(device: Device | Record) -> tuple[str, ...]:
    """The terms of a device."""
    return _terms(device.os, device.channels)


@lru_cache(maxsize=65_536)
def _terms(os: OS, channels: tuple[str, ...]) -> tuple[str, ...]:
    return (os_term(os), *map(channel_term, channels))
