"""The outcomes of a shard that are not in the ledger yet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from clarion.delivery.ledger import entry
from clarion.message import Outcome


@dataclass(slots=True)
class Tally:
    """Slots by the line of the books they are to be recorded under."""

    lines: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    size: int = 0

    def add(self, slot: int, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """Note one outcome."""
        self.lines[entry(outcome, provider, reason)].append(slot)
        self.size += 1

    def clear(self) -> None:
        """All of it is recorded."""
        self.lines.clear()
        self.size = 0
