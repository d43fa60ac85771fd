"""What one thread of a worker delivers with, built when its first task arrives: after any fork, and never shared."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clarion.app import App
from clarion.delivery.bearer import Bearers
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.delivery.outfit import Outfit, Pace
from clarion.providers.base import Provider
from clarion.providers.catalog import providers
from clarion.storage import open_storage
from clarion.clock import wall_clock_ms
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class _Blueprint:
    settings: Settings
    providers: Mapping[str, Mapping[str, Provider]]


_local = threading.local()
_blueprint: list[_Blueprint] = []


def configure(settings: Settings, apps: Mapping[str, App]) -> None:
    """Say, once a process, what outfits are to be built from.

    Raises:
        Misconfigured: a credential cannot be read.
    """
    _blueprint[:] = [_Blueprint(settings, {app.id: providers(app) for app in apps.values()})]


def outfit() -> Outfit:
    """This thread's outfit."""
    try:
        built: Outfit = _local.outfit
    except AttributeError:
        built = _local.outfit = _build(_blueprint[0])
    return built


def _build(blueprint: _Blueprint) -> Outfit:
    settings = blueprint.settings
    storage = open_storage(settings.redis_url, registry_url=settings.registry, queues_on_main=settings.queues_on_main)
    return Outfit(
        storage=storage,
        broker_url=None if settings.queues_on_main else settings.broker,
        providers=blueprint.providers,
        engine_for=cache(lambda ca_bundle: make_engine(_engine_options(settings, ca_bundle), settings.engine.value)),
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


def _engine_options(settings: Settings, ca_bundle: Path | None) -> EngineOptions:
    return EngineOptions(
        connections_max=settings.connections,
        streams_per_connection=settings.streams_per_connection,
        timeout_s=settings.request_timeout_s,
        ca_bundle=None if ca_bundle is None else str(ca_bundle),
    )
