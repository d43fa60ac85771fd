"""Over HTTP: the Backendless wire, as any other SDK speaks it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from clarion.errors import NotJSON, Unavailable
from clarion.message import DEFAULT_CHANNEL, Appearance, DeliveryOptions, MessageStatus, PublishOptions
from clarion.message.form import camel
from clarion.message.option import Instant
from clarion.message.registration import DeviceRegistration
from clarion.schedule.appointment import Appointment, Timetable
from clarion.transport import reply
from clarion.transport.discretion import Discretion

TIMEOUT_S = 30.0


class HTTPTransport:
    """One application's way through the HTTP API. Safe to use from several threads."""

    def __init__(self, url: str, app_id: str, api_key: str, *, ca_bundle: str | None = None) -> None:
        """Speak to the server at `url`; certificates are verified against `ca_bundle`, or the system's authorities."""
        base = f"{url.rstrip('/')}/{quote(app_id, safe='')}/{quote(api_key, safe='')}"
        verify = True if ca_bundle is None else httpx.create_ssl_context(verify=ca_bundle)
        self._client = httpx.Client(base_url=base, timeout=TIMEOUT_S, verify=verify)
        self._discretion = Discretion(self._client.base_url.raw_path.decode())

    def publish(
        self, body: Any, channel: str | None, publish: PublishOptions, delivery: DeliveryOptions
    ) -> MessageStatus:
        """`POST /messaging/{channel}`."""
        path = "/messaging/" + quote(DEFAULT_CHANNEL if channel is None else channel, safe="")
        return reply.status(self._ask("POST", path, {"message": body} | _wire(publish) | _wire(delivery)))

    def status(self, message_id: str) -> MessageStatus:
        """`GET /messaging/{message id}`."""
        return reply.status(self._ask("GET", f"/messaging/{_quoted(message_id)}"))

    def cancel(self, message_id: str) -> MessageStatus:
        """`DELETE /messaging/{message id}`."""
        return reply.status(self._ask("DELETE", f"/messaging/{_quoted(message_id)}"))

    def pause(self, message_id: str) -> MessageStatus:
        """`POST /clarion/messages/{message id}/pause`."""
        return reply.status(self._ask("POST", f"/clarion/messages/{_quoted(message_id)}/pause"))

    def resume(self, message_id: str) -> MessageStatus:
        """`POST /clarion/messages/{message id}/resume`."""
        return reply.status(self._ask("POST", f"/clarion/messages/{_quoted(message_id)}/resume"))

    def reschedule(self, message_id: str, publish_at: Instant, time_zone: str | None) -> MessageStatus:
        """`POST /clarion/messages/{message id}/reschedule`."""
        body = {"publishAt": _plain(publish_at), "timeZone": time_zone}
        return reply.status(self._ask("POST", f"/clarion/messages/{_quoted(message_id)}/reschedule", body))

    def schedules(self, limit: int) -> list[Appointment]:
        """`GET /clarion/schedules`."""
        return reply.schedules(self._ask("GET", "/clarion/schedules", parameters=[("limit", str(limit))]))

    def schedule(self, message_id: str, limit: int) -> Timetable:
        """`GET /clarion/schedules/{message id}`."""
        path = f"/clarion/schedules/{_quoted(message_id)}"
        return reply.timetable(self._ask("GET", path, parameters=[("limit", str(limit))]))

    def preview(self, delivery: DeliveryOptions, limit: int) -> list[int]:
        """`POST /clarion/schedules/preview`."""
        return reply.instants(self._ask("POST", "/clarion/schedules/preview", _wire(delivery) | {"limit": limit}))

    def register(self, registration: dict[str, Any]) -> str:
        """`POST /messaging/registrations`."""
        return reply.registration_id(self._ask("POST", "/messaging/registrations", registration))

    def registrations(self, device_id: str) -> list[DeviceRegistration]:
        """`GET /messaging/registrations/{device id}`."""
        return reply.registrations(self._ask("GET", "/messaging/registrations/" + quote(device_id, safe="")))

    def unregister(self, device_id: str, channels: Sequence[str] | None) -> None:
        """`DELETE /messaging/registrations/{device id}`, with a `channel` parameter for each channel to leave."""
        parameters = [] if channels is None else [("channel", channel) for channel in channels]
        self._ask("DELETE", "/messaging/registrations/" + quote(device_id, safe=""), parameters=parameters)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._discretion.end()

    def _ask(self, method: str, path: str, body: Any = None, *, parameters: Sequence[tuple[str, str]] = ()) -> Any:
        content = None if body is None else _encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            answer = self._client.request(method, path, content=content, headers=headers, params=list(parameters))
        except httpx.HTTPError as error:
            raise Unavailable(f"The Clarion server cannot be reached ({type(error).__name__}).") from None
        return reply.read(answer)


def _quoted(message_id: str) -> str:
    return quote(message_id, safe=":")


def _encode(body: Any) -> bytes:
    try:
        return msgspec.json.encode(body, enc_hook=_refuse)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotJSON("Invalid message: expected a value that JSON can carry.") from error


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is not JSON")


def _wire(options: PublishOptions | DeliveryOptions | Appearance) -> dict[str, Any]:
    """The options that are not as they are by default, by their camel-case names."""
    default = type(options)()
    given = {name: getattr(options, name) for name in options.__struct_fields__}
    changed = {name: value for name, value in given.items() if not _same(value, getattr(default, name))}
    # JSON's null asks for the default; the server refuses the word.
    return {camel(name): str(None) if value is None else _plain(value) for name, value in changed.items()}


def _same(value: Any, default: Any) -> bool:
    """Whether they are equal, and of one kind: 0 is not False."""
    return type(value) is type(default) and bool(value == default)


def _plain(value: Any) -> Any:
    if isinstance(value, Appearance):
        return _wire(value)
    if isinstance(value, datetime):
        return value.isoformat()
    # JSON would make null of it, which asks for a default; the server refuses the word.
    return str(value) if isinstance(value, float) and not isfinite(value) else value
