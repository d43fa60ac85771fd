"""`clarion devices …`: the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from clarion.clock import wall_clock_ms
from clarion.message.registration import DeviceRegistration
from clarion.registry import OS
from clarion.registry import count as count_devices
from clarion.registry.row import Format
from clarion.registry.transfer import Import, export_devices, import_devices
from cli import access, screen
from cli.exit_code import ExitCode
from cli.option import AppOption, JSONOption

app = typer.Typer(help="Registered devices: import, export, look up, count, restore.", no_args_is_help=True)

FormatOption = Annotated[
    Format | None, typer.Option("--format", case_sensitive=False, help="The file's format; by its name when left out.")
]
#: Bad lines that are explained at the terminal; the rejects file has all of them.
_EXPLAINED = 10


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Devices, one a line: JSON Lines or CSV.")],
    form: FormatOption = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Register the devices of a file; started again after an interruption, it continues.

    Bad lines are put into FILE.rejects, and the command then ends with 1.
    """
    with access.access(app) as way, _bar("importing") as show:
        done = import_devices(
            way.storage,
            way.app.id,
            file,
            now_ms=wall_clock_ms(),
            form=form,
            progress=lambda position: show(position.registered, position.offset, position.size),
        )
    if as_json:
        screen.emit(_import_document(done))
    else:
        _show_import(done)
    raise typer.Exit(ExitCode.FAILED if done.rejected else ExitCode.OK)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; import reads it.")],
    form: FormatOption = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Write every registered device to a file, tokens included."""
    with access.access(app) as way, _bar("exporting") as show:
        total = count_devices(way.storage, way.app.id)
        written = export_devices(
            way.storage, way.app.id, file, form=form, progress=lambda devices: show(devices, devices, total)
        )
    if as_json:
        screen.emit({"devices": written, "file": str(file)})
    else:
        screen.out.print(f"{screen.number(written)} devices written to {file}")


@app.command()
def get(
    device: Annotated[str, typer.Argument(metavar="ID", help="The app's own name for the device.")],
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show the registration of a device, its token included."""
    with access.access(app) as way:
        (found,) = way.transport.registrations(device)
    if as_json:
        screen.emit(found)
    else:
        screen.out.print(_table(found))


@app.command()
def count(
    os: Annotated[OS | None, typer.Option(case_sensitive=False, help="Only this operating system.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="NAME", help="Only this channel.")] = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Count the registered devices."""
    with access.access(app) as way:
        devices = count_devices(way.storage, way.app.id, os, channel)
    if as_json:
        screen.emit({"devices": devices, "os": os, "channel": channel})
    else:
        screen.out.print(str(devices))


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int, int], None]]:
    """A bar on stderr, moved by a call with the devices so far, and how much is done of how much."""
    columns = (
        TextColumn("{task.description} {task.fields[devices]} devices"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Bar(*columns, console=screen.err, transient=True, disable=not screen.err.is_terminal) as bar:
        task = bar.add_task(title, total=None, devices="0")
        yield lambda devices, done, total: bar.update(task, completed=done, total=total, devices=screen.number(devices))


def _import_document(done: Import) -> dict[str, object]:
    return {
        "registered": done.registered,
        "rejected": done.rejected,
        "rejects": None if done.rejects is None else str(done.rejects),
        "reasons": [{"line": line, "reason": reason} for line, reason in done.reasons],
    }


def _show_import(done: Import) -> None:
    screen.out.print(f"{screen.number(done.registered)} devices registered")
    if not done.rejected:
        return
    screen.complain(f"{screen.number(done.rejected)} bad lines, put into {done.rejects}")
    for line, reason in done.reasons[:_EXPLAINED]:
        screen.err.print(f"  line {line}: {reason}")


def _table(found: DeviceRegistration) -> Table:
    rows = Table(box=None, pad_edge=False, show_header=False)
    for name, value in msgspec.to_builtins(found).items():
        rows.add_row(name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
    return rows
