"""When messages are sent: what a caller asks for, and what is told of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire import FIRST_CLOCK, MS, Wire
from clarion.argument import LISTED_MAX
from clarion.calendar.repeat import Misfire
from clarion.message import State

_WALL = "With `local`, what each device's clock shows then, written as if it were UTC."


class Timing(Wire):
    """When a message is sent, how often, and how fast."""

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
        description="Times and `repeatCron` are what each device's own clock shows; `publishAt` is needed."
        " It starts when the first clocks show it, those of UTC+14: from then on it can no longer be rescheduled,"
        " and its audience is fixed.",
    )
    quiet_hours: str | None = Field(
        default=None,
        description="When nothing is sent, by each device's own clock, but after it; `none` is no such time."
        " Left out it is the application's.",
        examples=["22:00-08:00"],
    )
    freeze_audience: bool | None = Field(
        default=None, description="Who is addressed is settled when it is published, not when it is sent."
    )
    rate_per_s: float | None = Field(default=None, ge=0.01, le=1_000_000, description="Devices a second at most.")
    spread_over: int | None = Field(
        default=None, ge=1, le=7 * 86_400, description="Seconds over which the audience is spread, instead of a rate."
    )


class PreviewRequest(Timing):
    """Which runs to tell. All of these are checked as a publish would; its other members are ignored."""

    limit: int = Field(default=10, ge=1, le=LISTED_MAX, description="How many at most.")


class Preview(Wire):
    """When a publish would start."""

    instants: list[int] = Field(
        description=f"{MS} With `localTime`, what each device's clock shows then, written as if it were UTC."
    )


class RescheduleRequest(Wire):
    """The new time of a message."""

    publish_at: int | float | str = Field(
        description=f"{MS} Or ISO 8601, with an offset or `timeZone`; 0 is now. Of one with `localTime` it is what"
        " clocks show."
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
    due_ms: int | None = Field(description=f"When it, its next run, or the next of its devices is due. {FIRST_CLOCK}")
    local: bool = Field(description="Whether it is sent by each device's own clock.")
    starts_ms: int | None = Field(description=f"When it was to start; null is when it was accepted. {_WALL}")
    repeat: Repetition | None
    runs: int = Field(description="Of a repeated one, how many runs were started.")
    missed: int = Field(description="How many were not in time.")
    accepted_ms: int = Field(description=MS)
    paused_ms: int | None = Field(description="Since when it is paused.")


class Appointments(Wire):
    """What waits for a time, the soonest first, and then paused messages."""

    schedules: list[Appointment]


class Run(Wire):
    """What became of a due instant of a repeated message."""

    due_ms: int = Field(description=f"When it was due. {_WALL}")
    at_ms: int = Field(description="When a beat came to it.")
    late_ms: int = Field(description="How much later than due that was.")
    message_id: str | None = Field(description="The run's own id; null when it was skipped.")
    missed: int = Field(description="Earlier due instants that nobody came to.")


class Timetable(Wire):
    """When a message is due."""

    appointment: Appointment
    history: list[Run] = Field(description="Its runs so far, the latest first.")
    upcoming: list[int] = Field(
        description=f"When the next are due; the first of them has passed when nobody came to it. {_WALL}"
    )
