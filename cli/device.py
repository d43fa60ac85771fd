"""`clarion devices …`: the registry."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.table import Table

from clarion.message.registration import DeviceRegistration
from clarion.registry import OS
from clarion.registry import count as count_devices
from cli import access, screen
from cli.option import AppOption, JSONOption

app = typer.Typer(help="Registered devices: import, export, look up, count.", no_args_is_help=True)


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


def _table(found: DeviceRegistration) -> Table:
    rows = Table(box=None, pad_edge=False, show_header=False)
    for name, value in msgspec.to_builtins(found).items():
        rows.add_row(name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
    return rows
