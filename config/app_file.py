"""The applications' file (TOML): one table per application, with its keys, limits and credentials.

Relative paths are relative to the file. A key that is not known is an error: a typo must not become a default.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from clarion.app import (
    APP_ID,
    ApiKey,
    APNsCredential,
    APNsEnvironment,
    App,
    Credential,
    FCMCredential,
    FCMStyle,
    HMSCredential,
    Limits,
    Quarantine,
    Scope,
    WebPushCredential,
    WNSCredential,
)
from clarion.calendar.hours import QuietHours, parse_hours
from clarion.calendar.zone import is_zone
from clarion.errors import Misconfigured
from clarion.registry.device import OS
from config.problem import problem


def _existing_file(path: Path, info: ValidationInfo) -> Path:
    folder: Path = info.context or Path()
    found = folder / path.expanduser()
    if not found.is_file():
        raise ValueError("expected the path of a file that exists")
    return found


def _content(path: Any, info: ValidationInfo) -> str:
    if not isinstance(path, str):
        raise ValueError("expected the path of a file")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    return _existing_file(Path(path), info).read_text().strip()


def _secret(key: str) -> str:
    allowed = key.isascii() and all(c.isalnum() or c in "-._~" for c in key)
    if not allowed or not 16 <= len(key) <= 256:  # noqa: PLR2004 - said in the next line
        raise ValueError("expected 16 to 256 letters, digits, -, ., _ or ~")
    return key


ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
#: A key stands in a path of the HTTP API, and guessing it must be hopeless.
Secret = Annotated[str, AfterValidator(_secret)]
SecretFile = Annotated[Secret, BeforeValidator(_content)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    def given(self) -> dict[str, Any]:
        """What the file says, as arguments; what it leaves out has its default where it is used."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class _KeyTable(_Table):
    key: Secret | None = Field(default=None, repr=False)
    key_file: SecretFile | None = Field(default=None, repr=False)
    scopes: frozenset[Scope] = Field(min_length=1)
    channels: frozenset[str] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.key is None) == (self.key_file is None):
            raise ValueError("expected either key or key_file")
        return self

    @model_validator(mode="after")
    def _bound_to_publish(self) -> Self:
        if self.channels is not None and self.scopes != {Scope.PUBLISH}:
            raise ValueError("expected only the scope publish on a key that is bound to channels")
        return self

    def api_key(self) -> ApiKey:
        return ApiKey(self.key or self.key_file or "", self.scopes, self.channels)


Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]
Word = Annotated[str, Field(min_length=1)]
Rate = Annotated[float, Field(ge=0)]


def _host(name: str) -> str:
    if not re.fullmatch(r"((\*\.)?[a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", name):
        raise ValueError("expected a host name in lower case, or *. and a domain, perhaps with :port")
    return name


Hosts = Annotated[frozenset[Annotated[str, AfterValidator(_host)]], Field(min_length=1)]


class _CredentialTable(_Table):
    os: frozenset[OS] | None = Field(default=None, min_length=1)
    ca_bundle: ExistingFile | None = None
    rate_per_s: Rate | None = None
    ramp_up_s: Rate | None = None
    retry_wait_s: PositiveFloat | None = None
    throttled_wait_s: PositiveFloat | None = None
    give_up_after_s: PositiveFloat | None = None


class _FCMTable(_CredentialTable):
    service_account: ExistingFile
    project_id: Word | None = None
    endpoint: Origin | None = None
    style: FCMStyle | None = None


class _APNsTable(_CredentialTable):
    key_file: ExistingFile
    key_id: str = Field(pattern=r"^[A-Za-z0-9]{10}$")
    team_id: str = Field(pattern=r"^[A-Za-z0-9]{10}$")
    topic: Word
    topics: dict[OS, Word] | None = None
    environment: APNsEnvironment | None = None
    endpoint: Origin | None = None
    sandbox_endpoint: Origin | None = None


class _WebPushTable(_CredentialTable):
    private_key: ExistingFile
    subject: str = Field(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$")
    hosts: Hosts | None = None


class _WNSTable(_CredentialTable):
    client_id: Word
    client_secret: ExistingFile
    tenant_id: Word | None = None
    token_endpoint: Origin | None = None
    hosts: Hosts | None = None


class _HMSTable(_CredentialTable):
    client_id: str = Field(pattern=r"^[0-9]{1,64}$")
    client_secret: ExistingFile | None = None
    service_account: ExistingFile | None = None
    project_id: Word | None = None
    endpoint: Origin | None = None
    token_endpoint: Origin | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.client_secret is None) == (self.service_account is None):
            raise ValueError("expected either client_secret or service_account")
        return self


class _QuarantineTable(_Table):
    strikes: PositiveInt | None = None
    span_s: Rate | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    few: Annotated[int, Field(ge=0)] | None = None
    keep_s: PositiveFloat | None = None


_LIMITS = {limit.name for limit in fields(Limits)}


def _limit(name: str) -> str:
    if name not in _LIMITS:
        raise ValueError(f"expected one of {', '.join(sorted(_LIMITS))}")
    return name


LimitName = Annotated[str, AfterValidator(_limit)]
AppId = Annotated[str, Field(pattern=f"^{APP_ID}$")]


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("expected an IANA time zone such as Europe/Paris")
    return name


def _hours(text: Any) -> QuietHours:
    try:
        return parse_hours(text)
    except ValueError as error:
        raise ValueError(f"expected {error}") from None


Zone = Annotated[str, AfterValidator(_zone)]
Hours = Annotated[QuietHours, PlainValidator(_hours)]


#: The table of each provider, and what it becomes.
CREDENTIALS: dict[str, type[Credential]] = {
    "fcm": FCMCredential,
    "apns": APNsCredential,
    "webpush": WebPushCredential,
    "wns": WNSCredential,
    "hms": HMSCredential,
}


def _default_systems(kind: type[Credential]) -> Any:
    return next(each.default for each in fields(kind) if each.name == "os")


class _AppTable(_Table):
    name: str = Field(min_length=1, max_length=255)
    keys: tuple[_KeyTable, ...] = Field(min_length=1)
    limits: dict[LimitName, PositiveInt] = {}
    fcm: _FCMTable | None = None
    apns: _APNsTable | None = None
    webpush: _WebPushTable | None = None
    wns: _WNSTable | None = None
    hms: _HMSTable | None = None
    quarantine: _QuarantineTable = _QuarantineTable()
    time_zone: Zone | None = None
    quiet_hours: Hours | None = None

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if len({key.api_key().key for key in self.keys}) < len(self.keys):
            raise ValueError("expected keys that differ from each other")
        return self

    @model_validator(mode="after")
    def _one_provider_each(self) -> Self:
        tables = {name: getattr(self, name) for name in CREDENTIALS}
        served: set[str] = set()
        for name, kind in CREDENTIALS.items():
            systems: set[str] = set() if tables[name] is None else set(tables[name].os or _default_systems(kind))
            if systems & served:
                raise ValueError(f"expected one provider for {min(systems & served)}: name others in {name}.os")
            served |= systems
        return self

    def app(self, app_id: str) -> App:
        return App(
            id=app_id,
            name=self.name,
            keys=tuple(key.api_key() for key in self.keys),
            limits=Limits(**self.limits),
            quarantine=Quarantine(**self.quarantine.given()),
            **{name: getattr(self, name) for name in ("time_zone", "quiet_hours") if name in self.model_fields_set},
            **{name: kind(**table.given()) for name, kind in CREDENTIALS.items() if (table := getattr(self, name))},  # type: ignore[arg-type]
        )


class _File(_Table):
    apps: dict[AppId, _AppTable] = Field(min_length=1)


def read_apps(file: Path) -> dict[str, App]:
    """The applications of `file` by id.

    Raises:
        Misconfigured: the file cannot be read or used; the message names the place and never shows a value.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"CLARION_APPS_FILE: cannot read {file}: {error.strerror}") from None
    except ValueError as error:
        raise Misconfigured(f"{file}: expected TOML: {error}") from None
    try:
        read = _File.model_validate(tables, context=file.parent)
    except ValidationError as error:
        raise Misconfigured(f"{file}: {problem(error)}") from None
    return {app_id: table.app(app_id) for app_id, table in read.apps.items()}
