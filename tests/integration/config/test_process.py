from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

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
