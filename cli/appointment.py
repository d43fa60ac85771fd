"""What waits for a time: as JSON in the words of the HTTP API, and in lines. An id is never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from clarion.calendar.repeat import GRACE_MS, Repeat
from clarion.calendar.zone import FIRST_ZONE_MS
from clarion.message import State
from clarion.message.form import camel
from clarion.schedule.appointment import Appointment, Run, Timetable
from cli import clock
from cli.screen import number

#: They wait for their own time, or their next run's; in others only some of the devices wait.
_BEFORE = frozenset({State.SCHEDULED, State.PAUSED})


def document(value: Any) -> Any:
    """A struct with all of its members, under the names that they have on the wire."""
    if isinstance(value, msgspec.Struct):
        return {camel(name): document(getattr(value, name)) for name in value.__struct_fields__}
    return [document(each) for each in value] if isinstance(value, list | tuple) else value


def appointment_lines(found: Sequence[Appointment]) -> Iterator[str]:
    """What waits for a time, one a line under a heading; instants in the zone of whoever reads them."""
    rows = [("due", "state", "channel", "repeated", "message")]
    rows += [(_due(each), each.state.value, each.channel, repetition(each), each.message_id) for each in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def timetable_lines(found: Timetable) -> Iterator[str]:
    """A message's next runs, and what became of those before; cron's instants in cron's zone."""
    this = found.appointment
    yield f"{this.message_id}: {', '.join(_words(this))}"
    if found.upcoming:
        yield "next"
        yield from (f"  {line}" for line in instant_lines(found.upcoming, _zone(this), local=this.local))
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
        words.append(f"{number(repeat.count)} times")
    if repeat.expires_ms is not None:
        words.append(f"until {_shown(repeat.expires_ms, _zone(this), local=this.local)}")
    return ", ".join(words)


def _cron(repeat: Repeat, *, local: bool) -> str:
    return f"{repeat.cron} ({'local' if local else repeat.zone})"


def _words(this: Appointment) -> Iterator[str]:
    yield this.state.value
    yield f"channel {this.channel}"
    yield repetition(this)
    if this.repeat is not None:
        yield f"{number(this.runs)} runs"
    if this.missed:
        yield f"{number(this.missed)} missed"
    if this.due_ms is not None:
        yield f"due {_due(this)}"


def _due(this: Appointment) -> str:
    if this.due_ms is None:
        return "-"
    if this.local and this.state in _BEFORE:
        return f"{clock.wall(this.due_ms + FIRST_ZONE_MS)} local"
    return clock.instant(this.due_ms)


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
