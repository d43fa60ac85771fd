"""The demo from start to stop."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console

from clarion import Appearance, DeliveryOptions, Messaging, PublishOptions
from clarion.clock import wall_clock_ms
from clarion.errors import ClarionError
from clarion.registry import count, register
from clarion.status import Progress, read
from clarion.storage import Storage, open_storage
from cli import screen
from cli.demo.campaign import Door, Publish, arrivals, campaign
from cli.demo.population import is_dead, population
from cli.demo.reckoning import check_arrivals, check_books, check_registry
from cli.demo.report import Report, by_provider, table
from cli.exit_code import ExitCode
from cli.follow import StillOpen, bars, draw
from cli.screen import number
from config.fleet import NotReady
from config.stack import Stack, running

#: A publish that takes longer than this, and a second for each thousand devices, is stuck.
_CLOSES_WITHIN_S = 20.0
_CONTROL_WITHIN_S = 60.0
_OPTIONS = PublishOptions(appearance=Appearance(title="Clarion", body="The books close."))


def run(devices: int, *, keep: bool, as_json: bool) -> ExitCode:
    """Run the demo and show what came of it.

    Args:
        devices: how many to register.
        keep: whether data and logs stay; they do when something went wrong.
        as_json: one JSON document instead of text.
    """
    console = Console(quiet=True) if as_json else screen.out
    folder = Path(tempfile.mkdtemp(prefix="clarion-demo-"))
    try:
        report = _perform(folder, devices, console)
        keep = keep or bool(report.problems)
    except (NotReady, StillOpen, ClarionError) as error:
        keep = True
        screen.complain(str(error))
        return ExitCode.FAILED
    finally:
        if keep:
            screen.err.print(f"Data and logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        screen.emit(report.document())
    for problem in report.problems:
        screen.complain(problem)
    if not report.problems:
        console.print("✓ Everything adds up, and everything is stopped.", style="bold green")
    return ExitCode.FAILED if report.problems else ExitCode.OK


def _perform(folder: Path, devices: int, console: Console) -> Report:
    with ExitStack() as undo:
        with _timed(console, "Started", "Redis, the providers' simulator, web, express and bulk workers, beat"):
            stack = undo.enter_context(running(folder))
        storage = open_storage(stack.redis_url)
        undo.callback(storage.close)
        crowd = population(devices, wall_clock_ms(), stack.simulator["providers"])
        dead = sum(map(is_dead, crowd))
        with _timed(console, "Registered", f"{number(devices)} devices, {number(dead)} of them with dead tokens"):
            register(storage, stack.app, crowd)
        publishes = campaign(crowd)
        before = count(storage, stack.app)
        ended = _publish_all(stack, storage, publishes, console)
        report = _reckon(ended, (before, count(storage, stack.app)), _received(stack, devices))
        _show(report, console)
        return report


def _publish_all(
    stack: Stack, storage: Storage, publishes: Sequence[Publish], console: Console
) -> tuple[tuple[Publish, Progress], ...]:
    ended = []
    with (
        Messaging(stack.fleet.api_url, app_id=stack.app, api_key=stack.key) as over_http,
        Messaging(stack.redis_url, app_id=stack.app) as to_redis,
        bars(console) as bar,
    ):
        doors = {Door.HTTP: over_http, Door.REDIS: to_redis}
        for publish in publishes:
            message_id = (
                doors[publish.door]
                .publish(f"Hello, {publish.title}", publish.channel, _OPTIONS, _starting(publish, wall_clock_ms()))
                .message_id
            )
            progress = draw(
                bar,
                f"  {publish.title} ← {publish.door}",
                lambda message_id=message_id: read(storage, stack.app, message_id),  # type: ignore[misc]
                within_s=_CLOSES_WITHIN_S + len(publish.audience) / 1000,
            )
            ended.append((publish, progress))
    return tuple(ended)


def _starting(publish: Publish, now_ms: int) -> DeliveryOptions:
    """To whom, and when."""
    if not publish.delay_ms:
        return publish.delivery
    return msgspec.structs.replace(publish.delivery, publish_at=now_ms + publish.delay_ms)


def _received(stack: Stack, devices: int) -> Mapping[str, Mapping[str, Any]]:
    """The simulator's own ledger: what each token was asked for."""
    with httpx.Client(base_url=stack.simulator["control"], trust_env=False, timeout=_CONTROL_WITHIN_S) as control:
        answer = control.get("/ledger", params={"limit": 2 * devices}).raise_for_status()
    tokens: Mapping[str, Mapping[str, Any]] = answer.json()["tokens"]
    return tokens


def _reckon(
    ended: tuple[tuple[Publish, Progress], ...], devices: tuple[int, int], received: Mapping[str, Mapping[str, Any]]
) -> Report:
    publishes = [publish for publish, _ in ended]
    problems = [problem for publish, progress in ended for problem in check_books(publish, progress)]
    problems += check_registry(*devices, dead=sum(publish.dead for publish in publishes))
    problems += check_arrivals(arrivals(publishes), received)
    return Report(
        ended=ended,
        devices=devices,
        tokens=len(received),
        requests=sum(int(each["received"]) for each in received.values()),
        problems=tuple(problems),
    )


def _show(report: Report, console: Console) -> None:
    before, after = report.devices
    console.print("\nThe books", style="bold")
    console.print(table(report))
    console.print(f"\nThe first of them by provider: {report.ended[0][0].title}", style="bold")
    console.print(by_provider(report.ended[0][1]))
    console.print(f"\nRegistry   {number(before)} devices → {number(after)}: dead tokens are removed as they are found")
    exactly = "each device once for each publish to it" if not report.problems else "see below"
    console.print(
        f"Simulator  {number(report.requests)} requests for {number(report.tokens)} tokens: {exactly}\n",
    )


@contextmanager
def _timed(console: Console, done: str, what: str) -> Iterator[None]:
    started = time.monotonic()
    with console.status(what):
        yield
    console.print(f"✓ {done} in {time.monotonic() - started:.1f} s: {what}")
