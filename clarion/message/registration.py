"""A device registration as a caller sees it."""

from __future__ import annotations

from typing import Any

import msgspec


class DeviceRegistration(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """One registered device; the field names on the wire are camel case.

    Attributes:
        id: the registration's own id.
        device_id: the app's name for the device.
        device_token: the provider's address of it.
        os: IOS, ANDROID, WP, OSX, WEB or HMS.
        os_version: as the device told it.
        channels: names of the channels it listens to.
        expiration: when the registration ends, epoch milliseconds; None is never.
        user_id: the user it belongs to.
        properties: free JSON object.
        environment: where the token belongs: `production` or `sandbox` at APNs; None is the application's own.
        time_zone: IANA name of the zone it is in; None is the application's own.
    """

    id: str
    device_id: str
    device_token: str
    os: str
    os_version: str | None = None
    channels: list[str] = []
    expiration: int | None = None
    user_id: str | None = None
    properties: dict[str, Any] = {}
    environment: str | None = None
    time_zone: str | None = None

    def __repr__(self) -> str:
        """Without the token: representations end up in logs."""
        return f"DeviceRegistration(device_id={self.device_id!r}, os={self.os!r}, channels={self.channels!r})"
