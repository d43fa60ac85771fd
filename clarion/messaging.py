"""What a web app imports: publish, status, cancel, when messages are due, and the registrations of devices."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from clarion.app import Limits
from clarion.argument import check_limit, check_names, check_publish
from clarion.callback import AsyncCallback
from clarion.errors import InvalidField
from clarion.message import DeliveryOptions, MessageStatus, PublishOptions
from clarion.message.message import check_message_id
from clarion.message.option import Moment
from clarion.message.registration import DeviceRegistration
from clarion.schedule.appointment import Appointment, Timetable
from clarion.transport.way import open_transport

#: Calls in flight at once of the awaitable and the non-blocking forms.
CONCURRENCY = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Messaging:
    """One application's door to Clarion; safe to share between threads.

    >>> messaging = Messaging("redis://localhost:6379/0", app_id="demo")      # doctest: +SKIP
    >>> messaging.publish("Hello", "news", PublishOptions(headers={"android-content-title": "News"}))  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str,
        *,
        app_id: str,
        api_key: str | None = None,
        registry_url: str | None = None,
        broker_url: str | None = None,
        ca_bundle: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Open a way in; nothing is sent until the first call.

        Args:
            url: `redis://…` or `rediss://…` goes straight to the store, `http://…` or `https://…` through the HTTP API.
            app_id: the application: 1 to 64 letters, digits, `-` and `_`.
            api_key: its key; needed over HTTP.
            registry_url: the device registry's Redis, where it is not the same.
            broker_url: Celery's broker, where it is not the same Redis.
            ca_bundle: authorities (PEM) to trust over HTTPS instead of the system's.
            limits: how much one call may ask for, straight to the store: the apps file, which says it to the server,
                is not read here. None is the defaults. Over HTTP the server's own apply.

        Raises:
            Misconfigured: the URL's scheme is not one of these, the id is no application's, or a key is missing.
        """
        self._transport = open_transport(
            url,
            app_id,
            api_key,
            registry_url=registry_url,
            broker_url=broker_url,
            ca_bundle=ca_bundle,
            limits=limits,
        )
        self._executor = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="clarion")

    def publish(
        self,
        message: Any,
        channel_name: str | None = None,
        publish_options: PublishOptions | None = None,
        delivery_options: DeliveryOptions | None = None,
    ) -> MessageStatus:
        """Publish to a channel, to operating systems, or to single devices.

        Args:
            message: any JSON value.
            channel_name: created when it does not exist; None is the channel `default`.
            publish_options: publisher, subtopic, and the headers that control the appearance.
            delivery_options: who, when, and how hard to try.

        Returns:
            The message's id, and SCHEDULED: delivery has not begun when this returns.

        Raises:
            InvalidField: names the argument and what was expected of it; nothing is stored.
            PermissionDenied: the key may not publish there.
            Unavailable: the store or server cannot be reached; with an idempotency key the call may be repeated.
        """
        check_publish(channel_name, publish_options, delivery_options)
        return self._transport.publish(
            message, channel_name, publish_options or PublishOptions(), delivery_options or DeliveryOptions()
        )

    def publish_nowait(
        self,
        message: Any,
        channel_name: str | None = None,
        publish_options: PublishOptions | None = None,
        delivery_options: DeliveryOptions | None = None,
        responder: AsyncCallback[MessageStatus] | None = None,
    ) -> Future[MessageStatus]:
        """`publish` without waiting: returns a future, and reports to `responder` from another thread."""
        future = self._executor.submit(self.publish, message, channel_name, publish_options, delivery_options)
        if responder is not None:
            future.add_done_callback(responder.report)
        return future

    def get_message_status(self, message_id: str) -> MessageStatus:
        """Where a message stands.

        Raises:
            UnknownMessage: this application has no such message.
        """
        return self._transport.status(check_message_id(message_id))

    def cancel(self, message_id: str) -> MessageStatus:
        """Cancel a message that is scheduled or under way; what is in flight still arrives.

        Of a repeated message, the runs to come and those under way are cancelled. A run, which is a message of its own,
        may also be cancelled alone.

        Raises:
            UnknownMessage: there is no such message, or it is already cancelled or over.
        """
        return self._transport.cancel(check_message_id(message_id))

    def pause(self, message_id: str) -> MessageStatus:
        """Send nothing more of a message, nor of its runs, until it is resumed; what is in flight still arrives.

        Raises:
            UnknownMessage: there is no such message, or it is cancelled or over.
        """
        return self._transport.pause(check_message_id(message_id))

    def resume(self, message_id: str) -> MessageStatus:
        """Go on with a paused message where it stood; what became due meanwhile starts at once.

        Raises:
            UnknownMessage: there is no such message, or it is cancelled or over.
        """
        return self._transport.resume(check_message_id(message_id))

    def reschedule(self, message_id: str, publish_at: Moment, time_zone: str | None = None) -> MessageStatus:
        """Give a message that has not started another time; the runs of a repeated one begin anew from there.

        One that is sent by each device's own clock starts when the first clocks show its time, those of UTC+14.

        Args:
            message_id: as `publish` returned it.
            publish_at: in the forms of `DeliveryOptions.publish_at`; 0 is now, and None is refused.
            time_zone: IANA name of the zone of a time without an offset.

        Raises:
            InvalidSchedule: the time cannot be used; nothing has changed.
            InvalidRepeat: the repetition has expired by then.
            UnknownMessage: there is no such message, or it has started, or is cancelled or over.
        """
        return self._transport.reschedule(check_message_id(message_id), publish_at, time_zone)

    def schedules(self, limit: int = 50) -> list[Appointment]:
        """What waits for a time: at most `limit` (1 to 1000), the soonest first, and then as many paused messages."""
        return self._transport.schedules(check_limit(limit))

    def schedule(self, message_id: str, limit: int = 20) -> Timetable:
        """When a message is due, at most `limit` (1 to 1000) of its runs that were, and as many of those to come.

        Raises:
            UnknownMessage: there is no such message.
        """
        return self._transport.schedule(check_message_id(message_id), check_limit(limit))

    def preview(self, delivery_options: DeliveryOptions, limit: int = 10) -> list[datetime]:
        """When a publish with these options would start, without publishing it.

        Args:
            delivery_options: as for `publish`.
            limit: so many runs at most, 1 to 1000.

        Returns:
            Aware datetimes in UTC; with `local_time` naive ones, which are what each device's own clock shows.

        Raises:
            InvalidField: as `publish` would.
        """
        if not isinstance(delivery_options, DeliveryOptions):
            raise InvalidField("delivery_options", "DeliveryOptions")
        instants = self._transport.preview(delivery_options, check_limit(limit))
        found = [_EPOCH + timedelta(milliseconds=ms) for ms in instants]
        return [each.replace(tzinfo=None) for each in found] if delivery_options.local_time else found

    def register_device(
        self,
        device_token: str,
        device_id: str,
        os: str,
        *,
        channels: Sequence[str] | None = None,
        os_version: str | None = None,
        expiration: datetime | int | None = None,
        user_id: str | None = None,
        properties: dict[str, Any] | None = None,
        environment: str | None = None,
        time_zone: str | None = None,
    ) -> str:
        """Register a device, or replace its registration; returns the registration's id.

        Args:
            device_token: the provider's address of the device.
            device_id: the app's own name for it.
            os: IOS, ANDROID, WP, OSX, WEB or HMS.
            channels: created when they do not exist; None is `default`.
            os_version: as the device tells it.
            expiration: when the registration ends: an aware datetime, or epoch seconds or milliseconds.
            user_id: the user it belongs to.
            properties: free JSON object.
            environment: where an APNs token belongs, `production` or `sandbox`; None is the application's own, or
                what is known of the token already.
            time_zone: IANA name of the zone it is in, such as `Europe/Paris`; None is the application's own.

        Raises:
            InvalidField: names the argument and what was expected of it; nothing is stored.
        """
        ends = int(expiration.timestamp() * 1000) if isinstance(expiration, datetime) else expiration
        fields = {
            "deviceToken": device_token,
            "deviceId": device_id,
            "os": os,
            "osVersion": os_version,
            "channels": None if channels is None else check_names(channels),
            "expiration": ends,
            "userId": user_id,
            "properties": properties,
            "environment": environment,
            "timeZone": time_zone,
        }
        return self._transport.register({name: value for name, value in fields.items() if value is not None})

    def get_registrations(self, device_id: str) -> list[DeviceRegistration]:
        """The registration of a device, as a list of one.

        Raises:
            UnknownDevice: there is none, or it has expired.
        """
        return self._transport.registrations(device_id)

    def unregister_device(self, device_id: str, channels: Sequence[str] | None = None) -> None:
        """Unregister a device from `channels`; from all of them, and wholly, when that is None.

        Raises:
            InvalidField: `channels` names none.
            UnknownDevice: there is no such device.
        """
        names = None if channels is None else check_names(channels)
        if names == []:
            raise InvalidField("channels", "one channel at least, or None for all of them")
        self._transport.unregister(device_id, names)

    def close(self) -> None:
        """Wait for the non-blocking calls, then give the connections back."""
        self._executor.shutdown()
        self._transport.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
