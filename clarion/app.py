"""An application: who may call, how much, and with which provider credentials.

Plain frozen data, read from nowhere; secrets stay out of repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

#: What an application's id looks like, as a regular expression for the whole of it.
APP_ID = "[A-Za-z0-9_-]{1,64}"


class Scope(StrEnum):
    """What an API key may do."""

    #: Publish, cancel, pause and resume messages.
    PUBLISH = "publish"
    #: Register, read and unregister devices.
    REGISTER = "register"
    #: Read messages, their status and per-device outcomes.
    READ = "read"
    #: Everything, including templates, credentials' state and counts.
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of an application.

    Attributes:
        key: the secret itself.
        scopes: what it may do.
        channels: the channels it is bound to; None is every channel.
    """

    key: str = field(repr=False)
    scopes: frozenset[Scope]
    channels: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call of an application may ask for.

    Attributes:
        body_bytes: a request's body.
        singlecast: device ids in one publish.
        headers: headers in one publish.
        header_bytes: name and value of one header together, UTF-8.
        idempotency_window_s: how long an idempotency key is remembered, seconds.
        retention_s: how long a settled message and its ledger are kept, seconds.
    """

    body_bytes: int = 1_048_576
    singlecast: int = 10_000
    headers: int = 100
    header_bytes: int = 8_192
    idempotency_window_s: int = 86_400
    retention_s: int = 7 * 86_400


class FCMStyle(StrEnum):
    """Who draws a message that FCM brings to an Android device."""

    #: The app's SDK: everything travels as FCM data, as Backendless' SDKs read it.
    DATA = "data"
    #: The system, while the app is in the background: title and text travel as an FCM notification.
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class FCMCredential:
    """How an application reaches FCM.

    Attributes:
        service_account: the service account's key file (JSON), read by whoever sends.
        project_id: the Firebase project; None is the one named in the key file.
        endpoint: scheme, host and port of the API, without a path.
        ca_bundle: certificates (PEM) to trust instead of the system's; None is the system's.
        style: who draws the message on the device.
        os: the operating systems whose devices hold FCM tokens.
        retry_wait_s: the least wait before a device is tried again, seconds; Google asks for ten at least.
        throttled_wait_s: the wait after a 429 that names no time, seconds.
        give_up_after_s: how long a device is tried for, seconds.
    """

    service_account: Path
    project_id: str | None = None
    endpoint: str = "https://fcm.googleapis.com"
    ca_bundle: Path | None = None
    style: FCMStyle = FCMStyle.DATA
    os: frozenset[str] = frozenset({"ANDROID"})
    retry_wait_s: float = 10.0
    throttled_wait_s: float = 60.0
    give_up_after_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class App:
    """One application.

    Attributes:
        id: 1 to 64 letters, digits, `-` and `_`.
        name: for people.
        keys: its API keys.
        limits: how much one call may ask for.
        fcm: its FCM credential; None when it has none.
    """

    id: str
    name: str
    keys: tuple[ApiKey, ...] = ()
    limits: Limits = Limits()
    fcm: FCMCredential | None = None
