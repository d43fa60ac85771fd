"""What the demo found, as a value, as JSON, and as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from clarion.message import Outcome
from clarion.status import Progress
from cli.book import progress_document
from cli.demo.campaign import Publish
from cli.screen import number


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a demo.

    Attributes:
        ended: each publish and how it ended.
        devices: how many were registered before and after.
        tokens: how many different tokens the simulator was asked for.
        requests: how often in all.
        problems: what does not add up; empty when all does.
    """

    ended: tuple[tuple[Publish, Progress], ...]
    devices: tuple[int, int]
    tokens: int
    requests: int
    problems: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "addsUp": not self.problems,
            "problems": list(self.problems),
            "publishes": [
                {"title": publish.title, "door": publish.door.value, "dead": publish.dead}
                | progress_document(progress)
                | {"seconds": seconds(progress)}
                for publish, progress in self.ended
            ],
            "registry": {"before": self.devices[0], "after": self.devices[1]},
            "simulator": {"tokens": self.tokens, "requests": self.requests},
        }


def by_provider(progress: Progress) -> RenderableType:
    """The books of one message, a line a provider."""
    counts: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    for entry in progress.books.entries:
        counts[entry.provider][entry.outcome] += entry.devices
    rows = Table(box=None, pad_edge=False)
    rows.add_column("provider")
    for name in ("devices", "= accepted", "+ dead", "+ other"):
        rows.add_column(name, justify="right")
    for provider, found in sorted(counts.items()):
        accepted, dead = found[Outcome.ACCEPTED], found[Outcome.UNREGISTERED]
        rows.add_row(provider, *map(number, (found.total(), accepted, dead, found.total() - accepted - dead)))
    return rows


def seconds(progress: Progress) -> float:
    """From accepting a message to closing its books."""
    return ((progress.settled_ms or progress.accepted_ms) - progress.accepted_ms) / 1000


def table(report: Report) -> RenderableType:
    """The closed books side by side."""
    rows = Table(box=None, pad_edge=False)
    for name in ("publish", "through"):
        rows.add_column(name, no_wrap=True)
    for name in ("audience", "= accepted", "+ dead", "pending", "seconds"):
        rows.add_column(name, justify="right")
    for publish, progress in report.ended:
        books = progress.books
        counts = (books.audience, books.total(Outcome.ACCEPTED), books.total(Outcome.UNREGISTERED), books.pending)
        rows.add_row(publish.title, publish.door.value, *map(number, counts), f"{seconds(progress):.2f}")
    return rows
