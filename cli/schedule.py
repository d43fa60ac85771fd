"""`clarion schedule …`: what waits for a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from clarion.clock import wall_clock_ms
from clarion.message import Misfire
from clarion.schedule.appointment import Appointment
from clarion.schedule.timetable import waiting
from cli import access, book, screen, wait
from cli.appointment import appointment_lines, instant_lines, timetable_lines
from cli.message import cancel, unless_over
from cli.moment import TIME, parse_moment
from cli.option import AppOption, JSONOption, LimitOption, MessageArgument
from cli.timing import (
    AtOption,
    CountOption,
    CronOption,
    EveryOption,
    LocalOption,
    MisfireOption,
    UntilOption,
    ZoneOption,
    own_words,
    timing,
)

app = typer.Typer(
    help="What waits for a time: list, show, cancel, pause, resume, reschedule; preview.", no_args_is_help=True
)
app.command()(cancel)

TimeArgument = Annotated[str, typer.Argument(metavar="TIME", help=f"{TIME[0].upper()}{TIME[1:]}.")]
TimeZoneOption = Annotated[
    str | None, typer.Option(metavar="ZONE", help="IANA name of the zone of a time without an offset.")
]


@app.command("list")
def list_appointments(limit: LimitOption = 50, app: AppOption = None, as_json: JSONOption = False) -> None:
    """List what waits for a time, the soonest first, and then as many paused messages."""
    with access.access(app) as way:
        found, all_of_them = way.transport.schedules(limit), waiting(way.storage, way.app.id)
    if as_json:
        screen.emit(screen.document(found))
    elif found:
        for line in appointment_lines(found, wall_clock_ms()):
            screen.out.print(line)
    else:
        screen.err.print("nothing waits for a time")
    _hint(found, all_of_them - len(found))


def _hint(found: list[Appointment], more: int) -> None:
    if more > 0:
        screen.err.print(f"{screen.number(more)} more wait for a time; see --limit")
    if any(wait.overdue(each, wall_clock_ms()) for each in found):
        screen.err.print("what is overdue should have started: `clarion doctor` looks closer")


@app.command()
def show(message: MessageArgument, limit: LimitOption = 10, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Show when a message is due, its runs so far, and the next."""
    with access.access(app) as way:
        found = way.transport.schedule(message, limit)
    if as_json:
        screen.emit(screen.document(found))
        return
    for line in timetable_lines(found, wall_clock_ms()):
        screen.out.print(line)


@app.command()
def pause(message: MessageArgument, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Send nothing more of a message, nor of its runs, until it is resumed; what is in flight still arrives."""
    with access.access(app) as way:
        _change(way, message, "paused", lambda: way.transport.pause(message), as_json=as_json)


@app.command()
def resume(message: MessageArgument, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Go on with a paused message where it stood; what became due meanwhile starts at once."""
    with access.access(app) as way:
        _change(way, message, "resumed", lambda: way.transport.resume(message), as_json=as_json)


@app.command()
def reschedule(
    message: MessageArgument,
    time: TimeArgument,
    time_zone: TimeZoneOption = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Give a message that has not started another time; the runs of a repeated one begin anew from there."""
    with access.access(app) as way, own_words(publishAt="TIME"):
        local = way.transport.schedule(message, 1).appointment.local
        publish_at = parse_moment("TIME", time, now_ms=wall_clock_ms(), local=local)
        move = way.transport.reschedule
        _change(way, message, "rescheduled", lambda: move(message, publish_at, time_zone), as_json=as_json)


def _change(way: access.Access, message_id: str, what: str, change: Callable[[], object], *, as_json: bool) -> None:
    with unless_over(way, message_id, what):
        change()
    progress = way.transport.progress(message_id)
    if as_json:
        screen.emit(book.progress_document(progress))
    else:
        screen.out.print(f"{message_id}: {book.summary(progress, wall_clock_ms())}")


@app.command()
def preview(  # noqa: PLR0913, PLR0917  # the time of a publish has that many options
    at: AtOption = None,
    time_zone: ZoneOption = None,
    every: EveryOption = None,
    cron: CronOption = None,
    until: UntilOption = None,
    count: CountOption = None,
    misfire: MisfireOption = Misfire.COALESCE,
    local_time: LocalOption = False,
    limit: LimitOption = 10,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show when a publish with these options would start, without publishing."""
    delivery = timing(at, time_zone, every, cron, until, count, misfire, local_time=local_time, now_ms=wall_clock_ms())
    with access.access(app) as way, own_words():
        instants = way.transport.preview(delivery, limit)
    if as_json:
        screen.emit({"instants": instants})
        return
    zone = time_zone if cron is None else time_zone or "UTC"
    for line in instant_lines(instants, zone, local=local_time):
        screen.out.print(line)
