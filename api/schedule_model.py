"""When messages are sent: what a caller asks for, and what is told of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire import MS, Wire
from clarion.calendar.repeat import Misfire
from clarion.message import State

_WALL = "With `local`, what each device's clock shows then, written as if it were UTC."


class Timing(Wire):
    """When a message is sent, and how often."""

    publish_at: int | float | str | None = Field(
        default=None, description=f"{MS} Or ISO 8601, with an offset, `timeZone` or `localTime`; 0 is now."
    )
    time_zone: str | None = Field(
        default=None,
        description="IANA name of the zone of times without an offset, and of `repeatCron`, where UTC is the default.",
    )
    repeat_every: int | None = Field(
        default=None,
        ge=0,
        le=366 * 86_400,
        description="Seconds from the start of a run to the next; 0 is no repetition.",
    )
    repeat_cron: str | None = Field(
        default=None,
        description="Five fields of cron, or an alias, instead of `repeatEvery`.",
        examples=["0 9 * * 1-5", "@daily"],
    )
    repeat_expires_at: int | float | str | None = Field(
        default=None, description="No run starts then or later; in the forms of `publishAt`."
    )
    repeat_count: int | None = Field(default=None, ge=1, le=1_000_000, description="So many runs at most.")
    misfire: Literal["coalesce", "skip"] | None = Field(
        default=None,
        description="Runs that nobody started in time: one for all of them, which is the default, or none.",
    )
    local_time: bool | None = Field(
        default=None,
        description="Times and `repeatCron` are what each device's own clock shows; `publishAt` is needed.",
    )


class PreviewRequest(Timing):
    """Which runs to tell. Other members of a publish are checked as it would."""

    limit: int = Field(default=10, ge=1, le=1000, description="How many at most.")


class Preview(Wire):
    """When a publish would start."""

    instants: list[int] = Field(
        description=f"{MS} With `localTime`, what each device's clock shows then, written as if it were UTC."
    )


class RescheduleRequest(Wire):
    """The new time of a message."""

    publish_at: int | float | str | None = Field(
        description=f"{MS} Or ISO 8601, with an offset or `timeZone`; 0 and null are now."
    )
    time_zone: str | None = Field(default=None, description="IANA name of the zone of a time without an offset.")


class Repetition(Wire):
    """How a message is repeated: by an interval, or by cron."""

    every_ms: int | None
    cron: str | None
    zone: str = Field(description="IANA name of the zone that `cron` is read in.")
    expires_ms: int | None = Field(description=f"No run starts then or later. {_WALL}")
    count: int | None = Field(description="So many runs at most.")
    misfire: Misfire


class Appointment(Wire):
    """A message that waits for a time."""

    message_id: str
    channel: str
    state: State
    due_ms: int | None = Field(description="When it, its next run, or the next of its devices is due.")
    local: bool = Field(description="Whether it is sent by each device's own clock.")
    starts_ms: int | None = Field(description=f"When it was to start; null is when it was accepted. {_WALL}")
    repeat: Repetition | None
    runs: int = Field(description="Of a repeated one, how many runs were started.")
    missed: int = Field(description="How many were not in time.")
    accepted_ms: int = Field(description=MS)


class Appointments(Wire):
    """What waits for a time, the soonest first, paused messages last."""

    schedules: list[Appointment]


class Run(Wire):
    """What became of a due instant of a repeated message."""

    due_ms: int = Field(description=f"When it was due. {_WALL}")
    at_ms: int = Field(description="When a scheduler came to it.")
    late_ms: int = Field(description="How much later than due that was.")
    message_id: str | None = Field(description="The run's own id; null when it was skipped.")
    missed: int = Field(description="Earlier due instants that nobody came to.")


class Timetable(Wire):
    """When a message is due."""

    appointment: Appointment
    history: list[Run] = Field(description="Its runs so far, the latest first.")
    upcoming: list[int] = Field(description=f"When the next are due. {_WALL}")
