from __future__ import annotations

import pytest
from pydantic import ValidationError

from clarion.errors import Misconfigured
from config.settings import PREFIX, EngineKind, Settings, read_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_without_variables_every_setting_has_its_default():
    settings = read_settings()
    assert settings.redis_url == "redis://127.0.0.1:6379/0"
    assert (settings.shard_size, settings.express_audience, settings.record_batch) == (2_000, 100, 250)
    assert settings.engine is EngineKind.AUTO


def test_a_variable_sets_its_setting(monkeypatch):
    monkeypatch.setenv("CLARION_SHARD_SIZE", "500")
    monkeypatch.setenv("CLARION_ENGINE", "portable")
    settings = read_settings()
    assert settings.shard_size == 500
    assert settings.engine is EngineKind.PORTABLE


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("CLARION_REGISTRY_URL", "")
    assert read_settings().registry == read_settings().redis_url


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().shard_size = 1


def test_registry_and_broker_are_the_redis_unless_named(monkeypatch):
    monkeypatch.setenv("CLARION_REDIS_URL", "redis://127.0.0.1:7000/3")
    settings = read_settings()
    assert settings.registry == settings.broker == settings.redis_url
    assert settings.queues_on_main
    assert settings.foreign_broker is None
    monkeypatch.setenv("CLARION_BROKER_URL", "amqp://127.0.0.1:5672//")
    monkeypatch.setenv("CLARION_REGISTRY_URL", "redis://127.0.0.1:7001/0")
    settings = read_settings()
    assert settings.broker.startswith("amqp://")
    assert settings.registry.endswith(":7001/0")
    assert not settings.queues_on_main
    assert settings.foreign_broker == settings.broker


WRONG = [
    ("REDIS_URL", "mysql://u:hunter2@h/0"),
    ("REDIS_URL", "redis://u:hunter2@h:99999/0"),
    ("REGISTRY_URL", "hunter2"),
    ("BROKER_URL", "hunter2"),
    ("SHARD_SIZE", "hunter2"),
    ("SHARD_SIZE", "0"),
    ("SHARD_SIZE", "65537"),
    ("EXPRESS_AUDIENCE", "-1"),
    ("RECORD_BATCH", "2001"),
    ("LEASE_S", "1"),
    ("LEASE_S", "nan"),
    ("RESCUE_EVERY_S", "0"),
    ("VISIBILITY_TIMEOUT_S", "4"),
    ("REQUEST_TIMEOUT_S", "inf"),
    ("LOG_LEVEL", "hunter2"),
    ("LOG_FORMAT", "xml"),
    ("ENGINE", "hunter2"),
    ("API_PORT", "70000"),
    ("CONNECTIONS", "0"),
    ("STREAMS_PER_CONNECTION", "many"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_hides_the_value(monkeypatch, name, value):
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(Misconfigured) as caught:
        read_settings()
    assert caught.value.message.startswith(f"{PREFIX}{name}: ")
    assert "\n" not in caught.value.message
    assert "hunter2" not in caught.value.message


def test_passwords_in_urls_stay_out_of_repr(monkeypatch):
    for name in ("REDIS_URL", "REGISTRY_URL", "BROKER_URL"):
        monkeypatch.setenv(PREFIX + name, "redis://:hunter2@127.0.0.1:7000/0")
    settings = read_settings()
    assert "hunter2" in settings.redis_url
    assert "hunter2" not in f"{settings!r} {settings}"
