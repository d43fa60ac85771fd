from __future__ import annotations

import os
import signal
import socket

import httpx
import pytest

from clarion import presence
from clarion.clock import wall_clock_ms
from clarion.schedule.tick import tick
from config.fleet import Fleet
from tests.integration.api.conftest import ADMIN, APPS


def test_it_is_ready_when_redis_answers_and_a_worker_was_seen(api):
    url = f"{api.url}/readyz"
    assert httpx.get(f"{api.url}/healthz").json() == {"alive": True}
    waiting = httpx.get(url)
    nothing_delayed = ["No beat was seen lately: what is delayed or repeated waits."]
    assert waiting.status_code == 503
    assert waiting.json() == {"ready": False, "reasons": ["No worker was seen lately."], "warnings": nothing_delayed}
    presence.seen(api.storage, "host:1", now_ms=wall_clock_ms())
    ready = httpx.get(url)
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "reasons": [], "warnings": nothing_delayed}
    assert tick(api.storage, "rescue", 1_000) == 0
    assert httpx.get(url).json() == {"ready": True, "reasons": [], "warnings": []}


def test_its_output_never_holds_a_key(web, api):
    api.publish({})
    api.get("/messaging/nothing")
    api.get("/info", key="a-guessed-key-0123456789")
    api.ask("POST", "/messaging/default", content=b"x" * 2_000_000)
    with socket.create_connection(api.url.removeprefix("http://").split(":")) as left:  # in the middle of a body
        left.sendall(
            f"POST /demo/{ADMIN}/messaging/default HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
    assert api.get("/info").status_code == 200
    output = "".join(log.read_text() for log in web.log_dir.iterdir())
    assert "Listening" in output
    assert "key-0123456789" not in output


def test_sigterm_ends_it_with_0(redis_process, tmp_path):
    (tmp_path / "apps.toml").write_text(APPS)
    (tmp_path / "account.json").write_text("{}")
    env = {"CLARION_REDIS_URL": redis_process.url, "CLARION_APPS_FILE": str(tmp_path / "apps.toml")}
    with Fleet(env, tmp_path / "log") as fleet:
        [member] = fleet.start("web")
        fleet.wait_up()
        os.kill(member.process.pid, signal.SIGTERM)
        assert member.process.wait(timeout=20) == 0


@pytest.mark.parametrize("apps", ["", "[apps.demo]\nname = 5\n"])
def test_a_setting_that_cannot_be_used_is_said_in_one_line_and_ends_it(redis_process, tmp_path, apps):
    (tmp_path / "apps.toml").write_text(apps)
    env = {"CLARION_REDIS_URL": redis_process.url, "CLARION_APPS_FILE": str(tmp_path / "apps.toml")}
    with Fleet(env, tmp_path / "log") as fleet:
        [member] = fleet.start("web")
        assert member.process.wait(timeout=20) != 0
        lines = [line for line in member.log.read_text().splitlines() if line.startswith("clarion: ")]
        assert "apps.toml" in lines[0]
