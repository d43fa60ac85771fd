"""The applications' file (TOML): one table per application, with its keys, limits and credentials.

Relative paths are relative to the file. A key that is not known is an error: a typo must not become a default.
"""

from __future__ import annotations

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
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from clarion.app import APP_ID, ApiKey, App, FCMCredential, FCMStyle, Limits, Scope
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


class _FCMTable(_Table):
    service_account: ExistingFile
    project_id: str | None = Field(default=None, min_length=1)
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    ca_bundle: ExistingFile | None = None
    style: FCMStyle | None = None
    os: frozenset[OS] | None = Field(default=None, min_length=1)
    retry_wait_s: PositiveFloat | None = None
    throttled_wait_s: PositiveFloat | None = None
    give_up_after_s: PositiveFloat | None = None


_LIMITS = {limit.name for limit in fields(Limits)}


def _limit(name: str) -> str:
    if name not in _LIMITS:
        raise ValueError(f"expected one of {', '.join(sorted(_LIMITS))}")
    return name


LimitName = Annotated[str, AfterValidator(_limit)]
AppId = Annotated[str, Field(pattern=f"^{APP_ID}$")]


class _AppTable(_Table):
    name: str = Field(min_length=1, max_length=255)
    keys: tuple[_KeyTable, ...] = Field(min_length=1)
    limits: dict[LimitName, PositiveInt] = {}
    fcm: _FCMTable | None = None

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if len({key.api_key().key for key in self.keys}) < len(self.keys):
            raise ValueError("expected keys that differ from each other")
        return self

    def app(self, app_id: str) -> App:
        return App(
            id=app_id,
            name=self.name,
            keys=tuple(key.api_key() for key in self.keys),
            limits=Limits(**self.limits),
            fcm=FCMCredential(**self.fcm.given()) if self.fcm else None,
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
