"""Over HTTP: the Backendless wire, as any other SDK speaks it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from clarion.errors import ClarionError, NotJSON, Unavailable, from_wire
from clarion.message import (
    DEFAULT_CHANNEL,
    Appearance,
    DeliveryOptions,
    MessageStatus,
    PublishOptions,
    PublishStatus,
)
from clarion.message.form import camel
from clarion.message.registration import DeviceRegistration
from clarion.transport.discretion import Discretion

TIMEOUT_S = 30.0


class _StatusReply(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    status: str = "unknown"
    error_message: str | None = None


class HTTPTransport:
    """One application's way through the HTTP API. Safe to use from several threads."""

    def __init__(self, url: str, app_id: str, api_key: str, *, ca_bundle: str | None = None) -> None:
        """Speak to the server at `url`; certificates are verified against `ca_bundle`, or the system's authorities."""
        base = f"{url.rstrip('/')}/{quote(app_id, safe='')}/{quote(api_key, safe='')}/messaging"
        verify = True if ca_bundle is None else httpx.create_ssl_context(verify=ca_bundle)
        self._client = httpx.Client(base_url=base, timeout=TIMEOUT_S, verify=verify)
        self._discretion = Discretion(self._client.base_url.raw_path.decode().removesuffix("messaging/"))

    def publish(
        self, body: Any, channel: str | None, publish: PublishOptions, delivery: DeliveryOptions
    ) -> MessageStatus:
        """`POST /{channel}`."""
        path = "/" + quote(DEFAULT_CHANNEL if channel is None else channel, safe="")
        return _status(self._ask("POST", path, {"message": body} | _wire(publish) | _wire(delivery)))

    def status(self, message_id: str) -> MessageStatus:
        """`GET /{message id}`."""
        return _status(self._ask("GET", "/" + quote(message_id, safe=":")))

    def cancel(self, message_id: str) -> MessageStatus:
        """`DELETE /{message id}`."""
        return _status(self._ask("DELETE", "/" + quote(message_id, safe=":")))

    def register(self, registration: dict[str, Any]) -> str:
        """`POST /registrations`."""
        answer = self._ask("POST", "/registrations", registration)
        if not isinstance(answer, dict) or not isinstance(answer.get("registrationId"), str):
            raise _unreadable()
        return str(answer["registrationId"])

    def registrations(self, device_id: str) -> list[DeviceRegistration]:
        """`GET /registrations/{device id}`."""
        found = self._ask("GET", "/registrations/" + quote(device_id, safe=""))
        try:
            return msgspec.convert(found, list[DeviceRegistration])
        except msgspec.ValidationError:
            raise _unreadable() from None  # its words may quote a token

    def unregister(self, device_id: str, channels: Sequence[str] | None) -> None:
        """`DELETE /registrations/{device id}`, with a `channel` parameter for each channel to leave."""
        parameters = [] if channels is None else [("channel", channel) for channel in channels]
        self._ask("DELETE", "/registrations/" + quote(device_id, safe=""), parameters=parameters)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._discretion.end()

    def _ask(self, method: str, path: str, body: Any = None, *, parameters: Sequence[tuple[str, str]] = ()) -> Any:
        content = None if body is None else _encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            reply = self._client.request(method, path, content=content, headers=headers, params=list(parameters))
        except httpx.HTTPError as error:
            raise Unavailable(f"The Clarion server cannot be reached ({type(error).__name__}).") from None
        return _read(reply)


def _encode(body: Any) -> bytes:
    try:
        return msgspec.json.encode(body, enc_hook=_refuse)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotJSON("Invalid message: expected a value that JSON can carry.") from error


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is not JSON")


def _read(reply: httpx.Response) -> Any:
    try:
        document = msgspec.json.decode(reply.content)
    except msgspec.DecodeError:
        document = None
    if reply.is_success:
        return document
    if isinstance(document, dict) and isinstance(document.get("code"), int):
        raise from_wire(document["code"], str(document.get("message")), document.get("errorData") or {})
    raise ClarionError(f"The server answered {reply.status_code} without an error code.")


def _unreadable() -> ClarionError:
    return ClarionError("The server's answer is not one of a Clarion server that this release knows.")


def _status(document: Any) -> MessageStatus:
    try:
        reply = msgspec.convert(document, _StatusReply)
    except msgspec.ValidationError:
        raise _unreadable() from None
    return MessageStatus(
        message_id=reply.message_id, status=_publish_status(reply.status), error_message=reply.error_message
    )


def _publish_status(word: str) -> PublishStatus:
    word = word.upper().replace("-", "_")
    try:
        return PublishStatus("CANCELLED" if word == "CANCELED" else word)
    except ValueError:  # a later release's
        return PublishStatus.UNKNOWN


def _wire(options: PublishOptions | DeliveryOptions | Appearance) -> dict[str, Any]:
    """The options that are set, by their camel-case names."""
    given = msgspec.structs.asdict(options)
    return {camel(name): _plain(value) for name, value in given.items() if value not in (None, [], {}, ())}


def _plain(value: Any) -> Any:
    if isinstance(value, Appearance):
        return _wire(value)
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
