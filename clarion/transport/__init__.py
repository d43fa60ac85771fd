"""The two ways into Clarion, behind one interface: straight to Redis, and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from clarion.message import DeliveryOptions, MessageStatus, PublishOptions
from clarion.message.option import Instant
from clarion.message.registration import DeviceRegistration
from clarion.schedule.appointment import Appointment, Timetable


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

    def pause(self, message_id: str) -> MessageStatus:
        """Send nothing more of a message until it is resumed."""

    def resume(self, message_id: str) -> MessageStatus:
        """Go on with a paused message."""

    def reschedule(self, message_id: str, publish_at: Instant, time_zone: str | None) -> MessageStatus:
        """Give a message that has not started another time; None is refused."""

    def schedules(self, limit: int) -> list[Appointment]:
        """What waits for a time, the soonest first, at most `limit` of them; then as many paused ones."""

    def schedule(self, message_id: str, limit: int) -> Timetable:
        """A message's time, at most `limit` of its runs so far, and as many of the next."""

    def preview(self, delivery: DeliveryOptions, limit: int) -> list[int]:
        """When (epoch ms) a publish with these options would start."""

    def register(self, registration: dict[str, Any]) -> str:
        """Register a device from its wire form (`deviceToken`, `deviceId`, `os`, …); returns the registration's id."""

    def registrations(self, device_id: str) -> list[DeviceRegistration]:
        """The registration of a device, as a list of one."""

    def unregister(self, device_id: str, channels: Sequence[str] | None) -> None:
        """Unregister a device from `channels`, or wholly when that is None."""

    def close(self) -> None:
        """Give the connections back."""
