"""The commands, and how each of them ends."""

from __future__ import annotations

import signal
import sys

import typer

from clarion.errors import ClarionError, Unavailable, UnknownDevice, UnknownMessage
from cli import device, message, provider, publish, removed, schedule, simulator, up
from cli.demo import command as demo
from cli.doctor import command as doctor
from cli.exit_code import ExitCode, exit_code
from cli.screen import complain

app = typer.Typer(
    name="clarion",
    help="Push notifications from a task queue, with books that close.",
    epilog="Settings are CLARION_… variables: docs/configuration.md. Exit codes: docs/cli.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(publish.publish)
app.command()(message.status)
app.command()(message.cancel)
app.command()(message.messages)
device.app.command()(removed.removed)
device.app.command()(removed.restore)
app.add_typer(schedule.app, name="schedule")
app.add_typer(device.app, name="devices")
app.add_typer(provider.app, name="providers")
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("simulator")(simulator.simulator)


def main() -> None:
    """Run the command line; expected errors become one line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us wants the same as Ctrl-C
    try:
        app(prog_name="clarion")
    except ClarionError as error:
        complain(_words(error))
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _words(error: ClarionError) -> str:
    """What to say: the wire's words, where it must answer as Backendless does, are not the best ones here."""
    match error:
        case UnknownMessage():
            return f"There is no message {error.error_data.get('messageId')}, or it is too old to be remembered."
        case UnknownDevice():
            return f"No device is registered as {error.error_data.get('deviceId')}."
        case Unavailable():
            return f"{error.message} `clarion doctor` looks closer."
    return error.message
