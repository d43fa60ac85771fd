"""Every bench in one run: a table for people, `bench/results/latest.json` for comparisons.

python -m bench [--only engine,broadcast,registry,enqueue] [--rounds 3] [--quick] [--ten-million]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import broadcast, engine, enqueue, registry
from bench.record import Record, machine

RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    """Run what was asked for and write the results down."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--only", default="engine,broadcast,registry,enqueue", help="which parts, by commas")
    parser.add_argument("--rounds", type=int, default=3, help="rounds to take medians of")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, rather than how fast")
    parser.add_argument("--ten-million", action="store_true", help="the registry at ten million devices")
    given = parser.parse_args()
    facts = machine()
    Console().print(", ".join(f"{name} {value}" for name, value in facts.items()))
    records: list[Record] = []
    for part in given.only.split(","):
        measured = _parts(given)[part]()
        _show(part, measured)
        records += measured
    document = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": facts, "records": records}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _parts(given: argparse.Namespace) -> dict[str, Callable[[], list[Record]]]:
    devices = 10_000_000 if given.ten_million else 1_000_000
    return {
        "engine": lambda: engine.run(1 if given.quick else given.rounds),
        "broadcast": lambda: broadcast.run(1 if given.quick else given.rounds, 20_000 if given.quick else 200_000),
        "registry": lambda: registry.run(50_000 if given.quick else devices),
        "enqueue": lambda: enqueue.run(1 if given.quick else given.rounds, 300 if given.quick else 3_000),
    }


def _show(part: str, records: list[Record]) -> None:
    table = Table("what", "value", "unit", "against", "ratio", title=part)
    for record in records:
        ratio = f"{record['ratio']:.2f}" if record["against"] else ""
        table.add_row(record["name"], f"{record['value']:,.2f}", record["unit"], record["against"], ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
