"""`clarion schedule …`: what waits for a time."""

from __future__ import annotations

from typing import Annotated

import typer

from clarion.clock import wall_clock_ms
from clarion.message import DeliveryOptions
from cli import access, book, screen
from cli.appointment import appointment_lines, document, instant_lines, timetable_lines
from cli.message import cancel, unless_over
from cli.moment import parse_duration, parse_moment
from cli.option import AppOption, JSONOption, MessageArgument
from cli.publish import AtOption, CountOption, CronOption, EveryOption, LocalOption, UntilOption, ZoneOption

app = typer.Typer(help="What waits for a time: list, look, cancel, pause, resume, move; preview.", no_args_is_help=True)
app.command()(cancel)

LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
TimeArgument = Annotated[
    str, typer.Argument(metavar="TIME", help="A date and time (ISO 8601), or +90s, +10m, +2h, +1d from now.")
]
TimeZoneOption = Annotated[
    str | None, typer.Option(metavar="ZONE", help="IANA name of the zone of a time without an offset.")
]


@app.command("list")
def list_appointments(limit: LimitOption = 50, app: AppOption = None, as_json: JSONOption = False) -> None:
    """List what waits for a time, the soonest first, paused messages last."""
    with access.access(app) as way:
        found = way.transport.schedules(limit)
    if as_json:
        screen.emit(document(found))
    elif found:
        for line in appointment_lines(found):
            screen.out.print(line)
    else:
        screen.err.print("nothing waits for a time")


@app.command()
def show(message: MessageArgument, limit: LimitOption = 10, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Show when a message is due, its runs so far, and the next."""
    with access.access(app) as way:
        found = way.transport.schedule(message, limit)
    if as_json:
        screen.emit(document(found))
        return
    for line in timetable_lines(found):
        screen.out.print(line)


@app.command()
def pause(message: MessageArgument, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Send nothing more of a message, nor of its runs, until it is resumed; what is in flight still arrives."""
    with access.access(app) as way:
        with unless_over(way, message, "paused"):
            way.transport.pause(message)
        _tell(way, message, as_json=as_json)


@app.command()
def resume(message: MessageArgument, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Go on with a paused message where it stood; what became due meanwhile starts at once."""
    with access.access(app) as way:
        with unless_over(way, message, "resumed"):
            way.transport.resume(message)
        _tell(way, message, as_json=as_json)


@app.command()
def reschedule(
    message: MessageArgument,
    time: TimeArgument,
    time_zone: TimeZoneOption = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Give a message that has not started another time; the runs of a repeated one begin anew from there."""
    with access.access(app) as way:
        local = way.transport.schedule(message, 1).appointment.local
        publish_at = parse_moment("TIME", time, now_ms=wall_clock_ms(), local=local)
        with unless_over(way, message, "rescheduled"):
            way.transport.reschedule(message, publish_at, time_zone)
        _tell(way, message, as_json=as_json)


@app.command()
def preview(  # noqa: PLR0917  # the time of a publish has that many options
    at: AtOption = None,
    time_zone: ZoneOption = None,
    every: EveryOption = None,
    cron: CronOption = None,
    until: UntilOption = None,
    count: CountOption = None,
    local_time: LocalOption = False,
    limit: LimitOption = 10,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show when a publish with these options would start, without publishing."""
    now_ms = wall_clock_ms()
    delivery = DeliveryOptions(
        publish_at=parse_moment("--at", at, now_ms=now_ms, local=local_time),
        time_zone=time_zone,
        repeat_every=parse_duration("--every", every),
        repeat_cron=cron,
        repeat_expires_at=parse_moment("--until", until, now_ms=now_ms, local=local_time),
        repeat_count=count,
        local_time=local_time,
    )
    with access.access(app) as way:
        instants = way.transport.preview(delivery, limit)
    if as_json:
        screen.emit({"instants": instants})
        return
    zone = time_zone if cron is None else time_zone or "UTC"
    for line in instant_lines(instants, zone, local=local_time):
        screen.out.print(line)


def _tell(way: access.Access, message_id: str, *, as_json: bool) -> None:
    progress = way.transport.progress(message_id)
    if as_json:
        screen.emit(book.progress_document(progress))
    else:
        screen.out.print(f"{message_id}: {book.summary(progress)}")
