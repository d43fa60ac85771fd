from __future__ import annotations

import os
import subprocess
import sys

import pytest

from clarion.queue import Queue
from config.fleet import ROOT, Fleet
from tests.deadline import until

LOAD = "from config.settings import load_or_exit; settings, apps = load_or_exit(); print(*apps)"


@pytest.fixture
def load(tmp_path):
    def load(*words, **variables):
        env = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
        return subprocess.run(
            [sys.executable, *(words or ("-c", LOAD))],
            env=env | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
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


@pytest.fixture
def bad_credential(tmp_path, redis_process):
    """The variables of an application whose key file is no key file."""
    (tmp_path / "firebase.json").write_text('{"private_key": "hunter2"}')
    file = tmp_path / "apps.toml"
    keys = '[[apps.demo.keys]]\nkey = "0123456789abcdef"\nscopes = ["read"]\n'
    file.write_text(f'[apps.demo]\nname = "Demo"\n{keys}[apps.demo.fcm]\nservice_account = "firebase.json"\n')
    return {"CLARION_APPS_FILE": str(file), "CLARION_REDIS_URL": redis_process.url}


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_with_a_wrong_key_file_says_so_in_one_line_and_ends_with_code_2(load, bad_credential, tmp_path, pool):
    words = ("-m", "celery", "--quiet", "-A", "worker.app", "worker", "-P", pool, "-c", "1", "-Q", "clarion.plan")
    done = load(*words, **bad_credential)
    assert done.returncode == 2
    # the JSON lines are Celery's, about root
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    expected = "expected the fields project_id, client_email, token_uri."
    assert said == [f"clarion: FCM service account {tmp_path / 'firebase.json'}: {expected}"]


def test_beat_and_flower_read_no_key_file(bad_credential, storage, tmp_path):
    with Fleet(bad_credential, tmp_path / "log") as fleet:
        fleet.start("beat")
        fleet.start("flower")
        fleet.wait_up()
        until(lambda: storage.main.llen(Queue.RESCUE))
