from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from config.fleet import ROOT
from config.process import exited, members, spawn, stop
from tests.deadline import until

#: A leader with one child; the child ignores SIGTERM.
FAMILY = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("child", flush=True)
time.sleep(600)
"""


@pytest.fixture
def family(tmp_path):
    log = tmp_path / "family.log"
    process = spawn([sys.executable, "-c", FAMILY], log=log)
    until(lambda: log.read_text() == "child\n")
    yield process
    stop([process], within_s=0)


def test_a_process_leads_a_group_of_its_own(family):
    assert os.getsid(family.pid) == family.pid
    assert len(members(family.pid)) == 2
    assert members(family.pid)[0] == family.pid


def test_stopping_ends_children_that_ignore_sigterm(family):
    stop([family], within_s=5)
    assert family.returncode == -signal.SIGTERM
    until(lambda: members(family.pid) == [])


def test_stopping_ends_the_children_of_a_killed_leader(family):
    os.kill(family.pid, signal.SIGKILL)
    until(lambda: exited(family))
    assert len(members(family.pid)) == 1
    stop([family], within_s=5)
    until(lambda: members(family.pid) == [])


def test_nothing_outlives_the_process_that_started_it(tmp_path):
    log = tmp_path / "family.log"
    starter = (
        "import sys, time; from pathlib import Path; from config.process import spawn\n"
        f"p = spawn([sys.executable, '-c', {FAMILY!r}], log=Path({str(log)!r}))\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        leader = int(process.stdout.readline())
        until(lambda: log.read_text() == "child\n")
        assert len(members(leader)) == 2
        process.kill()
    until(lambda: members(leader) == [])


def test_what_is_started_hears_nothing_and_leads_its_group(tmp_path):
    log = tmp_path / "child.log"
    program = "import os, sys; print(repr(sys.stdin.read()), os.getpid() == os.getpgid(0))"
    process = spawn([sys.executable, "-c", program], log=log)
    until(lambda: exited(process))
    assert log.read_text() == "'' True\n"
    stop([process], within_s=0)


def test_a_process_starts_also_when_the_guard_is_gone(tmp_path):
    log = tmp_path / "child.log"
    starter = (
        "import os, signal, sys; from pathlib import Path; from config import process\n"
        "guard = process._guard(os.getpid()); guard.kill(); guard.wait()\n"
        f"child = process.spawn([sys.executable, '-c', 'print(5)'], log=Path({str(log)!r}))\n"
        "assert child.wait(10) == 0; process.stop([child], within_s=1)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", starter], check=True, timeout=30, cwd=ROOT)
    assert log.read_text() == "5\n"
