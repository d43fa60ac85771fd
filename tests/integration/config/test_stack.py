from __future__ import annotations

import json
import ssl

import httpx
import pytest
import redis

from config.app_file import read_apps
from config.stack import running

WORKERS = {"express": 1, "bulk": 1, "beat": 1}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running(tmp_path_factory.mktemp("stack"), processes=WORKERS) as stack:
        yield stack


def test_the_workers_are_up_on_the_embedded_redis(stack):
    assert [len(stack.fleet.pids(name)) for name in ("express", "bulk", "beat", "web")] == [1, 1, 1, 0]
    with redis.Redis.from_url(stack.redis_url) as client:
        assert client.ping()


def test_the_application_points_at_the_simulator(stack):
    app = read_apps(stack.key_file.parent / "apps.toml")[stack.app]
    assert app.keys[0].key == stack.key
    assert app.fcm.endpoint == stack.simulator["fcm"]
    trust = ssl.create_default_context(cafile=str(app.fcm.ca_bundle))
    assert httpx.get(app.fcm.endpoint, verify=trust).status_code == 404


def test_the_key_is_readable_by_its_owner_only(stack):
    assert stack.key_file.stat().st_mode & 0o777 == 0o600


def test_every_line_that_a_worker_logs_is_a_json_event(stack):
    lines = (stack.key_file.parent / "log/express-1.log").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert any(event["level"] == "info" and event["event"].endswith("ready.") for event in events)
    assert all(event.keys() >= {"event", "level", "logger", "timestamp"} for event in events)
