"""What a message waits for, as people read it: when it is due, how long it is overdue, since when it is paused."""

from __future__ import annotations

from typing import TypeAlias

from clarion.calendar.repeat import GRACE_MS
from clarion.calendar.zone import FIRST_ZONE_MS
from clarion.message import State
from clarion.schedule.appointment import Appointment
from clarion.status import Progress
from cli import clock

Waiting: TypeAlias = Appointment | Progress


def due(this: Waiting, now_ms: int) -> str:
    """`2026-08-03 09:00:00+02:00`, for one that nobody came to with `, overdue by 2 h`; `-` when it is due at no time.

    By local time it is `2026-08-03 09:00:00 local`, what each device's own clock shows.
    """
    if this.due_ms is None:
        return "-"
    late = overdue(this, now_ms)
    return f"{_shown(this, this.due_ms)}, {late}" if late else _shown(this, this.due_ms)


def overdue(this: Waiting, now_ms: int) -> str | None:
    """`overdue by 2 h` when it is due and nobody came to it, else None."""
    if this.due_ms is None or this.state is State.PAUSED or now_ms - this.due_ms <= GRACE_MS:
        return None
    return f"overdue by {clock.span(now_ms - this.due_ms)}"


def state(this: Waiting, now_ms: int) -> str:
    """Where it stands: `scheduled`, `paused for 3 d`."""
    if this.paused_ms is None or now_ms - this.paused_ms <= GRACE_MS:
        return this.state.value
    return f"{this.state} for {clock.span(now_ms - this.paused_ms)}"


def _shown(this: Waiting, due_ms: int) -> str:
    # What waits in delivery are single devices, each for an instant of its own.
    begins = this.begins if isinstance(this, Appointment) else True
    return f"{clock.wall(due_ms + FIRST_ZONE_MS)} local" if this.local and begins else clock.instant(due_ms)
