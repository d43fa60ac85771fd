"""Following a message until it is over: as a live bar, or as JSON Lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from clarion.clock import wall_clock_ms
from clarion.message import State
from clarion.status import Progress
from cli import wait
from cli.book import progress_document
from cli.screen import counted, emit, err, number, rate

_POLL_S = 0.1


class StillOpen(Exception):
    """The message was not over in time."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(rate(task.fields["rate"]), style="progress.data.speed")


class _Begun(ProgressColumn):
    """Another column, empty until delivery begins."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column(task) if task.started else Text()


def follow(read: Callable[[], Progress], *, within_s: float = float("inf")) -> Iterator[Progress]:
    """The progress of a message whenever it has changed; the last one is over.

    Raises:
        StillOpen: it is not over within `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    last = None
    while True:
        progress = read()
        stands = msgspec.structs.replace(progress, rate_per_s=None, ends_ms=None)  # these change with the time
        if stands != last:
            yield progress
        if progress.state.terminal:
            return
        if time.monotonic() > deadline:
            raise StillOpen(
                f"{progress.status.message_id} is not over after {within_s:.0f} s: it is {progress.state}, "
                f"{number(progress.books.pending)} of {number(progress.books.audience)} devices are pending."
            )
        last = stands
        time.sleep(_POLL_S)


def lines(read: Callable[[], Progress]) -> Progress:
    """Write each change as a line of JSON until the message is over; returns how it ended."""
    for progress in follow(read):
        emit(progress_document(progress))
    return progress


def bars(console: Console = err) -> Bar:
    """Bars with counts, rate and remaining time, to be used as a context manager."""
    columns = (
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    return Bar(TextColumn("{task.description}", markup=False), *map(_Begun, columns), console=console)


def draw(bar: Bar, title: str, read: Callable[[], Progress], *, within_s: float = float("inf")) -> Progress:
    """Show a message on a bar of its own until it is over; returns how it ended.

    Raises:
        StillOpen: it is not over within `within_s` seconds.
    """
    task = bar.add_task(title, total=None, start=False, rate=0.0)

    def look() -> Progress:
        progress = read()
        # How long it has waited changes with the time, and is no change of the message.
        bar.update(task, description=waiting(progress, wall_clock_ms()) or title)
        return progress

    for progress in follow(look, within_s=within_s):
        books = progress.books
        total = books.audience if progress.planned or progress.state.terminal else None
        if progress.began_ms is not None:
            bar.start_task(task)
        bar.update(
            task,
            total=total,
            completed=books.audience - books.pending,
            rate=progress.rate_per_s or 0.0,
        )
    return progress


def waiting(progress: Progress, now_ms: int) -> str | None:
    """What a message waits for while nothing of it is sent, at `now_ms` (epoch); None when it goes on."""
    runs = "" if progress.runs is None else f", {counted(progress.runs, 'run')} so far"
    if progress.state is State.PAUSED:
        return f"{wait.state(progress, now_ms)}{runs}"
    if progress.state is not State.SCHEDULED or progress.due_ms is None:
        return None
    return f"waiting until {wait.due(progress, now_ms)}{runs}"


def watch(read: Callable[[], Progress]) -> Progress:
    """Show a message on a bar until it is over; returns how it ended."""
    with bars() as bar:
        return draw(bar, "delivering", read)
