"""A broadcast end to end: real Redis, real Celery workers, a TLS HTTP/2 sink, all on this machine's cores.

python -m bench.broadcast [--devices 200000] [--bulk 2] [--threads 1] [--pool threads] [--shard 2000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.registry import fill

from bench import processor, sink
from bench.load import h2load
from clarion import DeliveryOptions, Messaging, PublishOptions
from clarion.message import Outcome
from clarion.status import Progress, read
from clarion.storage import Storage, keys, open_storage
from config.stack import Stack, running

APP, PROJECT = "bench", "bench"
BODY = "A message of a common length, as a chat or a shop would send it to everybody who listens to a channel."
_WITHIN_S = 600.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Fleet:
    """How the workers are set up."""

    bulk: int = 2
    threads: int = 1
    pool: str = "threads"
    shard: int = 2000


@dataclass(frozen=True)
class Measured:
    """One broadcast: wall-clock seconds from publish to closed books, processor seconds by part, and what overtook it."""

    devices: int
    seconds: float
    worker_s: float
    redis_s: float
    sink_s: float
    single_ms: float


def run(devices: int = 200_000, rounds: int = 3, fleet: Fleet = Fleet()) -> list[dict[str, Any]]:
    """Broadcast `rounds` times, h2load on the same sink before each; records of the medians."""
    with sink.serve() as target, tempfile.TemporaryDirectory(prefix="clarion-bench-") as name:
        with _system(Path(name), target, fleet) as (stack, storage):
            fill(storage, APP, devices)
            url, body = f"{target.url}/v1/projects/{PROJECT}/messages:send", _request_body()
            limits, measured = [], []
            for _ in range(rounds):
                limits.append(h2load(url, body, 100_000))
                measured.append(_broadcast(stack, storage, target, devices))
    return _records(fleet, measured, statistics.median(limits))


@contextmanager
def _system(folder: Path, target: sink.Sink, fleet: Fleet) -> Iterator[tuple[Stack, Storage]]:
    settings = {
        "CLARION_POOL": fleet.pool,
        "CLARION_BULK_CONCURRENCY": str(fleet.threads),
        "CLARION_SHARD_SIZE": str(fleet.shard),
        "CLARION_LOG_LEVEL": "WARNING",
    }
    processes = {"express": 1, "bulk": fleet.bulk, "beat": 1}
    with running(folder, apps_file=_apps_file(folder, target), processes=processes, settings=settings) as stack:
        storage = open_storage(stack.redis_url)
        _give_bearer(storage)
        yield stack, storage
        storage.close()


def _apps_file(folder: Path, target: sink.Sink) -> Path:
    account = {"project_id": PROJECT, "client_email": "bench", "private_key": "none", "token_uri": "https://none"}
    (folder / "account.json").write_text(json.dumps(account))
    file = folder / "apps.toml"
    file.write_text(
        f"""[apps.{APP}]
        name = "Bench"
        [[apps.{APP}.keys]]
        key = "0123456789abcdef"
        scopes = ["publish"]
        [apps.{APP}.fcm]
        service_account = "account.json"
        endpoint = "{target.url}"
        ca_bundle = "{target.ca_bundle}"
        """
    )
    return file


def _give_bearer(storage: Storage) -> None:
    """The sink has no token endpoint: an access token that is good for a day lies ready."""
    now_ms = time.time_ns() // 1_000_000
    row: dict[str, str | int] = {"token": "t" * 160, "fetched_ms": now_ms, "expires_ms": now_ms + 86_400_000}
    storage.main.hset(keys.bearer("fcm", f"{APP}:{PROJECT}"), mapping=row)


def _request_body() -> bytes:
    message = {"token": "x" * 163, "data": {"message": BODY, "messageId": "message:" + "0" * 36}}
    return json.dumps({"message": message | {"android": {"priority": "high"}}}).encode()


def _broadcast(stack: Stack, storage: Storage, target: sink.Sink, devices: int) -> Measured:
    assert stack.redis is not None
    workers = [pid for name in ("bulk", "express") for parent in stack.fleet.pids(name) for pid in processor.tree(parent)]
    parts = (workers, [stack.redis.process.pid], processor.tree(target.pid))
    before = [processor.seconds(part) for part in parts]
    with Messaging(stack.redis_url, app_id=APP) as messaging:
        options = PublishOptions(headers={"android-content-title": "News"})
        broadcast = messaging.publish(BODY, publish_options=options).message_id
        _until(storage, broadcast, lambda progress: progress.books.total(Outcome.ACCEPTED) > devices // 10)
        single = messaging.publish("alone", delivery_options=DeliveryOptions(push_singlecast=["device-0"])).message_id
        alone = _until(storage, single, lambda progress: progress.state.terminal)
        progress = _until(storage, broadcast, lambda progress: progress.state.terminal)
    if not progress.books.closed or progress.books.total(Outcome.ACCEPTED) != devices:
        raise RuntimeError(f"the books do not close: {progress.books}")
    used = [processor.seconds(part) - start for part, start in zip(parts, before, strict=True)]
    return Measured(devices, _span_ms(progress) / 1000, *used, single_ms=_span_ms(alone))


def _until(storage: Storage, message_id: str, done: Any) -> Progress:
    deadline = time.monotonic() + _WITHIN_S
    while not done(progress := read(storage, APP, message_id)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not done within {_WITHIN_S} s: {progress}")
        time.sleep(_POLL_S)
    return progress


def _span_ms(progress: Progress) -> float:
    assert progress.settled_ms is not None
    return progress.settled_ms - progress.accepted_ms


def _records(fleet: Fleet, measured: list[Measured], limit: float) -> list[dict[str, Any]]:
    rate = statistics.median(m.devices / m.seconds for m in measured)
    against = f"h2load, 1 connection, same sink and run: {limit:.0f}/s"
    setting = f"{fleet.bulk} × {fleet.pool} of {fleet.threads}, shards of {fleet.shard}"
    records = [_record(f"broadcast of {measured[0].devices} ({setting})", rate, "devices/s", against, rate / limit)]
    for part in ("worker", "redis", "sink"):
        cost = statistics.median(getattr(m, f"{part}_s") / m.devices * 1e6 for m in measured)
        records.append(_record(f"broadcast: CPU of {part} per device", cost, "µs"))
    single = statistics.median(m.single_ms for m in measured)
    records.append(_record("one device during the broadcast: publish to outcome", single, "ms"))
    return records


def _record(name: str, value: float, unit: str, against: str = "", ratio: float | None = None) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": unit, "against": against, "ratio": ratio}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bulk", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pool", default="threads")
    parser.add_argument("--shard", type=int, default=2000)
    given = parser.parse_args()
    for record in run(given.devices, given.rounds, Fleet(given.bulk, given.threads, given.pool, given.shard)):
        print(record)
