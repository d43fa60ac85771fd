"""What a worker's thread delivers with: built once, used for every shard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clarion.app import App
from clarion.delivery.bearer import Bearers
from clarion.delivery.engine import Engine
from clarion.providers.base import Line, Provider
from clarion.storage import Storage


@dataclass(frozen=True, slots=True)
class Pace:
    """How a fleet shares out its work.

    Attributes:
        shard_size: devices in one shard.
        express_audience: an audience of at most so many devices goes to the express queue.
        lease_ms: a shard or plan not heard of for so long is taken over.
        record_batch: outcomes recorded in one step.
        park_ms: how long nothing is sent, at first, with a credential that a provider refused.
        grace_ms: a shard or message without an owner for so long is queued again.
    """

    shard_size: int = 2000
    express_audience: int = 100
    lease_ms: int = 15_000
    record_batch: int = 250
    park_ms: int = 30_000
    grace_ms: int = 5_000


@dataclass(frozen=True, slots=True)
class Outfit:
    """One thread's means of delivery.

    Attributes:
        storage: the stores.
        broker_url: where hints go when the queues are not on `storage.main`.
        providers: by application id, then by operating system.
        apps: by id, what applications ask for.
        engine_for: this thread's engine for connections of that kind.
        bearers: access tokens.
        pace: the sizes and times of the fleet.
        clock: epoch milliseconds.
        dice: a number from 0 to 1, for jitter.
    """

    storage: Storage
    broker_url: str | None
    providers: Mapping[str, Mapping[str, Provider]]
    apps: Mapping[str, App]
    engine_for: Callable[[Line], Engine]
    bearers: Bearers
    pace: Pace
    clock: Callable[[], int]
    dice: Callable[[], float]
