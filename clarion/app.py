"""An application: who may call, how much, and with which provider credentials.

Plain frozen data, read from nowhere; secrets stay out of repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from clarion.calendar.hours import QuietHours

#: What an application's id looks like, as a regular expression for the whole of it.
APP_ID = "[A-Za-z0-9_-]{1,64}"


#: The providers, as books, keys, tables of the apps file and the fields of `App` name them.
PROVIDERS = ("fcm", "apns", "webpush", "wns", "hms")


class Scope(StrEnum):
    """What an API key may do."""

    #: Publish messages; cancel, pause, resume and reschedule them.
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
        schedule_ahead_s: how far ahead a message may be scheduled, seconds.
        schedule_grace_s: a time that has passed by no more than this is now, seconds.
    """

    body_bytes: int = 1_048_576
    singlecast: int = 10_000
    headers: int = 100
    header_bytes: int = 8_192
    idempotency_window_s: int = 86_400
    retention_s: int = 7 * 86_400
    schedule_ahead_s: int = 366 * 86_400
    schedule_grace_s: int = 60


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What may be concluded from answers that blame a token and prove nothing.

    Attributes:
        strikes: so many of them remove a token,
        span_s: when the first and the last are at least so far apart, seconds,
        share: unless one message makes more than this share of its audience suspect: then the provider is parked.
        few: so many suspects in one message are never too many.
        keep_s: how long removed devices can be listed and restored, seconds.
    """

    strikes: int = 3
    span_s: float = 3 * 86_400.0
    share: float = 0.05
    few: int = 20
    keep_s: float = 7 * 86_400.0


class FCMStyle(StrEnum):
    """Who draws a message that FCM brings to an Android device."""

    #: The app's SDK: everything travels as FCM data, as Backendless' SDKs read it.
    DATA = "data"
    #: The system, while the app is in the background: title and text travel as an FCM notification.
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What the credentials of all providers say.

    Attributes:
        os: the operating systems whose devices hold this provider's tokens.
        ca_bundle: certificates (PEM) to trust instead of the system's; None is the system's.
        rate_per_s: devices a second that the whole fleet may send to; 0 is without limit.
        ramp_up_s: how long it takes from a tenth of that rate to all of it, after a pause or a silence, seconds.
        retry_wait_s: the least wait before a device is tried again, seconds.
        throttled_wait_s: the wait after a refusal for being too fast that names no time, seconds.
        give_up_after_s: how long a device is tried for, seconds.
    """

    os: frozenset[str] = frozenset()
    ca_bundle: Path | None = None
    rate_per_s: float = 0.0
    ramp_up_s: float = 0.0
    retry_wait_s: float = 10.0
    throttled_wait_s: float = 60.0
    give_up_after_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FCMCredential(Credential):
    """How an application reaches FCM. The rate is FCM's default quota, 600 000 a minute, and Google asks for a ramp.

    Attributes:
        service_account: the service account's key file (JSON), read by whoever sends.
        project_id: the Firebase project; None is the one named in the key file.
        endpoint: scheme, host and port of the API, without a path.
        style: who draws the message on the device.
    """

    service_account: Path
    project_id: str | None = None
    endpoint: str = "https://fcm.googleapis.com"
    style: FCMStyle = FCMStyle.DATA
    os: frozenset[str] = frozenset({"ANDROID"})
    rate_per_s: float = 10_000.0
    ramp_up_s: float = 60.0


class APNsEnvironment(StrEnum):
    """Which of Apple's services a token belongs to."""

    #: Apps from the App Store and TestFlight.
    PRODUCTION = "production"
    #: Apps that Xcode put on a device.
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class APNsCredential(Credential):
    """How an application reaches APNs, by a token signing key.

    Attributes:
        key_file: the signing key (`.p8`), read by whoever sends.
        key_id: its ten characters.
        team_id: the team's ten characters.
        topic: the app's bundle id.
        topics: the bundle id by operating system, where it is another one.
        environment: where tokens belong that do not say it themselves.
        endpoint: scheme, host and port of the production API.
        sandbox_endpoint: the same of the sandbox.
    """

    key_file: Path
    key_id: str
    team_id: str
    topic: str
    topics: Mapping[str, str] = field(default_factory=dict)
    environment: APNsEnvironment = APNsEnvironment.PRODUCTION
    endpoint: str = "https://api.push.apple.com"
    sandbox_endpoint: str = "https://api.sandbox.push.apple.com"
    os: frozenset[str] = frozenset({"IOS", "OSX"})
    retry_wait_s: float = 900.0
    give_up_after_s: float = 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPushCredential(Credential):
    """How an application reaches browsers: its VAPID key (RFC 8292).

    Attributes:
        private_key: file of the key on P-256: PEM, or the 32 bytes in base64url; read by whoever sends.
        subject: how a push service reaches the sender: `mailto:…` or `https://…`.
        hosts: the push services; `*.` at the start is any subdomain. No request goes to any other host.
    """

    private_key: Path
    subject: str
    hosts: frozenset[str] = frozenset(
        {
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "*.push.apple.com",
            "*.notify.windows.com",
        }
    )
    os: frozenset[str] = frozenset({"WEB"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WNSCredential(Credential):
    """How an application reaches WNS: with a tenant by Microsoft Entra, without one by the Store's package SID.

    Attributes:
        client_id: the application's id in Entra, or the package SID `ms-app://…`.
        client_secret: file of the secret, read by whoever sends.
        tenant_id: Entra's tenant; None is the Store.
        token_endpoint: scheme, host and port of the token service; None is Microsoft's own for that flow.
        hosts: where channel URIs may lead; `*.` at the start is any subdomain. No request goes to any other host.
    """

    client_id: str
    client_secret: Path
    tenant_id: str | None = None
    token_endpoint: str | None = None
    hosts: frozenset[str] = frozenset({"*.notify.windows.com"})
    os: frozenset[str] = frozenset({"WP"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HMSCredential(Credential):
    """How an application reaches HMS Push Kit: by client secret, or by a service account.

    Attributes:
        client_id: the application's id; with `project_id` only the secret belongs to it.
        client_secret: file of the secret, read by whoever sends; None when there is a service account.
        service_account: the service account's key file (JSON), read by whoever sends; None when there is a secret.
        project_id: sends through v2 of the API, by project; None is v1, by application.
        endpoint: scheme, host and port of the API.
        token_endpoint: scheme, host and port of the token service.
    """

    client_id: str
    client_secret: Path | None = None
    service_account: Path | None = None
    project_id: str | None = None
    endpoint: str = "https://push-api.cloud.huawei.com"
    token_endpoint: str = "https://oauth-login.cloud.huawei.com"  # noqa: S105  # an address
    os: frozenset[str] = frozenset({"HMS"})
    rate_per_s: float = 6_000.0


@dataclass(frozen=True, slots=True)
class App:
    """One application.

    Attributes:
        id: 1 to 64 letters, digits, `-` and `_`.
        name: for people.
        keys: its API keys.
        limits: how much one call may ask for.
        fcm, apns, webpush, wns, hms: its credential for the provider; None when it has none.
        quarantine: what may be concluded from suspicion.
        time_zone: IANA name of the zone of devices that registered without one.
        quiet_hours: when nothing is sent, by each device's own clock, unless a message says otherwise.
    """

    id: str
    name: str
    keys: tuple[ApiKey, ...] = ()
    limits: Limits = Limits()
    fcm: FCMCredential | None = None
    apns: APNsCredential | None = None
    webpush: WebPushCredential | None = None
    wns: WNSCredential | None = None
    hms: HMSCredential | None = None
    quarantine: Quarantine = Quarantine()
    time_zone: str = "UTC"
    quiet_hours: QuietHours | None = None
