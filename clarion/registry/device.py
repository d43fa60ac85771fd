"""A registered device, as callers see it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class OS(StrEnum):
    """Operating systems, in the words of the wire."""

    #: iPhone and iPad, through APNs.
    IOS = "IOS"
    #: Through FCM.
    ANDROID = "ANDROID"
    #: Windows, through WNS.
    WP = "WP"
    #: macOS, through APNs.
    OSX = "OSX"
    #: Browsers, through Web Push.
    WEB = "WEB"
    #: Huawei, through HMS.
    HMS = "HMS"

    # Enum's own is written in Python, and every registration asks several times.
    __hash__ = str.__hash__


class Device(msgspec.Struct, frozen=True, gc=False):
    """One device and what it registered for.

    Attributes:
        token: the provider's address of the device.
        device_id: the app's name for it.
        os: which provider it is reached through.
        os_version: as the device said.
        channels: one or more names, without repetition.
        registered_at: epoch milliseconds of the latest registration.
        expires_at: epoch milliseconds from which on the registration counts no more, or None.
        user_id: who uses it, or None.
        properties: any JSON object the app keeps with it.
        environment: which of the provider's environments the token belongs to; None is the application's own.
        zone: IANA name of the time zone it is in; None is the application's own.
    """

    token: str
    device_id: str
    os: OS
    os_version: str = ""
    channels: tuple[str, ...] = ("default",)
    registered_at: int = 0
    expires_at: int | None = None
    user_id: str | None = None
    properties: dict[str, Any] = {}
    environment: str | None = None
    zone: str | None = None

    def expired(self, now_ms: int) -> bool:
        """Whether the registration has ended by `now_ms` (epoch milliseconds)."""
        return self.expires_at is not None and self.expires_at <= now_ms
