"""`clarion up`: the whole system, staying up."""

from __future__ import annotations

import os
import shlex
import socket
from typing import TYPE_CHECKING, Any

import typer

from clarion.errors import Misconfigured
from cli import screen
from cli.exit_code import ExitCode
from cli.option import JSONOption
from config.app_file import read_apps
from config.settings import PREFIX, Settings, read_settings

if TYPE_CHECKING:
    from config.stack import Stack

_LOOPBACK = "127.0.0.1"


def up(as_json: JSONOption = False) -> None:
    """Start Redis, the simulator, API, workers, beat and Flower, and keep them running until Ctrl-C.

    With CLARION_REDIS_URL that Redis is used; with CLARION_APPS_FILE those applications, and no simulator.
    """
    from config.fleet import NotReady  # noqa: PLC0415  # imports Celery, which most commands do without
    from config.stack import PROCESSES, running  # noqa: PLC0415

    settings = read_settings()
    given = settings.model_fields_set
    apps_file = settings.apps_file if "apps_file" in given else None
    if apps_file is not None:
        read_apps(apps_file)  # what is wrong with it is said now, rather than by five processes
    check_ports(settings)
    starting = screen.err.status("starting")
    starting.start()
    try:
        with running(
            settings.state_dir,
            redis_url=settings.redis_url if "redis_url" in given else None,
            apps_file=apps_file,
            processes=PROCESSES | {"flower": 1},
            settings=_variables(settings),
        ) as stack:
            starting.stop()
            if as_json:
                screen.emit(addresses(stack))
            else:
                _explain(stack)
            stack.wait()
    except NotReady as error:
        screen.complain(str(error))
        raise typer.Exit(ExitCode.FAILED) from None
    except KeyboardInterrupt:
        screen.err.print("Everything is stopped.")
        raise typer.Exit from None  # which is how it is meant to end
    finally:
        starting.stop()


def check_ports(settings: Settings) -> None:
    """Pass when the ports of API and Flower are free.

    Raises:
        Misconfigured: one is not; the message names its variable.
    """
    addresses = {"API_PORT": (settings.api_host, settings.api_port), "FLOWER_PORT": (_LOOPBACK, settings.flower_port)}
    for name, (host, port) in addresses.items():
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
                probe.bind(address)
        except OSError as error:
            raise Misconfigured(f"{PREFIX}{name}: {host} port {port}: {error.strerror}; choose another.") from None


def _variables(settings: Settings) -> dict[str, str]:
    """What the fleet is to be told: our own variables, the ports, and that Flower's API needs no password here."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    own = (f"{PREFIX}REDIS_URL", f"{PREFIX}APPS_FILE", f"{PREFIX}STATE_DIR")  # the stack's to say
    return {name: value for name, value in ours.items() if name not in own} | {
        f"{PREFIX}API_PORT": str(settings.api_port),
        f"{PREFIX}FLOWER_PORT": str(settings.flower_port),
        "FLOWER_UNAUTHENTICATED_API": "true",  # it listens on the loopback interface only
    }


def addresses(stack: Stack) -> dict[str, Any]:
    """Where everything is, and with what to speak to it."""
    found = {
        "api": stack.fleet.api_url,
        "flower": stack.fleet.flower_url,
        "redisUrl": stack.redis_url,
        "appsFile": str(stack.apps_file.absolute()),
        "logs": str(stack.fleet.log_dir),
    }
    if stack.key_file is None:
        return found
    return found | {
        "simulator": stack.simulator["control"],
        "app": stack.app,
        "key": stack.key,
    }


def _explain(stack: Stack) -> None:
    found = addresses(stack)
    say = screen.out.print
    say("Clarion is up. Ctrl-C stops everything; what is stored stays.\n", style="bold")
    say(f"API        {found['api']}   (its documentation: {found['api']}/docs)")
    say(f"Flower     {found['flower']}")
    say(f"logs       {found['logs']}")
    if "key" in found:
        say(f"simulator  {found['simulator']}/counts   (plays all providers)")
        say(f"app        {found['app']}, key {found['key']}")
        say("\nRegister a device, publish to it, and see what arrived:\n")
        for line in _first_steps(found):
            say(line)
    say("\nIn another terminal, for `clarion publish`, `status`, `devices` and the rest:\n")
    say(f"export CLARION_REDIS_URL={shlex.quote(found['redisUrl'])} CLARION_APPS_FILE={shlex.quote(found['appsFile'])}")


def _first_steps(found: dict[str, Any]) -> list[str]:
    base = f"{found['api']}/{found['app']}/{found['key']}/messaging"
    device = '{"deviceToken": "my-token", "deviceId": "my-device", "os": "ANDROID", "channels": ["news"]}'
    message = '{"message": "Hello", "headers": {"android-content-title": "News"}}'
    return [
        f"curl -d '{device}' {base}/registrations",
        f"curl -d '{message}' {base}/news",
        f"curl '{found['simulator']}/received?token=my-token'",
    ]
