"""The whole system on this machine: embedded Redis, the simulator as its provider, one application, and the fleet.

For `clarion demo`, `clarion up`, benches and end-to-end tests.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from config import redis_server
from config.fleet import ROOT, Fleet, Member, NotReady
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
        simulator: what the simulator announced: `fcm`, `control`, `ca`, `credentials`, `project_id` …; empty without.
        apps_file: the applications.
        app: the id of the application that was made for this.
        key_file: file that holds its API key, with every scope; None when an apps file was given.
        provisions: what runs beside the fleet: the embedded Redis, the simulator.
    """

    fleet: Fleet
    redis_url: str
    redis: redis_server.RedisServer | None
    simulator: Mapping[str, Any]
    apps_file: Path
    app: str = APP
    key_file: Path | None = None
    provisions: tuple[Member, ...] = ()

    @property
    def key(self) -> str:
        """The API key of the application that was made for this."""
        assert self.key_file is not None
        return self.key_file.read_text()

    def wait(self) -> None:
        """Stay for as long as everything runs.

        Raises:
            NotReady: a process ended; the message names it and ends with its log.
        """
        self.fleet.wait_ready(lambda: self._ended() is not None, math.inf)
        ended = self._ended()
        assert ended is not None
        raise NotReady(f"{ended.name} ended.\n{ended.log.read_text(errors='replace')}")

    def _ended(self) -> Member | None:
        return next((member for member in self.provisions if exited(member.process)), None)


@contextmanager
def running(
    folder: Path,
    *,
    redis_url: str | None = None,
    apps_file: Path | None = None,
    processes: Mapping[str, int] = PROCESSES,
    settings: Mapping[str, str] | None = None,
    credentials: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Stack]:
    """Start everything, wait until it answers, and stop it at the end of the block.

    Args:
        folder: of data, logs and keys; what lies there is used again.
        redis_url: a Redis to use instead of the embedded one.
        apps_file: applications to use instead of one that sends to a simulator; then there is no simulator.
        processes: how many of each line of the Procfile; none of a line that is left out.
        settings: further variables of the processes.
        credentials: provider -> settings of its table in the apps file, beside or instead of the simulator's.

    Raises:
        Misconfigured: the embedded Redis cannot be started.
        NotReady: something does not come up; the message ends with its log.
    """
    folder = folder.absolute()
    with ExitStack() as undo:
        provisions = []
        redis = None if redis_url else redis_server.start(folder / "redis")
        if redis:
            undo.callback(redis.stop)
            provisions.append(Member("redis", redis.process, redis.data_dir / "redis.log"))
        url = redis_url or redis.url  # type: ignore[union-attr]
        announced: Mapping[str, Any] = {}
        key_file = None
        if apps_file is None:
            played = undo.enter_context(simulator(folder / "simulator", folder / "log" / "simulator.log"))
            provisions.append(played.member)
            announced, key_file = played.announced, _key_file(folder)
            apps_file = _apps_file(folder, announced, key_file, credentials or {})
        env = {
            "CLARION_REDIS_URL": url,
            "CLARION_APPS_FILE": str(apps_file.absolute()),
            "CLARION_STATE_DIR": str(folder),
        }
        fleet = undo.enter_context(Fleet(env | dict(settings or {}), folder / "log"))
        for name, count in processes.items():
            fleet.start(name, count)
        fleet.wait_up()
        yield Stack(fleet, url, redis, announced, apps_file, key_file=key_file, provisions=tuple(provisions))


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator, and what it announced: `fcm`, `control`, `ca`, `credentials`, `project_id` and more."""

    member: Member
    announced: Mapping[str, Any]


@contextmanager
def simulator(state: Path, log: Path, options: Sequence[str] = ()) -> Iterator[Simulator]:
    """Run the simulator for the length of the block.

    Args:
        state: folder of its certificates and key files.
        log: file of its output.
        options: further words of its command line.

    Raises:
        NotReady: it does not come up; the message ends with its log.
    """
    announced = state / "simulator.json"
    announced.unlink(missing_ok=True)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "simulator", "--state", str(state), *options]
    process = spawn(command, log=log, env=env, cwd=ROOT)
    try:
        yield Simulator(Member("simulator", process, log), _announcement(process, announced, log))
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


#: Provider -> setting of its table -> what the simulator calls it.
SETTINGS = {
    "fcm": {"service_account": "credentials", "project_id": "project_id", "endpoint": "fcm"},
    "apns": {name: name for name in ("key_file", "key_id", "team_id", "topic", "endpoint", "sandbox_endpoint")},
    "webpush": {name: name for name in ("private_key", "subject", "hosts")},
    "wns": {name: name for name in ("client_id", "client_secret", "tenant_id", "token_endpoint", "hosts")},
    "hms": {name: name for name in ("client_id", "client_secret", "project_id", "endpoint", "token_endpoint")},
}


#: The simulator takes what this machine can send, from the first second.
_AT_ONCE = {"rate_per_s": 0, "ramp_up_s": 0}


def provider_tables(
    app: str, announced: Mapping[str, Any], credentials: Mapping[str, Mapping[str, Any]] | None = None
) -> list[str]:
    """The lines of an apps file that make an application send to the simulator, with all its providers."""
    lines = []
    for provider, found in announced["providers"].items():
        table = {name: found[word] for name, word in SETTINGS[provider].items()} | {"ca_bundle": announced["ca"]}
        table |= _AT_ONCE | dict((credentials or {}).get(provider, {}))
        lines += [f"[apps.{app}.{provider}]", *(f"{name} = {_value(value)}" for name, value in table.items()), ""]
    return lines


def _apps_file(
    folder: Path, announced: Mapping[str, Any], key_file: Path, credentials: Mapping[str, Mapping[str, Any]]
) -> Path:
    lines = [
        f"[apps.{APP}]",
        'name = "Demo"',
        f"[[apps.{APP}.keys]]",
        f"key_file = {_value(str(key_file))}",
        'scopes = ["publish", "register", "read", "admin"]',
        "",
        *provider_tables(APP, announced, credentials),
    ]
    file = folder / "apps.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _value(value: Any) -> str:
    # JSON's strings, numbers and lists of them are TOML's, but for escaped surrogates.
    return json.dumps(value, ensure_ascii=False)
