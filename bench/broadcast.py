"""A broadcast end to end: real Redis, real Celery workers, a TLS HTTP/2 sink, all on this machine's cores.

python -m bench.broadcast [--devices 200000] [--bulk 2] [--threads 1] [--pool threads] [--shard 2000]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import client, processor, sink
from bench.record import Record, compare
from bench.registry import fill
from clarion import DeliveryOptions, Messaging, PublishOptions
from clarion.message import Outcome
from clarion.status import Progress, read
from clarion.storage import Storage, keys, open_storage
from config.stack import Stack, running

APP, PROJECT = "bench", "bench"
BODY = "A message of a common length, as a chat or a shop would send it to everybody who listens to a channel."
_WITHIN_S = 600.0
_POLL_S = 0.02
#: Requests of h2load before each broadcast.
LOAD = 100_000


@dataclass(frozen=True)
class Fleet:
    """How the workers are set up."""

    bulk: int = 2
    threads: int = 1
    pool: str = "threads"
    shard: int = 2000


DEFAULT = Fleet()


@dataclass(frozen=True)
class Measured:
    """One broadcast: seconds from publish to closed books, processor seconds by part, and what overtook it."""

    devices: int
    seconds: float
    worker_s: float
    redis_s: float
    sink_s: float
    single_ms: float


def run(rounds: int, devices: int = 200_000, fleet: Fleet = DEFAULT) -> list[Record]:
    """Broadcast `rounds` times, h2load on the same sink before each, and take medians.

    Raises:
        RuntimeError: nginx or h2load is missing, or the books of a broadcast do not close.
    """
    with (
        sink.serve() as target,
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as name,
        _system(Path(name), target, fleet) as (stack, storage),
    ):
        first = fill(storage, APP, devices)
        pairs = [
            (client.h2load(target, LOAD), _broadcast(stack, storage, target, devices, first)) for _ in range(rounds)
        ]
    return _records(fleet, pairs)


@contextmanager
def _system(folder: Path, target: sink.Sink, fleet: Fleet) -> Iterator[tuple[Stack, Storage]]:
    settings = {
        "CLARION_POOL": fleet.pool,
        "CLARION_BULK_CONCURRENCY": str(fleet.threads),
        "CLARION_SHARD_SIZE": str(fleet.shard),
        "CLARION_LOG_LEVEL": "WARNING",
    }
    processes = {"express": 1, "bulk": fleet.bulk, "beat": 1}
    with running(folder, apps_file=apps_file(folder, target), processes=processes, settings=settings) as stack:
        storage = open_storage(stack.redis_url)
        give_bearer(storage)
        yield stack, storage
        storage.close()


def apps_file(folder: Path, target: sink.Sink) -> Path:
    """Write the apps file of `APP`, whose devices are at the sink."""
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
        os = ["ANDROID", "IOS"]
        rate_per_s = 0
        """
    )
    return file


def give_bearer(storage: Storage) -> None:
    """The sink has no token endpoint: an access token that is good for a day lies ready."""
    now_ms = time.time_ns() // 1_000_000
    row: dict[str, str | int] = {"token": "t" * 160, "fetched_ms": now_ms, "expires_ms": now_ms + 86_400_000}
    storage.main.hset(keys.bearer("fcm", PROJECT), mapping=row)


def _broadcast(stack: Stack, storage: Storage, target: sink.Sink, devices: int, first: str) -> Measured:
    assert stack.redis is not None
    workers = [
        pid for name in ("bulk", "express") for parent in stack.fleet.pids(name) for pid in processor.tree(parent)
    ]
    parts = (workers, [stack.redis.process.pid], processor.tree(target.pid))
    before = [processor.seconds(part) for part in parts]
    requests = sink.requests(target)
    with Messaging(stack.redis_url, app_id=APP) as messaging:
        options = PublishOptions(headers={"android-content-title": "News"})
        broadcast = messaging.publish(BODY, publish_options=options).message_id
        _until(storage, broadcast, lambda progress: progress.books.total(Outcome.ACCEPTED) > devices // 10)
        single = messaging.publish("alone", delivery_options=DeliveryOptions(push_singlecast=[first])).message_id
        alone = _until(storage, single, lambda progress: progress.state.terminal)
        progress = _until(storage, broadcast, lambda progress: progress.state.terminal)
    if not progress.books.closed or progress.books.total(Outcome.ACCEPTED) != devices:
        raise RuntimeError(f"the books do not close: {progress.books}")
    if sink.requests(target) - requests != devices + 2:  # the single push, and this question
        raise RuntimeError(f"the sink counts {sink.requests(target) - requests} requests for {devices} devices")
    worker_s, redis_s, sink_s = (processor.seconds(part) - start for part, start in zip(parts, before, strict=True))
    return Measured(devices, _span_ms(progress) / 1000, worker_s, redis_s, sink_s, _span_ms(alone))


def _until(storage: Storage, message_id: str, done: Callable[[Progress], bool]) -> Progress:
    deadline = time.monotonic() + _WITHIN_S
    while not done(progress := read(storage, APP, message_id)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not done within {_WITHIN_S} s: {progress}")
        time.sleep(_POLL_S)
    return progress


def _span_ms(progress: Progress) -> float:
    assert progress.settled_ms is not None
    return progress.settled_ms - progress.accepted_ms


def _records(fleet: Fleet, pairs: list[tuple[client.Took, Measured]]) -> list[Record]:
    limit = compare("broadcast/h2load rate", _median(load.count / load.wall_s for load, _ in pairs), "1/s")
    rate = compare("broadcast/devices rate", _median(m.devices / m.seconds for _, m in pairs), "1/s", limit)
    # The median of the rounds' ratios: both of a round saw the same neighbours.
    rate["ratio"] = _median(m.devices / m.seconds * load.wall_s / load.count for load, m in pairs)
    records = [limit, rate]
    for part in ("worker", "redis", "sink"):
        cost = _median(getattr(m, f"{part}_s") / m.devices * 1e6 for _, m in pairs)
        records.append(compare(f"broadcast/{part} cpu", cost, "µs/device"))
    records.append(compare("broadcast/one device meanwhile", _median(m.single_ms for _, m in pairs), "ms"))
    for name, value in dataclasses.asdict(fleet).items():
        if isinstance(value, int):
            records.append(compare(f"broadcast/setting {name}", value, ""))
    return records


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    for field in dataclasses.fields(Fleet):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args())
    for record in run(given.pop("rounds"), given.pop("devices"), Fleet(**given)):
        print(record)
