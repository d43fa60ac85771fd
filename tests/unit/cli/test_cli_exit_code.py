from __future__ import annotations

import pytest

from clarion import errors
from cli.exit_code import ExitCode, exit_code

EXPECTED = {
    errors.Misconfigured("x"): ExitCode.USAGE,
    errors.InvalidField("ttl", "seconds"): ExitCode.USAGE,
    errors.InvalidSchedule("publishAt", "a time"): ExitCode.USAGE,
    errors.BodyTooLarge("x"): ExitCode.USAGE,
    errors.UnknownMessage("x"): ExitCode.NOT_FOUND,
    errors.UnknownDevice("x"): ExitCode.NOT_FOUND,
    errors.Unavailable("x"): ExitCode.UNREACHABLE,
    errors.PermissionDenied("x"): ExitCode.FAILED,
    errors.IdempotencyConflict("x"): ExitCode.FAILED,
    errors.NotProvided("x"): ExitCode.FAILED,
}


@pytest.mark.parametrize("error", EXPECTED, ids=lambda error: type(error).__name__)
def test_each_error_has_its_exit_code(error):
    assert exit_code(error) is EXPECTED[error]


def test_a_command_that_does_not_exist_is_a_usage_error(clarion):
    ended = clarion("pubish")
    assert ended.code == ExitCode.USAGE
    assert "Did you mean 'publish'?" in ended.err


def test_a_setting_that_cannot_be_used_is_one_line_and_a_usage_error(clarion, monkeypatch):
    monkeypatch.setenv("CLARION_REDIS_URL", "mysql://:hunter2@h")
    ended = clarion("messages")
    assert ended == (2, "", "clarion: CLARION_REDIS_URL: expected redis://host:port/db or rediss://host:port/db\n")


def test_a_missing_apps_file_is_a_usage_error(clarion):
    ended = clarion("publish", "hello")
    assert ended.code == ExitCode.USAGE
    assert ended.err == "clarion: CLARION_APPS_FILE: cannot read apps.toml: No such file or directory\n"


def test_with_several_applications_one_must_be_named(clarion, tmp_path):
    app = '[apps.{0}]\nname = "{0}"\n[[apps.{0}.keys]]\nkey = "0123456789abcdef"\nscopes = ["read"]\n'
    (tmp_path / "apps.toml").write_text(app.format("one") + app.format("two"))
    assert clarion("messages").err == "clarion: Say which application with --app: apps.toml has one, two.\n"
    assert clarion("messages", "--app", "six").err == "clarion: No application six: apps.toml has one, two.\n"


def test_every_command_explains_itself(clarion):
    for words in ([], ["publish"], ["status"], ["devices", "get"], ["doctor"], ["demo"], ["up"], ["simulator"]):
        ended = clarion(*words, "--help")
        assert ended.code == 0
        assert "Usage: clarion" in ended.out
