"""The Procfile's processes, started for real: for the demo, benches and every test that needs more than one process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from celery import Celery
from kombu.exceptions import OperationalError

from config.process import exited, members, signal_group, spawn, stop
from config.redis_server import HOST, free_port
from config.settings import PREFIX

ROOT = Path(__file__).resolve().parent.parent

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")
_POLL_S = 0.05
_PING_WITHIN_S = 0.5
_TAIL_BYTES = 4_000


class NotReady(Exception):
    """A process ended, or did not come up in time. The message ends with its log."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the fleet: `name` in the Procfile, the process, and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def read_procfile(file: Path) -> dict[str, str]:
    """The commands of a Procfile by name."""
    matches = (_LINE.match(line) for line in file.read_text().splitlines())
    return {match[1]: match[2] for match in matches if match}


class Fleet:
    """Starts, finds, kills and stops processes of a Procfile. Whatever is left ends when we do, however we do.

    Args:
        env: their settings, `CLARION_REDIS_URL` and so on; ours do not reach them. Ports not given are free ones.
        log_dir: folder of their output, one file each.
        procfile: what can be started; commands run by `sh` in the checkout's root.
    """

    def __init__(self, env: Mapping[str, str], log_dir: Path, procfile: Path = ROOT / "Procfile") -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.env = inherited | _defaults() | dict(env)
        self.log_dir = log_dir
        self._commands = read_procfile(procfile)
        self._members: list[Member] = []
        self._started: Counter[str] = Counter()
        self._told: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def api_url(self) -> str:
        """Where `web` answers."""
        return f"http://{HOST}:{self.env['CLARION_API_PORT']}"

    @property
    def flower_url(self) -> str:
        """Where `flower` answers."""
        return f"http://{HOST}:{self.env['CLARION_FLOWER_PORT']}"

    def start(self, name: str, count: int = 1) -> list[Member]:
        """Start `count` more processes of one line of the Procfile; returns at once."""
        command = ["/bin/sh", "-c", f"exec {self._commands[name]}"]
        started = []
        for _ in range(count):
            self._started[name] += 1
            log = self.log_dir / f"{name}-{self._started[name]}.log"
            started.append(Member(name, spawn(command, log=log, env=self.env, cwd=ROOT), log))
        self._members += started
        return started

    def wait_up(self, timeout_s: float = 30) -> None:
        """Wait until everything that is alive answers: HTTP from `web` and `flower`, a ping from each worker.

        Raises:
            NotReady: it does not in time, or a process ended that nobody told to.
        """
        for name, url in (("web", self.api_url), ("flower", self.flower_url)):
            if self.pids(name):
                self.wait_ready(lambda url=url: _answers(url), timeout_s)  # type: ignore[misc]
        nodes = {f"{m.name}-{m.process.pid}" for m in self._alive() if " worker " in self._commands[m.name]}
        broker = self.env.get("CLARION_BROKER_URL") or self.env.get("CLARION_REDIS_URL", "")
        with Celery(broker=broker, set_as_current=False) as celery:
            self.wait_ready(lambda: not nodes or nodes <= _pinged(celery, len(nodes)), timeout_s)

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float = 30) -> None:
        """Poll `ready` until it is true.

        Raises:
            NotReady: it is not within `timeout_s`, or a process ended that nobody told to.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            for member in self._members:
                if exited(member.process) and member.process.pid not in self._told:
                    raise NotReady(f"{member.name} ended while it was waited for.\n{_tail(member.log)}")
            if ready():
                return
            if time.monotonic() > deadline:
                logs = "\n".join(f"--- {member.log.name}\n{_tail(member.log)}" for member in self._alive())
                raise NotReady(f"Not ready within {timeout_s} s.\n{logs}")
            time.sleep(_POLL_S)

    def pids(self, name: str) -> list[int]:
        """The process ids of the live processes of that name, without their children, oldest first."""
        return [member.process.pid for member in self._alive() if member.name == name]

    def children(self, name: str) -> list[int]:
        """The process ids of what the processes of that name started, also of those that were killed."""
        groups = [member.process.pid for member in self._members if member.name == name]
        return [pid for group in groups for pid in members(group) if pid != group]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, children: bool = False) -> list[int]:
        """Send a signal to the live processes of that name, and to their children if asked; returns their ids.

        After SIGKILL they are gone when this returns.
        """
        pids = self.pids(name)
        self._told.update(pids)
        for pid in pids:
            if children:
                signal_group(pid, number)
            else:
                os.kill(pid, number)
        if number is signal.SIGKILL:
            while set(self.pids(name)) & set(pids):
                time.sleep(_POLL_S)
        return pids

    def stop(self, within_s: float = 20) -> None:
        """Stop everything: SIGTERM, and after `within_s` SIGKILL to whatever is left, children included."""
        stop([member.process for member in self._members], within_s=within_s)
        self._members.clear()

    def _alive(self) -> list[Member]:
        return [member for member in self._members if not exited(member.process)]


def _defaults() -> dict[str, str]:
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "CLARION_API_HOST": HOST,
        "CLARION_API_PORT": str(free_port()),
        "CLARION_FLOWER_PORT": str(free_port()),
    }


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=2.0)
    except httpx.TransportError:
        return False
    return True


def _pinged(celery: Celery, limit: int) -> set[str]:
    try:
        replies = celery.control.ping(timeout=_PING_WITHIN_S, limit=limit)
    except OperationalError:
        return set()
    return {node.partition("@")[0] for reply in replies for node in reply}


def _tail(log: Path) -> str:
    return log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
