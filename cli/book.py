"""A message's progress and books: as JSON in the words of the HTTP API, and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from clarion.message import MessageStatus, Outcome, State
from clarion.status import Headline, Progress
from cli import clock, wait
from cli.screen import counted, document, number, rate

_STYLES = {Outcome.ACCEPTED: "green", Outcome.UNREGISTERED: "yellow", Outcome.CANCELLED: "yellow"}


def status_document(status: MessageStatus) -> dict[str, Any]:
    """Identity and status of a message."""
    return {
        "messageId": status.message_id,
        "status": status.status.lower(),
        "errorMessage": status.error_message,
    }


def progress_document(progress: Progress) -> dict[str, Any]:
    """All that is known of a message."""
    found: dict[str, Any] = document(progress)
    del found["status"]
    found["held"] = [{name: each[name] for name in ("provider", "state", "reason")} for each in found["held"]]
    return status_document(progress.status) | found


def headline_document(headline: Headline) -> dict[str, Any]:
    """A message in a list."""
    found: dict[str, Any] = document(headline)
    return found | {"status": headline.status.lower()}


def summary(progress: Progress, now_ms: int) -> str:
    """Where a message stands, in a few words; `now_ms` is epoch milliseconds."""
    words = [progress.status.status.value.lower().replace("_", " ")]
    if not progress.state.terminal and progress.state.value not in words:
        words.append(wait.state(progress, now_ms))
    return ", ".join([*words, *_times(progress, now_ms), *_work(progress), *_end(progress)])


def cancellation(progress: Progress) -> str:
    """What a cancel came to: how much was done before."""
    if progress.runs is not None:
        return f"cancelled after {counted(progress.runs, 'run')}"
    if progress.began_ms is None:
        return "cancelled"
    return f"cancelled; {number(progress.books.total(Outcome.ACCEPTED))} were sent before"


def _times(progress: Progress, now_ms: int) -> Iterator[str]:
    if progress.due_ms is not None:
        yield f"{'due' if progress.runs is None else 'next run due'} {wait.due(progress, now_ms)}"
    if progress.runs is not None:
        yield counted(progress.runs, "run")
    if progress.missed:
        yield f"{number(progress.missed)} missed"
    if progress.parent is not None:
        yield f"a run of {progress.parent}"


def _work(progress: Progress) -> Iterator[str]:
    if progress.open_shards:
        yield counted(progress.open_shards, "open shard")
    if progress.unmatched:
        yield f"{counted(len(progress.unmatched), 'device id')} that nobody answers to"


def _end(progress: Progress) -> Iterator[str]:
    if progress.settled_ms is not None and progress.began_ms is not None:
        yield f"took {(progress.settled_ms - progress.began_ms) / 1000:.2f} s"
    if progress.rate_per_s:
        yield rate(progress.rate_per_s)
    if progress.limit_per_s is not None and not progress.state.terminal:
        yield f"at most {rate(progress.limit_per_s)}"
    if progress.ends_ms is not None:
        yield f"ends about {clock.instant(progress.ends_ms)}"


def books_table(progress: Progress) -> RenderableType:
    """Who was reached and who was not; the last line is the audience."""
    table = Table(box=None, pad_edge=False, show_footer=True)
    for name, footer in (("outcome", "audience"), ("provider", ""), ("reason", "")):
        table.add_column(name, footer=footer)
    table.add_column("devices", justify="right", footer=number(progress.books.audience))
    for entry in progress.books.entries:
        style = _STYLES.get(entry.outcome, "red")
        table.add_row(entry.outcome.value, entry.provider, entry.reason, number(entry.devices), style=style)
    if progress.books.pending:
        table.add_row("pending", "", "", number(progress.books.pending))
    return table


def headline_lines(headlines: Sequence[Headline]) -> Iterator[str]:
    """The latest messages, one a line, newest first. Lines rather than a table: an id must never be cut."""
    yield f"{'accepted at':19}  {'status':11}  {'audience':>10}  message"
    for each in headlines:
        at = datetime.fromtimestamp(each.accepted_ms / 1000, UTC).astimezone()
        status = each.state.value if each.state is State.PAUSED else each.status.lower().replace("_", " ")
        yield f"{at:%Y-%m-%d %H:%M:%S}  {status:11}  {number(each.audience):>10}  {each.message_id}"
