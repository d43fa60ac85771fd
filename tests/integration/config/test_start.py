from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOAD = "from config.settings import load_or_exit; settings, apps = load_or_exit(); print(*apps)"


@pytest.fixture
def load(tmp_path):
    def load(**variables):
        env = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
        return subprocess.run(
            [sys.executable, "-c", LOAD], env=env | variables, capture_output=True, text=True, timeout=30, check=False
        )

    return load


def test_a_wrong_setting_stops_the_start_with_one_line_and_code_2(load):
    done = load(CLARION_REDIS_URL="mysql://:hunter2@h")
    assert done.returncode == 2
    assert done.stderr == "clarion: CLARION_REDIS_URL: expected redis://host:port/db or rediss://host:port/db\n"
    assert done.stdout == ""


def test_a_wrong_apps_file_stops_the_start_with_one_line_and_code_2(load, tmp_path):
    file = tmp_path / "apps.toml"
    file.write_text('[apps.demo]\nname = "Demo"\n[[apps.demo.keys]]\nkey = "0123456789abcdef"\nscopes = ["fly"]\n')
    done = load(CLARION_APPS_FILE=str(file))
    assert done.returncode == 2
    assert done.stderr == (
        f"clarion: {file}: apps.demo.keys[0].scopes[0]: Input should be 'publish', 'register', 'read' or 'admin'\n"
    )


def test_a_right_configuration_starts(load, tmp_path):
    file = tmp_path / "apps.toml"
    file.write_text('[apps.demo]\nname = "Demo"\n[[apps.demo.keys]]\nkey = "0123456789abcdef"\nscopes = ["read"]\n')
    done = load(CLARION_APPS_FILE=str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "demo\n", "")
