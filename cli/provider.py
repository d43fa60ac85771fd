"""`clarion providers …`: how the fleet stands with each provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from clarion.clock import wall_clock_ms
from clarion.standing import Standing, State, resume, standings
from cli import access, clock, screen
from cli.exit_code import ExitCode
from cli.option import AppOption, JSONOption

app = typer.Typer(help="Credentials: state, budget, last error, and what ends when.", invoke_without_command=True)

_STYLES = {State.OPEN: "green", State.PAUSED: "yellow", State.BROKEN: "yellow", State.PARKED: "bold red"}
_DAY_MS = 86_400_000


@app.callback()
def show(context: typer.Context, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Show every credential of an application; ends with 1 when one is parked."""
    if context.invoked_subcommand is not None:
        return
    with access.access(app) as way:
        found = standings(way.storage, way.app.id)
    if as_json:
        screen.emit(msgspec.to_builtins(found))
    elif not found:
        screen.err.print("No worker has started yet: it is they who know the credentials.")
    else:
        screen.out.print(_table(found))
        for line in alerts(found, wall_clock_ms()):
            screen.complain(line)
    if any(each.state is State.PARKED for each in found):
        raise typer.Exit(ExitCode.FAILED)


@app.command("resume")
def resume_provider(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="fcm, apns, webpush, wns or hms.")],
    app: AppOption = None,
) -> None:
    """Send again with a credential that is paused, broken or parked, at once instead of after its wait."""
    with access.access(app) as way:
        if not resume(way.storage, way.app.id, provider):
            raise typer.BadParameter(f"the application {way.app.id} has no provider {provider}")
    screen.out.print(f"{provider}: open")


def alerts(found: list[Standing], now_ms: int) -> Iterator[str]:
    """What somebody should do something about, a sentence each."""
    for each in found:
        if each.state is State.PARKED:
            yield (
                f"{each.provider}: nothing is sent with {each.credential} since {_at(each.since_ms)}: {each.reason}."
                " Nobody is removed meanwhile; mend the credential, and delivery goes on by itself."
            )
        ends_ms = each.certificate_ends_ms
        if ends_ms is not None and ends_ms - now_ms < 30 * _DAY_MS:
            yield f"{each.provider}: a certificate of its ca_bundle ends {_span(ends_ms, now_ms)}."


def _table(found: list[Standing]) -> Table:
    now_ms = wall_clock_ms()
    table = Table(box=None, pad_edge=False)
    for name in ("provider", "credential", "serves", "state", "devices/s", "last error", "token ends", "CA ends"):
        table.add_column(name, overflow="fold")
    for each in found:
        state = each.state.value
        if each.state is not State.OPEN:
            state += f" {_span(each.until_ms, now_ms)}: {each.reason}"
        error = f"{each.last_error} {_span(each.last_error_ms, now_ms)}" if each.last_error else "none"
        table.add_row(
            each.provider,
            each.credential,
            ", ".join(each.systems),
            state,
            screen.number(int(each.rate_per_s)) if each.rate_per_s else "no limit",
            error,
            _span(each.token_ends_ms, now_ms),
            _span(each.certificate_ends_ms, now_ms),
            style=_STYLES[each.state],
        )
    return table


def _span(instant_ms: int | None, now_ms: int) -> str:
    if instant_ms is None:
        return "-"
    words = clock.span(abs(instant_ms - now_ms))
    return f"in {words}" if instant_ms > now_ms else f"{words} ago"


def _at(instant_ms: int | None) -> str:
    return "-" if instant_ms is None else f"{datetime.fromtimestamp(instant_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
