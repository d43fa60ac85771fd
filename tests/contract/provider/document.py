"""The documents' tables of answers, transcribed once into `documented/<provider>.csv`.

Its columns: HTTP status (empty where none is documented for the word), where the word stands (`kind`; empty where the
status is all there is), the word (`reason`), and the document.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "documented"


class Row(NamedTuple):
    """One documented answer."""

    status: int | None
    kind: str
    reason: str


def documented(provider: str) -> list[Row]:
    """The rows of one provider, in the order of the file."""
    with (_FOLDER / f"{provider}.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert all(row["source"] for row in listed)
    return [Row(int(row["status"]) if row["status"] else None, row["kind"], row["reason"]) for row in listed]
