"""What is told of messages that wait for a time: plain frozen data."""

from __future__ import annotations

import msgspec

from clarion.calendar.repeat import Repeat
from clarion.message.state import State

_BEFORE = frozenset({State.SCHEDULED, State.PAUSED})


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a due instant of a repeated message.

    Attributes:
        due_ms: when it was due; by local time, what clocks show then.
        at_ms: when a beat came to it, epoch milliseconds.
        late_ms: how much later than due that was.
        message_id: the run's own id; None when it was skipped.
        missed: earlier due instants that nobody came to: the run stands for them, or they were skipped. Of cron, at
            most 50 are counted.
    """

    due_ms: int
    at_ms: int
    late_ms: int
    message_id: str | None = None
    missed: int = 0


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for a time.

    Attributes:
        message_id: its id.
        channel: where it goes.
        state: scheduled, paused, or delivering when only some of its devices wait.
        due_ms: when it, its next run, or the next of its devices is due (epoch ms); None when it is paused in delivery.
            With `local`, it starts when the first clocks show its time: 14 hours before UTC's do.
        local: whether it is sent by each device's own clock.
        starts_ms: when it was to start; with `local`, what clocks show then. None is when it was accepted.
        repeat: how it is repeated; None when it is not.
        runs, missed: of a repeated one, how many runs were started, and how many were not in time.
        accepted_ms: when it was published.
        paused_ms: since when it is paused (epoch ms); None when it is not.
    """

    message_id: str
    channel: str
    state: State
    due_ms: int | None
    local: bool = False
    starts_ms: int | None = None
    repeat: Repeat | None = None
    runs: int = 0
    missed: int = 0
    accepted_ms: int
    paused_ms: int | None = None

    @property
    def begins(self) -> bool:
        """Whether it is itself, or a run of it, that is due: in delivery only some of its devices wait for a time."""
        return self.due_ms is not None and self.state in _BEFORE


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, what became of its latest runs (the latest first), and the instants of the next.

    The first of these has passed when nobody came to it. By local time, instants are what each device's clock shows
    then, written as if it were UTC.
    """

    appointment: Appointment
    history: tuple[Run, ...]
    upcoming: tuple[int, ...]
