"""Following a message until it is over: as a live bar, or as JSON Lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from clarion.status import Progress
from cli.book import progress_document
from cli.screen import emit, err, number

_POLL_S = 0.1


class StillOpen(Exception):
    """The message was not over in time."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        elapsed = task.finished_time or task.elapsed
        rate = task.completed / elapsed if elapsed else 0
        return Text(f"{number(rate)}/s", style="progress.data.speed")


def follow(read: Callable[[], Progress], *, within_s: float = float("inf")) -> Iterator[Progress]:
    """The progress of a message whenever it has changed; the last one is over.

    Raises:
        StillOpen: it is not over within `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    last = None
    while True:
        progress = read()
        if progress != last:
            yield progress
        if progress.state.terminal:
            return
        if time.monotonic() > deadline:
            raise StillOpen(
                f"{progress.status.message_id} is not over after {within_s:.0f} s: it is {progress.state}, "
                f"{number(progress.books.pending)} of {number(progress.books.audience)} devices are pending."
            )
        last = progress
        time.sleep(_POLL_S)


def lines(read: Callable[[], Progress]) -> Progress:
    """Write each change as a line of JSON until the message is over; returns how it ended."""
    for progress in follow(read):
        emit(progress_document(progress))
    return progress


def bars(console: Console = err) -> Bar:
    """Bars with counts, rate and remaining time, to be used as a context manager."""
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )


def draw(bar: Bar, title: str, read: Callable[[], Progress], *, within_s: float = float("inf")) -> Progress:
    """Show a message on a bar of its own until it is over; returns how it ended.

    Raises:
        StillOpen: it is not over within `within_s` seconds.
    """
    task = bar.add_task(title, total=None)
    for progress in follow(read, within_s=within_s):
        books = progress.books
        total = books.audience if progress.planned or progress.state.terminal else None
        bar.update(task, total=total, completed=books.audience - books.pending)
    return progress


def watch(read: Callable[[], Progress]) -> Progress:
    """Show a message on a bar until it is over; returns how it ended."""
    with bars() as bar:
        return draw(bar, "delivering", read)
