"""What a sender was told stays true when the simulator starts again on the same state."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.port import NAMES
from tests.simulation import ROOT


@contextmanager
def running(state: Path, *options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "simulator", "--state", str(state), "--until-eof", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def ports_of(ready: dict[str, Any]) -> dict[str, int]:
    found = ready["providers"]
    urls = {
        name: found[name]["origin" if "origin" in found[name] else "endpoint"] for name in ("webpush", "wns", "hms")
    }
    urls |= {"fcm": ready["fcm"], "apns": found["apns"]["endpoint"], "control": ready["control"]}
    urls |= {"apns-sandbox": found["apns"]["sandbox_endpoint"]}
    return {name: port_of(url) for name, url in urls.items()}


def test_everything_that_was_announced_stays_as_it_was(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        assert ports_of(first).keys() == set(NAMES)
    secrets = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with running(tmp_path) as second:
        assert second == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == secrets


def test_a_port_that_somebody_else_has_by_now_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        old = ports_of(first)
    with socket.create_server(("127.0.0.1", old["wns"])), running(tmp_path) as second:
        new = ports_of(second)
        assert {name for name in NAMES if old[name] != new[name]} == {"wns"}
    with running(tmp_path) as third:
        assert ports_of(third) == new


def test_what_cannot_be_read_is_as_good_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"fcm": 1')
    with running(tmp_path) as ready:
        assert json.loads((tmp_path / "ports.json").read_text()) == ports_of(ready)


def test_every_port_can_be_asked_for(tmp_path: Path) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    wanted = {name: each.getsockname()[1] for name, each in zip(NAMES, sockets, strict=True)}
    for each in sockets:
        each.close()
    with running(tmp_path, *(f"--{name}-port={port}" for name, port in wanted.items())) as ready:
        assert ports_of(ready) == wanted


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "simulator", "--state", str(tmp_path), f"--hms-port={taken.getsockname()[1]}"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert b"address already in use" in ended.stderr


def test_the_command_line_knows_every_port(tmp_path: Path) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    wanted = {name: each.getsockname()[1] for name, each in zip(NAMES, sockets, strict=True)}
    for each in sockets:
        each.close()
    options = [f"--state={tmp_path}", "--json", *(f"--{name}-port={port}" for name, port in wanted.items())]
    command = [str(ROOT / "bin" / "clarion"), "simulator", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ports_of(ready) == wanted
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
