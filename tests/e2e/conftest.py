from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest

from config.fleet import ROOT
from config.redis_server import free_port
from tests.deadline import until

COMMAND = str(ROOT / "bin/clarion")
#: Every process that a command starts inherits it, whatever becomes of the command.
MARK = "E2E_MARK"


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Terminal:
    """What a user's terminal has: an environment, a folder, and commands that were started in it."""

    def __init__(self, folder, **variables):
        self.folder = folder
        self.mark = uuid.uuid4().hex
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
        self.env = inherited | {MARK: self.mark, "TMPDIR": str(folder)} | variables

    def run(self, *words, stdin="", **variables):
        """Run a `clarion` command to its end."""
        done = subprocess.run(
            [COMMAND, *words],
            env=self.env | variables,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *words):
        """Start a `clarion` command that stays."""
        with (self.folder / "errors.log").open("ab") as errors:
            return subprocess.Popen(
                [COMMAND, *words],
                env=self.env,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def processes(self):
        """The ids of all living processes that carry our mark."""
        mark = f"{MARK}={self.mark}".encode()
        found = []
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
            except OSError:  # it ended, or is not ours to read
                continue
        return found


@pytest.fixture
def terminal(tmp_path):
    """A terminal in an empty folder; nothing that was started there may be left."""
    terminal = Terminal(tmp_path)
    yield terminal
    until(lambda: not terminal.processes())


@pytest.fixture(scope="session")
def up(tmp_path_factory):
    """`clarion up`, with the terminal of a user who was told where it is."""
    folder = tmp_path_factory.mktemp("up")
    ports = {"CLARION_API_PORT": str(free_port()), "CLARION_FLOWER_PORT": str(free_port())}
    terminal = Terminal(folder, CLARION_STATE_DIR=str(folder / "var"), **ports)
    process = terminal.start("up", "--json")
    line = process.stdout.readline()
    assert line, (folder / "errors.log").read_text()
    terminal.found = json.loads(line)
    terminal.env |= {
        "CLARION_REDIS_URL": terminal.found["redisUrl"],
        "CLARION_APPS_FILE": terminal.found["appsFile"],
    }
    yield terminal
    process.terminate()
    assert process.wait(30) == 0
    process.stdout.close()
    until(lambda: not terminal.processes())
