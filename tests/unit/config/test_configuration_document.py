from __future__ import annotations

import dataclasses
import re
from enum import Enum

import pytest

from clarion.app import (
    PROVIDERS,
    ApiKey,
    APNsCredential,
    App,
    FCMCredential,
    HMSCredential,
    Limits,
    Quarantine,
    Scope,
    WebPushCredential,
    WNSCredential,
)
from config.fleet import ROOT
from config.settings import PREFIX, Settings

DOCUMENT = (ROOT / "docs/configuration.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", re.MULTILINE)


def rows(text):
    return {name: default.strip().strip("`") for name, default, _what in ROW.findall(text)}


def section(title):
    return rows(DOCUMENT.split(f"### `{title}`")[1].split("\n## ")[0].split("\n### ")[0])


VARIABLES = {name: default for name, default in rows(DOCUMENT).items() if name.startswith(PREFIX)}
#: What the Procfile uses when a variable is not set.
FALLBACKS = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", (ROOT / "Procfile").read_text()))


def test_every_variable_is_documented_and_no_other():
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(VARIABLES) == settings | set(FALLBACKS)


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if field.default is not None])
def test_the_documented_default_is_the_default(name):
    default = Settings.model_fields[name].default
    assert VARIABLES[PREFIX + name.upper()] == str(default.value if isinstance(default, Enum) else default)


def test_every_plain_value_of_an_app_is_documented():
    tables = {"keys", "limits", "quarantine", *PROVIDERS}
    assert set(section("[apps.<id>]")) == {f.name for f in dataclasses.fields(App)} - tables - {"id"}


def test_every_limit_is_documented_with_its_default():
    assert section("[apps.<id>.limits]") == {f.name: str(f.default) for f in dataclasses.fields(Limits)}


def test_every_rule_of_the_quarantine_is_documented_with_its_default():
    assert section("[apps.<id>.quarantine]") == {f.name: str(f.default) for f in dataclasses.fields(Quarantine)}


CREDENTIALS = [
    ("webpush", WebPushCredential),
    ("fcm", FCMCredential),
    ("apns", APNsCredential),
    ("wns", WNSCredential),
    ("hms", HMSCredential),
]


@pytest.mark.parametrize(("provider", "credential"), CREDENTIALS)
def test_every_part_of_a_credential_is_documented(provider, credential):
    assert set(section(f"[apps.<id>.{provider}]")) == {f.name for f in dataclasses.fields(credential)}


def test_every_part_of_a_key_is_documented():
    keys = section("[[apps.<id>.keys]]")
    assert set(keys) == {f.name for f in dataclasses.fields(ApiKey)} | {"key_file"}
    assert all(f"`{scope}`:" in DOCUMENT for scope in Scope)


def test_the_procfile_falls_back_on_the_documented_defaults():
    assert {name: VARIABLES[name] for name in FALLBACKS} == FALLBACKS
