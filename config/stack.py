"""The whole system on this machine: embedded Redis, the simulator as its provider, one application, and the fleet.

For `clarion demo`, `clarion up`, benches and end-to-end tests.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from config import redis_server
from config.fleet import ROOT, Fleet, NotReady
from config.process import exited, spawn, stop

APP = "demo"
#: How many of each line of the Procfile. Enough for two cores.
PROCESSES = {"web": 1, "express": 1, "bulk": 1, "beat": 1}
_SIMULATOR_WITHIN_S = 20.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system.

    Attributes:
        fleet: its processes; `fleet.env` has their settings and `fleet.api_url` the API.
        redis_url: its Redis.
        redis: the embedded server; None when a Redis was given.
        simulator: what the simulator announced: `fcm`, `control`, `ca`, `credentials`, `project_id` …
        app: the application's id.
        key_file: file that holds an API key with every scope.
    """

    fleet: Fleet
    redis_url: str
    redis: redis_server.RedisServer | None
    simulator: Mapping[str, Any]
    app: str
    key_file: Path

    @property
    def key(self) -> str:
        """The API key."""
        return self.key_file.read_text()


@contextmanager
def running(
    folder: Path,
    *,
    redis_url: str | None = None,
    processes: Mapping[str, int] = PROCESSES,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start everything, wait until it answers, and stop it at the end of the block.

    Args:
        folder: of data, logs and keys; what lies there is used again.
        redis_url: a Redis to use instead of the embedded one.
        processes: how many of each line of the Procfile; none of a line that is left out.
        settings: further variables of the processes.

    Raises:
        Misconfigured: the embedded Redis cannot be started.
        NotReady: something does not come up; the message ends with its log.
    """
    folder = folder.absolute()
    with ExitStack() as undo:
        redis = None if redis_url else redis_server.start(folder / "redis")
        if redis:
            undo.callback(redis.stop)
        url = redis_url or redis.url  # type: ignore[union-attr]
        simulator = undo.enter_context(_simulator(folder / "simulator", folder / "log" / "simulator.log"))
        key_file = _key_file(folder)
        env = {
            "CLARION_REDIS_URL": url,
            "CLARION_APPS_FILE": str(_apps_file(folder, simulator, key_file)),
            "CLARION_STATE_DIR": str(folder),
        }
        fleet = undo.enter_context(Fleet(env | dict(settings or {}), folder / "log"))
        for name, count in processes.items():
            fleet.start(name, count)
        fleet.wait_up()
        yield Stack(fleet, url, redis, simulator, APP, key_file)


@contextmanager
def _simulator(state: Path, log: Path) -> Iterator[Mapping[str, Any]]:
    announced = state / "simulator.json"
    announced.unlink(missing_ok=True)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = spawn([sys.executable, "-m", "simulator", "--state", str(state)], log=log, env=env, cwd=ROOT)
    try:
        yield _announcement(process, announced, log)
    finally:
        stop([process], within_s=5)


def _announcement(process: Popen[bytes], file: Path, log: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + _SIMULATOR_WITHIN_S
    while not exited(process) and time.monotonic() < deadline:
        # Written in one go and ended by a line feed: without it, it is not all there yet.
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return dict(json.loads(text))
        time.sleep(_POLL_S)
    raise NotReady(f"The simulator did not come up.\n{log.read_text(errors='replace')}")


def _key_file(folder: Path) -> Path:
    file = folder / "api-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file


def _apps_file(folder: Path, simulator: Mapping[str, Any], key_file: Path) -> Path:
    fcm = {"service_account": "credentials", "project_id": "project_id", "endpoint": "fcm", "ca_bundle": "ca"}
    lines = [
        f"[apps.{APP}]",
        'name = "Demo"',
        f"[[apps.{APP}.keys]]",
        f"key_file = {_string(str(key_file))}",
        'scopes = ["publish", "register", "read", "admin"]',
        f"[apps.{APP}.fcm]",
        *(f"{name} = {_string(simulator[word])}" for name, word in fcm.items()),
    ]
    file = folder / "apps.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _string(value: str) -> str:
    # A JSON string is a TOML string, but for escaped surrogates.
    return json.dumps(value, ensure_ascii=False)
