"""What one thread of a worker delivers with, built when its first task arrives: after any fork, and never shared."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from clarion.app import App
from clarion.clock import wall_clock_ms
from clarion.delivery.bearer import Bearers
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.delivery.outfit import Outfit, Pace
from clarion.providers.base import Line, Provider
from clarion.providers.catalog import providers
from config.settings import Settings
from config.store import open_stores


@dataclass(frozen=True, slots=True)
class _Blueprint:
    settings: Settings
    apps: Mapping[str, App]


_local = threading.local()
_blueprint: list[_Blueprint] = []


def configure(settings: Settings, apps: Mapping[str, App]) -> None:
    """Say, once a process, what outfits are to be built from. Nothing is opened or read yet."""
    _blueprint[:] = [_Blueprint(settings, apps)]
    served.cache_clear()


@cache
def served() -> Mapping[str, Mapping[str, Provider]]:
    """The process' providers by application id, then by operating system; their key files are read the first time.

    Raises:
        Misconfigured: a credential cannot be read.
    """
    return {app.id: providers(app) for app in _blueprint[0].apps.values()}


def outfit() -> Outfit:
    """This thread's outfit."""
    try:
        built: Outfit = _local.outfit
    except AttributeError:
        built = _local.outfit = _build(_blueprint[0].settings)
    return built


def _build(settings: Settings) -> Outfit:
    storage = open_stores(settings)
    return Outfit(
        storage=storage,
        broker_url=settings.foreign_broker,
        providers=served(),
        apps=_blueprint[0].apps,
        engine_for=cache(lambda line: make_engine(_engine_options(settings, line), settings.engine.value)),
        bearers=Bearers(storage, wall_clock_ms),
        pace=pace(settings),
        clock=wall_clock_ms,
        dice=random.random,
    )


def pace(settings: Settings) -> Pace:
    """The sizes and times of the fleet, from its settings."""
    return Pace(
        shard_size=settings.shard_size,
        express_audience=settings.express_audience,
        lease_ms=int(settings.lease_s * 1000),
        record_batch=settings.record_batch,
    )


def _engine_options(settings: Settings, line: Line) -> EngineOptions:
    return EngineOptions(
        connections_max=settings.connections,
        streams_per_connection=settings.streams_per_connection,
        timeout_s=settings.request_timeout_s,
        ca_bundle=None if line.ca_bundle is None else str(line.ca_bundle),
        answer_headers=line.answer_headers,
    )
