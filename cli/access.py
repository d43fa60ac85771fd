"""Which application a command is about, and the way to its stores: straight to Redis, as the settings say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from clarion.app import App
from clarion.errors import Misconfigured
from clarion.storage import Storage
from clarion.transport.direct import DirectTransport
from config.app_file import read_apps
from config.settings import Settings, read_settings
from config.store import open_stores


@dataclass(frozen=True, slots=True)
class Access:
    """An application, the stores, and the application's way to them."""

    app: App
    storage: Storage
    transport: DirectTransport


@contextmanager
def access(app_id: str | None) -> Iterator[Access]:
    """Open the stores for one application; they are closed at the end of the block.

    Args:
        app_id: None is the only application that there is.

    Raises:
        Misconfigured: a setting or the apps file cannot be used, or the application is not in it.
    """
    settings = read_settings()
    app = _choose(read_apps(settings.apps_file), app_id, settings)
    storage = open_stores(settings)
    try:
        yield Access(app, storage, DirectTransport(storage, app, broker_url=settings.foreign_broker))
    finally:
        storage.close()


def _choose(apps: Mapping[str, App], app_id: str | None, settings: Settings) -> App:
    if app_id is None and len(apps) == 1:
        return next(iter(apps.values()))
    if app_id is None:
        raise Misconfigured(f"Say which application with --app: {settings.apps_file} has {', '.join(sorted(apps))}.")
    if app_id not in apps:
        raise Misconfigured(f"No application {app_id}: {settings.apps_file} has {', '.join(sorted(apps))}.")
    return apps[app_id]
