"""`clarion simulator`: the push providers' simulator in the foreground."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import screen
from cli.exit_code import ExitCode
from cli.option import JSONOption
from config.settings import read_settings

if TYPE_CHECKING:
    from config.stack import Simulator

_POLL_S = 0.2


def _port(what: str) -> Any:
    return typer.Option(min=0, max=65_535, help=f"Port of {what}; 0 is that of the last time, or any.")


def simulator(
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Its certificates, keys and ports; under CLARION_STATE_DIR when left out."),
    ] = None,
    *,
    fcm_port: Annotated[int, _port("FCM and Google's token endpoint")] = 0,
    apns_port: Annotated[int, _port("APNs")] = 0,
    apns_sandbox_port: Annotated[int, _port("APNs' sandbox")] = 0,
    webpush_port: Annotated[int, _port("the push services of browsers")] = 0,
    wns_port: Annotated[int, _port("WNS and its token endpoints")] = 0,
    hms_port: Annotated[int, _port("HMS and its token endpoint")] = 0,
    control_port: Annotated[int, _port("the control plane")] = 0,
    project: Annotated[list[str] | None, typer.Option(metavar="ID", help="A Firebase project; repeatable.")] = None,
    as_json: JSONOption = False,
) -> None:
    """Play the push providers on this machine until Ctrl-C; prints what to put into the apps file."""
    from config.fleet import NotReady  # noqa: PLC0415  # imports Celery, which most commands do without
    from config.process import exited  # noqa: PLC0415
    from config.stack import simulator as running  # noqa: PLC0415

    folder = (state or read_settings().state_dir / "simulator").absolute()
    ports = {
        "fcm": fcm_port,
        "apns": apns_port,
        "apns-sandbox": apns_sandbox_port,
        "webpush": webpush_port,
        "wns": wns_port,
        "hms": hms_port,
        "control": control_port,
    }
    options = [
        *(f"--{name}-port={port}" for name, port in ports.items()),
        *(f"--project={each}" for each in project or ()),
    ]
    try:
        with running(folder, folder / "simulator.log", options) as played:
            if as_json:
                screen.emit(played.announced)
            else:
                _explain(played)
            while not exited(played.member.process):
                time.sleep(_POLL_S)
        screen.complain(f"The simulator ended; {played.member.log} says why.")
    except NotReady as error:
        screen.complain(str(error))
    except KeyboardInterrupt:
        raise typer.Exit from None  # which is how it is meant to end
    raise typer.Exit(ExitCode.FAILED)


def _explain(played: Simulator) -> None:
    from config.stack import provider_tables  # noqa: PLC0415

    announced = played.announced
    names = ", ".join(announced["providers"])
    screen.err.print(f"Playing {names}; control plane on {announced['control']}. Ctrl-C stops it.")
    screen.err.print("For your application in the apps file:\n")
    # Not through the console: it would break lines that are to be pasted.
    print("\n".join(provider_tables("demo", announced)), flush=True)
