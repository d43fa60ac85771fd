"""What a web app imports: publish, status, cancel, and the registrations of devices."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar

from clarion.app import APP_ID, App, Limits
from clarion.errors import InvalidField, Misconfigured
from clarion.message import DeliveryOptions, MessageStatus, PublishOptions
from clarion.message.registration import DeviceRegistration
from clarion.transport import Transport

T = TypeVar("T")
P = ParamSpec("P")

#: Calls in flight at once of the awaitable and the non-blocking forms.
CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class AsyncCallback(Generic[T]):
    """What a non-blocking call reports to: `result` on success, `fault` with the error otherwise."""

    result: Callable[[T], object]
    fault: Callable[[BaseException], object]

    def _report(self, future: Future[T]) -> None:
        error = future.exception()
        if error is None:
            self.result(future.result())
        else:
            self.fault(error)


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
        if not isinstance(app_id, str) or not re.fullmatch(APP_ID, app_id):
            raise Misconfigured("Invalid app_id: expected 1 to 64 letters, digits, - and _.")
        if url.startswith(("redis://", "rediss://", "unix://")):
            self._transport = _direct(url, App(app_id, app_id, limits=limits or Limits()), registry_url, broker_url)
        elif url.startswith(("http://", "https://")):
            self._transport = _http(url, app_id, api_key, ca_bundle)
        else:
            raise Misconfigured("Invalid url: expected redis://, rediss://, unix://, http:// or https://.")
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
        _check_publish(channel_name, publish_options, delivery_options)
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
            future.add_done_callback(responder._report)  # noqa: SLF001  # the other half of one mechanism
        return future

    def get_message_status(self, message_id: str) -> MessageStatus:
        """Where a message stands.

        Raises:
            UnknownMessage: this application has no such message.
        """
        return self._transport.status(message_id)

    def cancel(self, message_id: str) -> MessageStatus:
        """Cancel a message that is scheduled or under way; what is in flight still arrives.

        Raises:
            UnknownMessage: there is no such message, or it is already cancelled or over.
        """
        return self._transport.cancel(message_id)

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

        Raises:
            InvalidField: names the argument and what was expected of it; nothing is stored.
        """
        ends = int(expiration.timestamp() * 1000) if isinstance(expiration, datetime) else expiration
        fields = {
            "deviceToken": device_token,
            "deviceId": device_id,
            "os": os,
            "osVersion": os_version,
            "channels": None if channels is None else _names(channels),
            "expiration": ends,
            "userId": user_id,
            "properties": properties,
            "environment": environment,
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
        names = None if channels is None else _names(channels)
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


class AsyncMessaging:
    """`Messaging` for an event loop: the same arguments, each method awaitable, none blocks the loop."""

    def __init__(
        self,
        url: str,
        *,
        app_id: str,
        api_key: str | None = None,
        limits: Limits | None = None,
        **where: str | None,
    ) -> None:
        """Open a way in, with the arguments of `Messaging`."""
        self._messaging = Messaging(url, app_id=app_id, api_key=api_key, limits=limits, **where)
        self.publish = _awaitable(self._messaging, self._messaging.publish)
        self.get_message_status = _awaitable(self._messaging, self._messaging.get_message_status)
        self.cancel = _awaitable(self._messaging, self._messaging.cancel)
        self.register_device = _awaitable(self._messaging, self._messaging.register_device)
        self.get_registrations = _awaitable(self._messaging, self._messaging.get_registrations)
        self.unregister_device = _awaitable(self._messaging, self._messaging.unregister_device)

    async def close(self) -> None:
        """Wait for the calls in flight, then give the connections back."""
        await asyncio.to_thread(self._messaging.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _awaitable(messaging: Messaging, method: Callable[P, T]) -> Callable[P, asyncio.Future[T]]:
    def call(*args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        return asyncio.wrap_future(messaging._executor.submit(partial(method, *args, **kwargs)))  # noqa: SLF001

    return call


def _check_publish(channel: Any, publish: Any, delivery: Any) -> None:
    """Pass when the arguments of a publish are of their kinds; their values are checked where they are used."""
    for field, value, kind, expected in (
        ("channel_name", channel, str, "a string"),
        ("publish_options", publish, PublishOptions, "PublishOptions"),
        ("delivery_options", delivery, DeliveryOptions, "DeliveryOptions"),
    ):
        if value is not None and not isinstance(value, kind):
            raise InvalidField(field, expected)


def _names(channels: Sequence[str]) -> list[str]:
    if isinstance(channels, str):
        raise InvalidField("channels", "a list of names of channels")
    return list(channels)


def _direct(url: str, app: App, registry_url: str | None, broker_url: str | None) -> Transport:
    from clarion.storage import open_storage  # noqa: PLC0415  # over HTTP no store is opened
    from clarion.transport.direct import DirectTransport  # noqa: PLC0415

    foreign = None if broker_url == url else broker_url
    storage = open_storage(url, registry_url=registry_url, queues_on_main=foreign is None)
    return DirectTransport(storage, app, broker_url=foreign)


def _http(url: str, app_id: str, api_key: str | None, ca_bundle: str | None) -> Transport:
    from clarion.transport.http import HTTPTransport  # noqa: PLC0415  # straight to the store no client is needed

    if not api_key:
        raise Misconfigured("Invalid api_key: expected the application's key, which every HTTP call needs.")
    return HTTPTransport(url, app_id, api_key, ca_bundle=ca_bundle)
