"""All checks in their order: what a later one needs, an earlier one has looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from clarion.app import App
from clarion.errors import ClarionError, Misconfigured
from clarion.presence import living
from clarion.queue import check_broker
from clarion.schedule.tick import beating
from clarion.storage import open_storage
from cli.doctor.finding import Finding, fail, ok, warn
from cli.doctor.provider import check_app, check_gates
from cli.doctor.store import Purpose, check_store
from cli.doctor.version import check_versions, locked
from config.app_file import read_apps
from config.settings import EngineKind, Settings, read_settings

LOCK = Path(__file__).resolve().parent.parent.parent / "requirements.lock"


def examine(clock: Callable[[], int]) -> Iterator[Finding]:
    """Every check; `clock` gives epoch milliseconds."""
    try:
        settings = read_settings()
    except Misconfigured as error:
        yield fail("settings", error.message, "docs/configuration.md describes each variable.")
        yield from check_versions(locked(LOCK), EngineKind.AUTO)
        return
    yield ok("settings", "can be used")
    yield from check_versions(locked(LOCK), settings.engine)
    apps: list[App] = []
    try:
        apps += read_apps(settings.apps_file).values()
    except Misconfigured as error:
        yield fail("apps file", error.message, "docs/configuration.md describes the file.")
    else:
        yield ok("apps file", f"{settings.apps_file}: {', '.join(sorted(app.id for app in apps))}")
    yield from _check_stores(settings, clock)
    for app in apps:
        yield from check_app(app, clock)
    yield from _check_fleet(settings, apps, clock)


def _check_stores(settings: Settings, clock: Callable[[], int]) -> Iterator[Finding]:
    yield from check_store(Purpose.MAIN, settings.redis_url, clock)
    if settings.registry != settings.redis_url:
        yield from check_store(Purpose.REGISTRY, settings.registry, clock)
    if settings.queues_on_main:
        return
    if settings.broker.startswith(("redis://", "rediss://")):
        yield from check_store(Purpose.BROKER, settings.broker, clock)
        return
    try:
        check_broker(settings.broker)
    except ClarionError as error:
        yield fail("broker", error.message, "Is it running, and is CLARION_BROKER_URL right?")
    else:
        yield ok("broker", "answers")


def _check_fleet(settings: Settings, apps: list[App], clock: Callable[[], int]) -> Iterator[Finding]:
    storage = open_storage(settings.redis_url)
    try:
        workers = living(storage, now_ms=clock())
        beats = beating(storage, now_ms=clock(), every_s=settings.rescue_every_s)
        for app in apps:
            yield from check_gates(storage, app)
    except ClarionError:
        return  # what is wrong with the Redis has been said
    finally:
        storage.close()
    if workers:
        yield ok("workers", f"{len(workers)} seen within the last seconds")
    else:
        advice = "Start the Procfile's express and bulk; what is published waits until then."
        yield warn("workers", "none was seen lately", advice)
    if beats:
        yield ok("beat", "seen within the last seconds")
    else:
        advice = "Start the Procfile's beat; delayed and repeated messages, and whatever needs rescue, wait until then."
        yield warn("beat", "none was seen lately", advice)
