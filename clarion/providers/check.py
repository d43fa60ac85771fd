"""Whether the providers of a message can carry it, asked before it is stored: without credential or network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from clarion.app import PROVIDERS, App, FCMStyle
from clarion.errors import InvalidField
from clarion.message import Message, PublishPolicy
from clarion.providers.base import ContentRefused
from clarion.providers.content import ContentTooLong

#: Composes a message for an operating system.
Composer = Callable[..., object]


class Served(NamedTuple):
    """Who carries messages to the devices of an operating system.

    Attributes:
        provider: its word, as in books and logs.
        style: with FCM, who draws the message.
    """

    provider: str
    style: str = ""


def served_by(app: App) -> dict[str, Served]:
    """Who serves which operating system of an application, by its credentials: as `catalog.providers` opens them."""
    served: dict[str, Served] = {}
    for name in PROVIDERS:
        credential: Any = getattr(app, name)
        if credential is not None:
            served |= dict.fromkeys(credential.os, Served(name, getattr(credential, "style", "")))
    return served


def check_content(message: Message, served: Mapping[str, Served], *, now_ms: int) -> None:
    """Pass when every provider that serves an addressed operating system can carry the message.

    Args:
        message: what is published.
        served: who serves which operating system; one that is missing is not asked.
        now_ms: epoch milliseconds.

    Raises:
        InvalidField: it is too long or cannot be said in a provider's words; `error_data` has the `os`, the `provider`,
            and for a message that is too long `limit` and `size` in bytes.
    """
    if message.policy is PublishPolicy.PUBSUB:
        return
    for os in message.target.systems():
        carrier = served.get(os)
        compose = None if carrier is None else _composer(carrier)
        if carrier is None or compose is None:
            continue
        try:
            compose(message, os, now_ms=now_ms)
        except ContentRefused as refused:
            raise _invalid(os, carrier, refused) from None


@cache
def _composer(carrier: Served) -> Composer | None:
    """How that provider composes; None when this process cannot: it is a later release's, or its libraries are missing.

    Then the worker, which can, refuses the message when it plans it.
    """
    try:
        return _import(carrier)
    except (ImportError, ValueError):
        return None


def _import(carrier: Served) -> Composer | None:
    # Imported when asked for: a web app whose application has one provider does not load the others.
    if carrier.provider == "fcm":
        from clarion.providers.fcm.composition import compose as fcm  # noqa: PLC0415

        return partial(_fcm, fcm, FCMStyle(carrier.style or FCMStyle.DATA))
    if carrier.provider == "apns":
        from clarion.providers.apns.composition import compose as apns  # noqa: PLC0415

        return lambda message, os, *, now_ms: apns(message, os, "")  # noqa: ARG005  # its topic is not part of the size
    if carrier.provider == "webpush":
        from clarion.providers.webpush.composition import compose as webpush  # noqa: PLC0415

        return webpush
    if carrier.provider == "wns":
        from clarion.providers.wns.composition import compose as wns  # noqa: PLC0415

        return wns
    if carrier.provider == "hms":
        from clarion.providers.hms.composition import compose as hms  # noqa: PLC0415

        return hms
    return None


def _fcm(compose: Composer, style: FCMStyle, message: Message, os: str, *, now_ms: int) -> object:
    return compose(message, os, style, now_ms=now_ms)


def _invalid(os: str, carrier: Served, refused: ContentRefused) -> InvalidField:
    error = InvalidField("message", f"content that {os} devices can be sent: {str(refused).rstrip('.')}")
    error.error_data |= {"os": os, "provider": carrier.provider}
    if isinstance(refused, ContentTooLong):
        error.error_data |= {"limit": refused.limit_bytes, "size": refused.size_bytes}
    return error
