"""Straight to Redis: what a web app beside the stores uses, and what the HTTP API itself stands on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from clarion.accept import accept
from clarion.app import App
from clarion.clock import wall_clock_ms
from clarion.errors import InvalidSchedule, UnknownDevice
from clarion.message import DeliveryOptions, MessageStatus, PublishOptions, PublishStatus
from clarion.message.option import Instant
from clarion.message.registration import DeviceRegistration
from clarion.providers.check import Served, served_by
from clarion.providers.token import check_token
from clarion.registry import Device, find, register, unregister
from clarion.registry.registration import parse
from clarion.schedule import control
from clarion.schedule.appointment import Appointment, Timetable
from clarion.schedule.timetable import appointments, preview, timetable
from clarion.standing import Standing, introduced
from clarion.status import Progress
from clarion.status import read as read_progress
from clarion.storage import Storage

#: Registration ids are derived, so that the same device has the same id for ever: UUIDs under this namespace.
_NAMESPACE = uuid.UUID("6f2d2b0e-9a4e-5f0b-8a43-3a0c9d1f7c55")
#: For so long is not asked again which credentials workers introduced: they change with the apps file.
_INTRODUCED_MS = 60_000


class DirectTransport:
    """One application's way to the stores."""

    def __init__(
        self,
        storage: Storage,
        app: App,
        *,
        broker_url: str | None = None,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        """Use `storage` for `app`; `broker_url` is needed when Celery's queues do not live on `storage.main`.

        An app without credentials, as a web app has it, is served by those that workers introduced.
        """
        self._storage = storage
        self._app = app
        self._broker_url = broker_url
        self._clock = clock
        self._own = served_by(app)
        self._introduced: tuple[int, Mapping[str, Served]] | None = None

    def publish(
        self, body: Any, channel: str | None, publish: PublishOptions, delivery: DeliveryOptions
    ) -> MessageStatus:
        """Accept one publish: one call of one script, and each minute a look at whom workers introduced."""
        return accept(
            self._storage,
            self._app,
            body,
            channel,
            publish,
            delivery,
            now_ms=self._clock(),
            broker_url=self._broker_url,
            served=self._served,
        )

    def status(self, message_id: str) -> MessageStatus:
        """Where a message stands."""
        return self.progress(message_id).status

    def progress(self, message_id: str) -> Progress:
        """Where a message stands, with its books."""
        return read_progress(self._storage, self._app.id, message_id)

    def cancel(self, message_id: str) -> MessageStatus:
        """Cancel a message that is not over."""
        control.cancel(self._storage, self._app.id, message_id, now_ms=self._clock(), broker_url=self._broker_url)
        return MessageStatus(message_id=message_id, status=PublishStatus.CANCELLED)

    def pause(self, message_id: str) -> MessageStatus:
        """Send nothing more of a message until it is resumed."""
        control.pause(self._storage, self._app.id, message_id)
        return self.status(message_id)

    def resume(self, message_id: str) -> MessageStatus:
        """Go on with a paused message."""
        control.resume(self._storage, self._app.id, message_id, now_ms=self._clock(), broker_url=self._broker_url)
        return self.status(message_id)

    def reschedule(self, message_id: str, publish_at: Instant, time_zone: str | None) -> MessageStatus:
        """Give a message that has not started another time."""
        if publish_at is None:  # a slip of the pen must not send it at once
            raise InvalidSchedule("publishAt", "a time; 0 is now")
        control.reschedule(self._storage, self._app, message_id, publish_at, time_zone, now_ms=self._clock())
        return self.status(message_id)

    def schedules(self, limit: int) -> list[Appointment]:
        """What waits for a time, the soonest first."""
        return appointments(self._storage, self._app.id, limit)

    def schedule(self, message_id: str, limit: int) -> Timetable:
        """A message's time, its runs so far, and the next."""
        return timetable(self._storage, self._app.id, message_id, now_ms=self._clock(), limit=limit)

    def preview(self, delivery: DeliveryOptions, limit: int) -> list[int]:
        """When a publish with these options would start."""
        return preview(delivery, self._app.limits, now_ms=self._clock(), limit=limit)

    def register(self, fields: dict[str, Any]) -> str:
        """Register a device, or renew its registration."""
        device = parse(fields, now_ms=self._clock())
        check_token(self._app, device.os, device.token)
        register(self._storage, self._app.id, [device])
        return self._registration_id(device.device_id)

    def registrations(self, device_id: str) -> list[DeviceRegistration]:
        """The registration of a device, as a list of one."""
        (found,) = find(self._storage, self._app.id, [device_id], now_ms=self._clock())
        if found is None:
            raise UnknownDevice(device_id)
        return [self._registration(found[1])]

    def unregister(self, device_id: str, channels: Sequence[str] | None) -> None:
        """Unregister a device from `channels`, or wholly when that is None."""
        unregister(self._storage, self._app.id, device_id, channels, now_ms=self._clock())

    def close(self) -> None:
        """Close the stores' connections."""
        self._storage.close()

    def _served(self) -> Mapping[str, Served]:
        if self._own:
            return self._own
        now_ms, known = self._clock(), self._introduced
        if known is None or now_ms - known[0] >= _INTRODUCED_MS:
            known = self._introduced = now_ms, _served_with(introduced(self._storage, self._app.id))
        return known[1]

    def _registration_id(self, device_id: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._app.id}/{device_id}")).upper()

    def _registration(self, device: Device) -> DeviceRegistration:
        return DeviceRegistration(
            id=self._registration_id(device.device_id),
            device_id=device.device_id,
            device_token=device.token,
            os=device.os,
            os_version=device.os_version,
            channels=list(device.channels),
            expiration=device.expires_at,
            user_id=device.user_id,
            properties=device.properties,
            environment=device.environment,
            time_zone=device.zone,
        )


def _served_with(credentials: Iterable[Standing]) -> dict[str, Served]:
    """Who serves which operating system, by the credentials that workers introduced."""
    return {os: Served(each.provider, each.style) for each in credentials for os in each.systems}
