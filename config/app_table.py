"""The tables of an application in the applications' file: what may be in each of them.

A name that is not known is an error: a typo must not become a default.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    model_validator,
)

from clarion.app import ApiKey, APNsEnvironment, FCMStyle, Scope
from clarion.registry.device import OS


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


class Table(BaseModel):
    """Frozen; without what was given in the words of an error, which may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    def given(self) -> dict[str, Any]:
        """What the file says, as arguments; what it leaves out has its default where it is used."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class KeyTable(Table):
    """`[[apps.<id>.keys]]`."""

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
        """The key that it is about."""
        return ApiKey(self.key or self.key_file or "", self.scopes, self.channels)


Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]
Word = Annotated[str, Field(min_length=1)]
Rate = Annotated[float, Field(ge=0)]


def _host(name: str) -> str:
    if not re.fullmatch(r"((\*\.)?[a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", name):
        raise ValueError("expected a host name in lower case, or *. and a domain, perhaps with :port")
    return name


Hosts = Annotated[frozenset[Annotated[str, AfterValidator(_host)]], Field(min_length=1)]


class CredentialTable(Table):
    """What the tables of all providers may say."""

    os: frozenset[OS] | None = Field(default=None, min_length=1)
    ca_bundle: ExistingFile | None = None
    rate_per_s: Rate | None = None
    ramp_up_s: Rate | None = None
    retry_wait_s: PositiveFloat | None = None
    throttled_wait_s: PositiveFloat | None = None
    give_up_after_s: PositiveFloat | None = None


class FCMTable(CredentialTable):
    """`[apps.<id>.fcm]`."""

    service_account: ExistingFile
    project_id: Word | None = None
    endpoint: Origin | None = None
    style: FCMStyle | None = None


class APNsTable(CredentialTable):
    """`[apps.<id>.apns]`."""

    key_file: ExistingFile
    key_id: str = Field(pattern=r"^[A-Za-z0-9]{10}$")
    team_id: str = Field(pattern=r"^[A-Za-z0-9]{10}$")
    topic: Word
    topics: dict[OS, Word] | None = None
    environment: APNsEnvironment | None = None
    endpoint: Origin | None = None
    sandbox_endpoint: Origin | None = None


class WebPushTable(CredentialTable):
    """`[apps.<id>.webpush]`."""

    private_key: ExistingFile
    subject: str = Field(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$")
    hosts: Hosts | None = None


class WNSTable(CredentialTable):
    """`[apps.<id>.wns]`."""

    client_id: Word
    client_secret: ExistingFile
    tenant_id: Word | None = None
    token_endpoint: Origin | None = None
    hosts: Hosts | None = None


class HMSTable(CredentialTable):
    """`[apps.<id>.hms]`."""

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


class QuarantineTable(Table):
    """`[apps.<id>.quarantine]`."""

    strikes: PositiveInt | None = None
    span_s: Rate | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    few: Annotated[int, Field(ge=0)] | None = None
    keep_s: PositiveFloat | None = None


class LimitTable(Table):
    """`[apps.<id>.limits]`: the fields of `clarion.app.Limits`."""

    body_bytes: PositiveInt | None = None
    singlecast: PositiveInt | None = None
    headers: PositiveInt | None = None
    header_bytes: PositiveInt | None = None
    idempotency_window_s: PositiveInt | None = None
    retention_s: PositiveInt | None = None
    schedule_ahead_s: PositiveInt | None = None
    schedule_grace_s: NonNegativeInt | None = None
