from __future__ import annotations

import pytest

from api.access import Callers
from clarion.app import ApiKey, App, Scope
from clarion.errors import PermissionDenied, WrongApplication
from clarion.storage import open_storage

FIRST = ApiKey("first-key-0123456789", frozenset({Scope.PUBLISH}), frozenset({"news"}))
SECOND = ApiKey("second-key-0123456789", frozenset({Scope.READ}))
OTHER = ApiKey("other-key-0123456789", frozenset({Scope.ADMIN}))


@pytest.fixture
def callers():
    apps = [App(id="demo", name="Demo", keys=(FIRST, SECOND)), App(id="other", name="Other", keys=(OTHER,))]
    return Callers(apps, open_storage("redis://127.0.0.1:1/0"))


def test_each_key_of_an_application_finds_its_caller(callers):
    assert callers.find("demo", FIRST.key).key is FIRST
    assert callers.find("demo", SECOND.key).key is SECOND
    assert callers.find("other", OTHER.key).app.id == "other"


@pytest.mark.parametrize(
    ("app_id", "api_key"),
    [
        ("demo", OTHER.key),
        ("other", FIRST.key),
        ("demo", ""),
        ("", FIRST.key),
        ("demo", FIRST.key.upper()),
        ("x", "\ud800"),
    ],
)
def test_nobody_else_is_found(callers, app_id, api_key):
    with pytest.raises(WrongApplication):
        callers.find(app_id, api_key)


def test_a_key_bound_to_channels_may_publish_only_there(callers):
    bound = callers.find("demo", FIRST.key)
    bound.check_channel("news")
    with pytest.raises(PermissionDenied):
        bound.check_channel("default")
    callers.find("demo", SECOND.key).check_channel("default")


def test_a_key_does_not_show_in_a_representation(callers):
    assert FIRST.key not in repr(callers.find("demo", FIRST.key))
