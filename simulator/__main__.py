"""`python -m simulator`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import os
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from simulator.authority import Authority
from simulator.control import ControlService
from simulator.credential import service_account
from simulator.fcm.endpoint import OAUTH_PATH, GoogleService
from simulator.gauge import Gauge
from simulator.server import listen_plain, listen_tls
from simulator.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Push providers on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--fcm-port", type=int, default=0, help="port of FCM and of Google's token endpoint (0 = any)")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control plane (0 = any)")
    parser.add_argument(
        "--state", type=Path, help="directory for certificates and key files (default: a temporary one)"
    )
    parser.add_argument("--project", action="append", help="project ID, repeatable (default: clarion-demo)")
    parser.add_argument("--seed", type=int, default=0, help="seed of latencies and probabilities")
    parser.add_argument("--until-eof", action="store_true", help="also stop when standard input ends")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, state: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.until_eof:
        loop.add_reader(sys.stdin.fileno(), _stop_at_eof, stop)
    projects = tuple(dict.fromkeys(arguments.project or ["clarion-demo"]))
    world = World(projects, arguments.seed)
    authority = Authority(state, dt.datetime.now(dt.UTC))
    google = GoogleService(world)
    provider, fcm_port = await listen_tls(arguments.host, arguments.fcm_port, google, world.gauge, authority.context())
    control, control_port = await listen_plain(arguments.host, arguments.control_port, ControlService(world), Gauge())
    origin = f"https://{_bracketed(arguments.host)}:{fcm_port}"
    accounts = [
        service_account(state, project, origin + OAUTH_PATH, first=index == 0) for index, project in enumerate(projects)
    ]
    for account in accounts:
        world.oauth.admit(account, origin + OAUTH_PATH)
    _announce(
        state,
        {
            "fcm": origin,
            "token_uri": origin + OAUTH_PATH,
            "control": f"http://{_bracketed(arguments.host)}:{control_port}",
            "ca": str(authority.ca),
            "credentials": str(accounts[0].path),
            "project_id": projects[0],
            "projects": {account.project: str(account.path) for account in accounts},
        },
    )
    await stop.wait()
    for server in (provider, control):
        server.close()
    for connection in tuple(world.gauge.live):
        connection.go_away()
    await asyncio.sleep(0)


def _stop_at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1_024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _announce(state: Path, ready: dict[str, object]) -> None:
    line = msgspec.json.encode(ready)
    (state / "simulator.json").write_bytes(line + b"\n")
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line and serve."""
    arguments = _arguments()
    # The ledger holds millions of small objects that are never part of a cycle; scanning them costs seconds.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    if arguments.state is not None:
        arguments.state.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(arguments, arguments.state.resolve()))
        return
    with tempfile.TemporaryDirectory(prefix="push-simulator-") as directory:
        asyncio.run(_serve(arguments, Path(directory)))


if __name__ == "__main__":
    main()
