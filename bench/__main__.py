"""Every bench in one run: a table for people, `bench/results/latest.json` for comparisons.

python -m bench [--only engine,apns,…] [--rounds 3] [--quick] [--ten-million] [--results bench/results/latest.json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import apns, broadcast, budget, engine, enqueue, personal, registry, schedule, webpush
from bench.record import Record, machine

RESULTS = Path(__file__).parent / "results" / "latest.json"
PARTS = "engine,apns,webpush,personal,broadcast,budget,registry,enqueue,schedule"


def main() -> None:
    """Run what was asked for and write the results down."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--only", default=PARTS, help="which parts, by commas")
    parser.add_argument("--rounds", type=int, default=3, help="rounds to take medians of")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, rather than how fast")
    parser.add_argument("--ten-million", action="store_true", help="the registry at ten million devices")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write the figures into")
    given = parser.parse_args()
    facts = machine()
    Console().print(", ".join(f"{name} {value}" for name, value in facts.items()))
    records: list[Record] = []
    for part in given.only.split(","):
        measured = _parts(given)[part]()
        _show(part, measured)
        records += measured
    document = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": facts, "records": records}
    given.results.parent.mkdir(exist_ok=True)
    given.results.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _parts(given: argparse.Namespace) -> dict[str, Callable[[], list[Record]]]:
    devices = 10_000_000 if given.ten_million else 1_000_000
    rounds = 1 if given.quick else given.rounds
    return {
        "engine": lambda: engine.run(rounds),
        "apns": lambda: apns.run(rounds),
        "webpush": lambda: webpush.run(rounds),
        "personal": lambda: personal.run(rounds),
        "broadcast": lambda: broadcast.run(rounds, 20_000 if given.quick else 200_000),
        "budget": lambda: budget.run(rounds),
        "registry": lambda: registry.run(50_000 if given.quick else devices),
        "enqueue": lambda: enqueue.run(rounds, 300 if given.quick else 3_000),
        "schedule": lambda: schedule.run(rounds, *((100, 5_000) if given.quick else (1_000, 100_000))),
    }


def _show(part: str, records: list[Record]) -> None:
    table = Table("what", "value", "unit", "against", "ratio", title=part)
    for record in records:
        ratio = f"{record['ratio']:.2f}" if record["against"] else ""
        table.add_row(record["name"], f"{record['value']:,.2f}", record["unit"], record["against"], ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
