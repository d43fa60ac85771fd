from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import redis

from clarion.errors import Misconfigured
from config import redis_server


@pytest.fixture
def start():
    running = []

    def start(folder, port=0):
        running.append(redis_server.start(folder, port))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def client():
    opened = []

    def client(server):
        opened.append(redis.Redis.from_url(server.url))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def test_a_server_answers_with_our_configuration(start, client, tmp_path):
    options = client(start(tmp_path)).config_get()
    assert options["appendonly"] == "yes"
    assert options["appendfsync"] == "everysec"
    assert options["maxmemory-policy"] == "noeviction"
    assert options["save"] == ""
    assert options["bind"] == "127.0.0.1"


def test_a_killed_server_has_its_data_again_on_the_same_folder(start, client, tmp_path):
    server = start(tmp_path)
    client(server).set("kept", "yes")
    server.kill()
    assert server.process.returncode == -signal.SIGKILL
    assert client(start(tmp_path)).get("kept") == b"yes"


def test_a_stopped_server_can_be_started_again_on_its_port(start, client, tmp_path):
    first = start(tmp_path)
    client(first).set("kept", "yes")
    first.stop()
    second = start(tmp_path, first.port)
    assert second.url == first.url
    assert client(second).get("kept") == b"yes"


def test_a_second_server_on_the_same_folder_is_refused(start, tmp_path, monkeypatch):
    monkeypatch.setattr(redis_server, "_LOCK_WITHIN_S", 0.05)
    start(tmp_path)
    with pytest.raises(Misconfigured, match="already runs"):
        start(tmp_path)


def test_a_port_that_is_taken_is_refused_and_the_log_is_named(start, tmp_path):
    first = start(tmp_path / "first")
    with pytest.raises(Misconfigured, match=r"redis\.log says why"):
        start(tmp_path / "second", first.port)


def test_the_command_prints_its_url_and_stops_on_sigterm(tmp_path):
    command = [sys.executable, "-m", "config.redis_server", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with redis.Redis.from_url(url) as one:
            assert one.ping()
            process.terminate()
            assert process.wait(15) == 0
            with pytest.raises(redis.ConnectionError):
                one.ping()
