from __future__ import annotations

import pytest

from cli.doctor.examination import LOCK
from cli.doctor.finding import Level
from cli.doctor.version import ENGINE, EXACT, LOOSE, check_versions, judge, locked
from config.settings import EngineKind


def test_the_lock_names_every_package_that_is_checked():
    assert locked(LOCK).keys() >= {*EXACT, *LOOSE, ENGINE}


def test_what_is_installed_here_is_as_locked():
    assert {finding.level for finding in check_versions(locked(LOCK), EngineKind.AUTO)} == {Level.OK}


def test_without_a_lock_nothing_is_known_to_be_wrong(tmp_path):
    assert locked(tmp_path / "requirements.lock") == {}


@pytest.mark.parametrize(
    ("package", "found", "level"),
    [
        ("celery", "5.6.3", Level.OK),
        ("celery", "5.7.0", Level.FAIL),
        ("redis", "8.2.0", Level.WARN),
        ("kombu", None, Level.FAIL),
    ],
)
def test_only_celery_and_kombu_must_be_exact(package, found, level):
    pins = {"celery": "5.6.3", "redis": "8.1.0", "kombu": "5.7.0"}
    assert judge(package, found, pins[package]).level is level


def test_curl_must_be_there_only_when_it_was_asked_for(monkeypatch):
    monkeypatch.setattr("cli.doctor.version.installed", lambda package: None if package == ENGINE else "1")
    *_, finding = check_versions({}, EngineKind.AUTO)
    assert finding.level is Level.WARN
    *_, finding = check_versions({}, EngineKind.CURL)
    assert finding.level is Level.FAIL
