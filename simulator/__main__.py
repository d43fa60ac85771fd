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
from simulator.catalog import PROVIDERS
from simulator.control import ControlService
from simulator.opening import Opening
from simulator.port import NAMES, Ports
from simulator.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Push providers on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    for name in NAMES:
        parser.add_argument(f"--{name}-port", type=int, default=0, help="0 = that of the last time, or any")
    parser.add_argument(
        "--state", type=Path, help="directory for certificates, key files and ports (default: a temporary one)"
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
    asked = {name: getattr(arguments, f"{name.replace('-', '_')}_port") for name in NAMES}
    authority = Authority(state, dt.datetime.now(dt.UTC))
    opening = Opening(world, arguments.host, state, authority, Ports(state / "ports.json", asked))
    announced = {name: await start(opening) for name, start in PROVIDERS.items()}
    google = announced["fcm"]
    shared = {"control": await opening.listen_control(ControlService(world)), "ca": str(authority.ca)}
    _announce(state, google | shared | {"providers": announced})
    await stop.wait()
    for server in opening.servers:
        server.close()
    for connection in world.connections():
        connection.go_away()
    await asyncio.sleep(0)


def _stop_at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1_024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


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
