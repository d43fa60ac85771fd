"""What travels in bodies. Replies are encoded from these; of requests they are the description that OpenAPI gives."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, JsonValue

from api.schedule_model import Timing
from api.wire import MS, OSName, StatusWord, Wire

APNsEnvironmentName = Literal["production", "sandbox"]


class Error(Wire):
    """Why a request was not served. Codes below 90000 are Backendless' own."""

    code: int
    message: str
    error_data: dict[str, Any] = Field(description="Machine-readable details, such as the field that is wrong.")


class Button(Wire):
    """A button under a message."""

    id: str = Field(min_length=1, max_length=255, description="What the app is told when it is pressed.")
    title: str = Field(min_length=1, max_length=255)
    url: str | None = Field(default=None, max_length=2048, description="What it opens; left out it is the app.")


class Appearance(Wire):
    """What is shown, heard, and handed to the app on every system. Headers of a system go before it."""

    title: str | None = Field(default=None, max_length=1024)
    subtitle: str | None = Field(default=None, max_length=1024)
    body: str | None = Field(default=None, description="Left out it is the message itself.")
    image: str | None = Field(default=None, max_length=2048, description="URL of a picture.")
    sound: str | None = Field(default=None, max_length=255, description="`default` is the device's own.")
    badge: int | None = Field(default=None, ge=0, lt=2**31, description="The number on the icon; 0 takes it away.")
    click_action: str | None = Field(default=None, max_length=2048, description="A URL, or an action the app knows.")
    data: dict[str, JsonValue] | None = Field(default=None, description="Pairs for the app. Values become strings.")
    buttons: list[Button] | None = Field(default=None, max_length=5)
    time_sensitive: bool | None = Field(default=None, description="It breaks through where the user allows that.")
    silent: bool | None = Field(default=None, description="Nothing is shown or heard; the app wakes and works.")
    truncate: bool | None = Field(default=None, description="Too long a text is cut; else such a message is refused.")


class PublishRequest(Timing):
    """A publish. Members that are not listed are ignored."""

    message: JsonValue = Field(default=None, description="Any JSON value.")
    publisher_id: str | None = Field(default=None, max_length=255)
    subtopic: str | None = Field(default=None, max_length=255)
    headers: dict[str, JsonValue] | None = Field(
        default=None, description="Values become strings. The push headers among them control the appearance."
    )
    appearance: Appearance | None = None
    raw: dict[Literal["fcm", "apns", "webpush", "wns", "hms"], dict[str, JsonValue]] | None = Field(
        default=None, description="By provider: members of its own payload, which replace ours."
    )
    publish_policy: str | None = Field(default=None, description="PUSH, PUBSUB or BOTH; anything else is BOTH.")
    push_policy: str | None = Field(default=None, description="The former name: ONLY is PUSH, ALSO is BOTH.")
    push_broadcast: int | str | None = Field(
        default=None,
        description="Mask (IOS 1, ANDROID 2, WP 4, OSX 8, WEB 16, HMS 32), or names joined by |, also ALL and NONE.",
        examples=["IOS|ANDROID", 3],
    )
    push_singlecast: list[str] | None = Field(default=None, description="Device ids.")
    segment_query: str | None = Field(default=None, description="A where clause over devices.")
    ttl: int | None = Field(default=None, ge=1, description="Seconds after which an unreached device is given up.")
    priority: Literal["high", "normal"] | None = None
    collapse_key: str | None = Field(
        default=None, max_length=255, description="Same key: the newer replaces the older."
    )
    idempotency_key: str | None = Field(
        default=None, max_length=255, description="A second publish with the same key and content is the first one."
    )


class PublishReply(Wire):
    """What became of a publish."""

    error_message: str | None
    message_id: str = Field(examples=["message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"])
    status: StatusWord


class StatusReply(Wire):
    """Where a message stands."""

    status: StatusWord
    message_id: str
    error_message: str | None


class CancelReply(Wire):
    """What a cancel came to."""

    status: Literal["CANCELLED"] = "CANCELLED"
    message_id: str


class RegistrationRequest(Wire):
    """A device that registers. Members that are not listed are ignored."""

    device_token: str = Field(description="The provider's address of the device.")
    device_id: str = Field(min_length=1, max_length=255)
    os: OSName
    os_version: str | float | None = None
    channels: list[str] | None = Field(default=None, description="None is the channel `default`.")
    expiration: float | None = Field(default=None, description="Epoch seconds (below 1e11) or milliseconds.")
    user_id: str | None = None
    properties: dict[str, JsonValue] | None = None
    environment: APNsEnvironmentName | None = Field(
        default=None, description="Where an APNs token belongs. None is the application's own, or what is known of it."
    )
    time_zone: str | None = Field(default=None, description="An IANA name. None or empty is the application's own.")


class RegistrationReply(Wire):
    """A device was registered."""

    registration_id: str


class Registration(Wire):
    """A registered device."""

    id: str
    device_token: str
    device_id: str
    os: OSName
    os_version: str | None
    channels: list[str]
    expiration: int | None = Field(description=MS)
    user_id: str | None
    properties: dict[str, JsonValue]
    environment: APNsEnvironmentName | None
    time_zone: str | None


class UnregistrationReply(Wire):
    """A device was unregistered."""

    result: Literal[True]


class Info(Wire):
    """What an SDK asks for first."""

    rt_url: str = Field(serialization_alias="rtURL", description="This server, as the caller reached it.")
    app_id: str
    api_key: str


class ProviderStanding(Wire):
    """How a credential stands."""

    provider: str
    credential: str
    systems: list[str] = Field(description="Operating systems that it serves.")
    rate_per_s: float = Field(description="Devices a second for the whole fleet; 0 is without limit.")
    state: Literal["open", "paused", "broken", "parked"]
    reason: str = Field(description="Why it is not open.")
    since_ms: int | None = Field(description=MS)
    until_ms: int | None = Field(description="When it is tried again.")
    last_error: str
    last_error_ms: int | None
    accepted_ms: int | None = Field(description="When the provider last was seen to take something.")
    token_ends_ms: int | None = Field(description="When the fleet's access token ends.")
    certificate_ends_ms: int | None = Field(description="When the first certificate of ca_bundle ends.")


class ProviderStandings(Wire):
    """Every credential of an application."""

    providers: list[ProviderStanding]


class Health(Wire):
    """The process lives."""

    alive: Literal[True] = True


class Readiness(Wire):
    """Whether a publish would be stored and delivered, and if not, why."""

    ready: bool
    reasons: list[str] = Field(description="Why it is not ready.")
    warnings: list[str] = Field(description="What is wrong beside that, and keeps only some messages waiting.")
