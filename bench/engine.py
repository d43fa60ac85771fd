"""How fast the delivery engine is: against h2load, firebase-admin and httpx, on one sink, in interleaved rounds."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bench import client, distance, sink
from bench.client import Took
from bench.record import Record, compare, machine
from bench.sink import Sink
from clarion.delivery.engine import EngineOptions, make_engine

#: Requests a round: enough for about a second each on a slow machine.
FAST, SLOW, FAR = 30_000, 1_000, 4_000
ROUND_TRIP_S = 0.1
TARGET_H2LOAD, TARGET_FIREBASE = 0.4, 20.0


def run(rounds: int) -> list[Record]:
    """Measure every client once a round and take medians.

    Args:
        rounds: how often; five on a machine that does something else too.

    Raises:
        RuntimeError: nginx or h2load is missing, or a request failed.
    """
    with sink.serve() as target:
        options = EngineOptions(ca_bundle=target.ca_bundle)
        http2 = make_engine(options, "http2")
        curl = make_engine(options, "curl")
        portable = make_engine(options, "portable")
        clients: dict[str, Callable[[], Took]] = {
            "h2load": lambda: client.h2load(target, FAST),
            "http2": lambda: client.engine(http2, target, FAST),
            "curl": lambda: client.engine(curl, target, FAST),
            "portable": lambda: client.engine(portable, target, SLOW),
            "httpx": lambda: asyncio.run(client.httpx_h2(target, SLOW)),
            "firebase-admin": lambda: asyncio.run(client.firebase(target, SLOW)),
        }
        for engine in (http2, curl):  # handshake, handles and windows are not what is measured
            client.engine(engine, target, 1_000)
        took: dict[str, list[Took]] = defaultdict(list)
        for _ in range(rounds):
            for name, measure in clients.items():
                took[name].append(measure())
        for engine in (http2, curl, portable):
            engine.close()
        return _records(took) + _distant(target)


def _distant(target: Sink) -> list[Record]:
    """The engine at a distance: what its connections bring over the one that httpx and firebase-admin use."""
    port = int(target.url.rpartition(":")[2])
    with distance.put_between(port, ROUND_TRIP_S / 2) as far_port:
        far = replace(target, url=f"https://127.0.0.1:{far_port}")
        one, many = (_settled(EngineOptions(ca_bundle=far.ca_bundle, connections_max=n), far) for n in (1, 8))
    single = compare("engine/http2 at 100 ms, 1 connection", one, "1/s")
    return [single, compare("engine/http2 at 100 ms, up to 8 connections", many, "1/s", single)]


def _settled(options: EngineOptions, far: Sink) -> float:
    """The rate of an engine that has opened the connections it wants."""
    engine = make_engine(options, "http2")
    count = FAR * options.connections_max // 4
    client.engine(engine, far, count)
    took = client.engine(engine, far, count)
    engine.close()
    return took.count / took.wall_s


def _records(took: dict[str, list[Took]]) -> list[Record]:
    rates = {name: statistics.median(one.count / one.wall_s for one in all_) for name, all_ in took.items()}
    costs = {name: statistics.median(one.cpu_s / one.count * 1e6 for one in all_) for name, all_ in took.items()}
    against = {
        other: statistics.median(
            (ours.count / ours.wall_s) / (theirs.count / theirs.wall_s)
            for ours, theirs in zip(took["http2"], took[other], strict=True)
        )
        for other in ("h2load", "curl", "firebase-admin", "httpx")
    }
    records = [compare(f"engine/{name} rate", rate, "1/s") for name, rate in rates.items()]
    records += [compare(f"engine/{name} cpu", cost, "µs/request") for name, cost in costs.items()]
    # Ratios are medians of the rounds' ratios: two clients of one round saw the same neighbours.
    records += [
        Record(name=f"engine/http2 over {other}", value=ratio, unit="x", against=f"engine/{other} rate", ratio=ratio)
        for other, ratio in against.items()
    ]
    return records


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    table = Table("what", "value", "unit", title=f"delivery engine, median of {rounds} rounds")
    for record in run(rounds):
        table.add_row(record["name"], f"{record['value']:,.2f}", record["unit"])
    console = Console()
    console.print(table)
    console.print(machine())
    console.print(f"targets: {TARGET_H2LOAD} x h2load, {TARGET_FIREBASE:.0f} x firebase-admin")


if __name__ == "__main__":
    main()
