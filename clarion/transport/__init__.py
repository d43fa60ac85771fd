"""The two ways into Clarion, behind one interface: straight to Redis, and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from clarion.message import DeliveryOptions, MessageStatus, PublishOptions
from clarion.message.registration import DeviceRegistration


class Transport(Protocol):
    """What a way in can do for one application. Every method raises `clarion.errors.ClarionError`."""

    def publish(
        self, body: Any, channel: str | None, publish: PublishOptions, delivery: DeliveryOptions
    ) -> MessageStatus:
        """Accept one publish."""

    def status(self, message_id: str) -> MessageStatus:
        """Where a message stands."""

    def cancel(self, message_id: str) -> MessageStatus:
        """Cancel a message that is not over."""

    def register(self, registration: dict[str, Any]) -> str:
        """Register a device from its wire form (`deviceToken`, `deviceId`, `os`, …); returns the registration's id."""

    def registrations(self, device_id: str) -> list[DeviceRegistration]:
        """The registration of a device, as a list of one."""

    def unregister(self, device_id: str, channels: Sequence[str] | None) -> None:
        """Unregister a device from `channels`, or wholly when that is None."""

    def close(self) -> None:
        """Give the connections back."""
