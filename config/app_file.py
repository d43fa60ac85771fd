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
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from clarion.app import (
    APP_ID,
    APNsCredential,
    App,
    Credential,
    FCMCredential,
    HMSCredential,
    Limits,
    Quarantine,
    WebPushCredential,
    WNSCredential,
)
from clarion.calendar.hours import QuietHours, parse_hours
from clarion.calendar.zone import is_zone
from clarion.errors import Misconfigured
from config.app_table import (
    APNsTable,
    FCMTable,
    HMSTable,
    KeyTable,
    LimitTable,
    QuarantineTable,
    Table,
    WebPushTable,
    WNSTable,
)
from config.problem import problem

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


class _AppTable(Table):
    name: str = Field(min_length=1, max_length=255)
    keys: tuple[KeyTable, ...] = Field(min_length=1)
    limits: LimitTable = LimitTable()
    fcm: FCMTable | None = None
    apns: APNsTable | None = None
    webpush: WebPushTable | None = None
    wns: WNSTable | None = None
    hms: HMSTable | None = None
    quarantine: QuarantineTable = QuarantineTable()
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
            limits=Limits(**self.limits.given()),
            quarantine=Quarantine(**self.quarantine.given()),
            **{name: getattr(self, name) for name in ("time_zone", "quiet_hours") if name in self.model_fields_set},
            **{name: kind(**table.given()) for name, kind in CREDENTIALS.items() if (table := getattr(self, name))},  # type: ignore[arg-type]
        )


class _File(Table):
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
