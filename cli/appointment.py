"""What waits for a time, in lines. An id is never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion.calendar.repeat import GRACE_MS, Repeat
from clarion.schedule.appointment import Appointment, Run, Timetable
from cli import clock, wait
from cli.screen import counted, number


def appointment_lines(found: Sequence[Appointment], now_ms: int) -> Iterator[str]:
    """What waits for a time, one a line under a heading; instants in the zone of whoever reads them."""
    rows = [("due", "state", "channel", "repeated", "message")]
    rows += [
        (wait.due(each, now_ms), wait.state(each, now_ms), each.channel, repetition(each), each.message_id)
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def timetable_lines(found: Timetable, now_ms: int) -> Iterator[str]:
    """A message's next runs, and what became of those before; cron's instants in cron's zone."""
    this = found.appointment
    yield f"{this.message_id}: {', '.join(_words(this, now_ms))}"
    if found.upcoming:
        yield "next"
        first, *others = instant_lines(found.upcoming, _zone(this), local=this.local)
        late = wait.overdue(this, now_ms)
        yield f"  {first}, {late}" if late else f"  {first}"
        yield from (f"  {line}" for line in others)
    if found.history:
        yield "so far"
        yield from (f"  {_run(this, run)}" for run in found.history)


def instant_lines(instants: Sequence[int], zone: str | None, *, local: bool) -> Iterator[str]:
    """When runs are due, one a line: in a zone or in that of whoever reads them, or `local`, by each device's clock."""
    for ms in instants:
        yield clock.weekday(_shown(ms, zone, local=local)) + (" by each device's clock" if local else "")


def repetition(this: Appointment) -> str:
    """How a message is repeated, in a few words; `once` when it is not."""
    repeat = this.repeat
    if repeat is None:
        return "once"
    words = [f"every {clock.length(repeat.every_ms)}" if repeat.every_ms else _cron(repeat, local=this.local)]
    if repeat.count is not None:
        words.append(counted(repeat.count, "time"))
    if repeat.expires_ms is not None:
        words.append(f"until {_shown(repeat.expires_ms, _zone(this), local=this.local)}")
    return ", ".join(words)


def _cron(repeat: Repeat, *, local: bool) -> str:
    return f"{repeat.cron} ({'local' if local else repeat.zone})"


def _words(this: Appointment, now_ms: int) -> Iterator[str]:
    yield wait.state(this, now_ms)
    yield f"channel {this.channel}"
    yield repetition(this)
    if this.repeat is not None:
        yield counted(this.runs, "run")
    if this.missed:
        yield f"{number(this.missed)} missed"
    if this.due_ms is not None:
        yield f"due {wait.due(this, now_ms)}"


def _run(this: Appointment, run: Run) -> str:
    words = [run.message_id or "skipped"]
    if run.message_id is not None and run.late_ms > GRACE_MS:
        words.append(f"late by {clock.span(run.late_ms)}")
    if run.missed:
        words.append(f"{number(run.missed)} missed")
    return f"{_shown(run.due_ms, _zone(this), local=this.local)}  {', '.join(words)}"


def _zone(this: Appointment) -> str | None:
    """The zone that instants are shown in; None is that of whoever reads them."""
    return this.repeat.zone if this.repeat is not None and this.repeat.cron is not None else None


def _shown(ms: int, zone: str | None, *, local: bool) -> str:
    return clock.wall(ms) if local else clock.instant(ms, zone)
