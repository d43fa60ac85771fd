"""Child processes that cannot outlive us: each in a session of its own, output to a file, and a guard over all.

The guard is one small process on the other end of a pipe. When the pipe closes, however we ended, it kills the process
groups that are still written down. Each child writes itself down before it becomes what it is to be, and keeps the
pipe open until then: there is no instant at which we could be killed and it be forgotten. (Linux' parent-death signal
would miss grandchildren, and fires when the *thread* that started the child ends.)
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

_POLL_S = 0.01

_GUARD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""

#: Standard input is the pipe. In a subshell, because writing ends it when somebody has killed the guard.
_WRITTEN_DOWN = '(echo $$ >&0) 2>/dev/null; exec "$@" </dev/null'


def spawn(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, hold: int = -1
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of a new session and process group.

    Args:
        command: program and arguments.
        log: file that its output is appended to.
        env: its whole environment; None is ours.
        cwd: its working directory; None is ours.
        hold: a file descriptor it keeps open, for instance one that carries a lock.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    guard = _guard(os.getpid())
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the commands are the Procfile's and ours
            ["/bin/sh", "-c", _WRITTEN_DOWN, "sh", *command],
            env=env,
            cwd=cwd,
            stdin=guard.stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(hold,) if hold >= 0 else (),
        )


def exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended. Unlike `poll` this leaves its id taken, so that its group can still be told."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def stop(processes: Sequence[subprocess.Popen[bytes]], *, within_s: float) -> None:
    """End processes together: SIGTERM, then SIGKILL for whatever is left of their groups after `within_s` seconds."""
    for process in processes:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and not all(exited(process) for process in processes):
        time.sleep(_POLL_S)
    for process in processes:
        if process.returncode is None:  # else its id may be somebody else's by now
            signal_group(process.pid, signal.SIGKILL)
        process.wait()
        _forget(process.pid)


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of a group, if there is one."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says PermissionError of a group of zombies
        os.killpg(group, number)


def members(group: int) -> list[int]:
    """The ids of the processes of a group that are alive, ascending."""
    pairs = _groups_from_proc() if Path("/proc/self/stat").exists() else _groups_from_ps()
    return sorted(pid for pid, its_group in pairs if its_group == group)


def _groups_from_proc() -> list[tuple[int, int]]:
    pairs = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # it ended meanwhile
            state, _parent, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if state != "Z":
                pairs.append((int(folder.name), int(group)))
    return pairs


def _groups_from_ps() -> list[tuple[int, int]]:
    listing = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,state="], capture_output=True, text=True, check=True)  # noqa: S607
    rows = [line.split() for line in listing.stdout.splitlines()]
    return [(int(pid), int(group)) for pid, group, state in rows if not state.startswith("Z")]


@cache
def _guard(_pid: int) -> subprocess.Popen[bytes]:
    # Keyed by our process id, so that a fork of us gets a guard of its own.
    guard = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", "-c", _GUARD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    atexit.register(guard.communicate)
    return guard


def _forget(group: int) -> None:
    with suppress(BrokenPipeError):  # somebody killed the guard: we go on without
        os.write(_guard(os.getpid()).stdin.fileno(), b"%d\n" % -group)  # type: ignore[union-attr]
