"""A budget kept by two workers together: how near the rate is held, and what the fullest second at the provider had.

python -m bench.budget [--rate 5000] [--seconds 15]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from bench.record import Record, compare
from clarion import Messaging
from clarion.registry import OS, Device, register
from clarion.status import read
from clarion.storage import open_storage
from config.stack import Stack, running

_WITHIN_S = 120.0
_POLL_S = 0.1
#: Seconds at the start and the end of a broadcast that are not full.
_EDGE = 1


def run(rounds: int, rate: int = 5_000, seconds: int = 12) -> list[Record]:
    """Broadcast for so many seconds at a rate, `rounds` times.

    Raises:
        RuntimeError: a second at the provider had more than the rate.
    """
    credentials = {"fcm": {"rate_per_s": rate}}
    processes = {"express": 1, "bulk": 2, "beat": 1}
    with (
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as name,
        running(
            Path(name), processes=processes, credentials=credentials, settings={"CLARION_LOG_LEVEL": "WARNING"}
        ) as stack,
    ):
        _enrol(stack, rate * seconds)
        measured = [_broadcast(stack) for _ in range(rounds)]
    means = [statistics.mean(each) for each in measured]
    fullest = max(max(each) for each in measured)
    if fullest > rate:
        raise RuntimeError(f"a second at the provider had {fullest} requests, {rate} are allowed")
    target = compare("budget/rate allowed", rate, "1/s")
    return [
        target,
        compare("budget/rate held", statistics.median(means), "1/s", target),
        compare("budget/fullest second", fullest, "1/s", target),
    ]


def _enrol(stack: Stack, devices: int) -> None:
    storage = open_storage(stack.redis_url)
    now_ms = time.time_ns() // 1_000_000
    for start in range(0, devices, 5_000):
        batch = range(start, min(start + 5_000, devices))
        register(
            storage,
            stack.app,
            [Device(token=f"t{n}", device_id=f"d{n}", os=OS.ANDROID, registered_at=now_ms) for n in batch],
        )
    storage.close()


def _broadcast(stack: Stack) -> list[int]:
    """The requests of each full second of one broadcast, as the simulator counted them."""
    with httpx.Client(base_url=stack.simulator["control"], trust_env=False, timeout=60.0) as control:
        control.post("/reset").raise_for_status()
        storage = open_storage(stack.redis_url)
        with Messaging(stack.redis_url, app_id=stack.app) as messaging:
            message_id = messaging.publish("Hello").message_id
        deadline = time.monotonic() + _WITHIN_S
        while not (progress := read(storage, stack.app, message_id)).state.terminal:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not done within {_WITHIN_S} s")
            time.sleep(_POLL_S)
        storage.close()
        if not progress.books.closed:
            raise RuntimeError("the books do not close")
        counted = control.get("/counts").raise_for_status().json()["per_second"]
    (seconds,) = counted.values()
    by_second = [int(seconds[each]) for each in sorted(seconds, key=int)]
    return by_second[_EDGE:-_EDGE]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=15)
    given = parser.parse_args()
    for record in run(given.rounds, given.rate, given.seconds):
        print(record)
