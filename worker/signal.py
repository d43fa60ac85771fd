"""What a worker process does beside tasks: reads its credentials, says that it is there, sweeps once when it starts."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

import structlog
from celery.signals import worker_init, worker_ready, worker_shutting_down

from clarion.clock import wall_clock_ms
from clarion.delivery.governor import introduce
from clarion.errors import Unavailable
from clarion.hint import push
from clarion.presence import HEARTBEAT_S, seen
from clarion.providers.base import Provider
from clarion.queue import rescue_hint
from clarion.storage import Storage
from config.settings import Settings, or_exit
from config.store import open_stores
from worker.child import served

log = structlog.get_logger()


def connect(settings: Settings) -> None:
    """Attach to the signals of this process' worker; beat and Flower have none."""
    stopped = threading.Event()

    def start(**_: Any) -> None:
        beating = (open_stores(settings), settings, stopped)
        words = {"providers": served()}
        threading.Thread(target=beat, args=beating, kwargs=words, daemon=True, name="heartbeat").start()

    def stop(**_: Any) -> None:
        stopped.set()

    worker_init.connect(_read_credentials, weak=False)
    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)


def _read_credentials(**_: Any) -> None:
    with or_exit():
        served()


def beat(
    storage: Storage,
    settings: Settings,
    stopped: threading.Event,
    *,
    every_s: float = HEARTBEAT_S,
    providers: Mapping[str, Mapping[str, Provider]] | None = None,
) -> None:
    """Say every `every_s` seconds that this process lives, until `stopped`.

    At first also ask for a sweep, and introduce the `providers` of each application.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    swept = False
    while not stopped.is_set():
        try:
            seen(storage, name, now_ms=wall_clock_ms())
            if not swept:
                for app, served_by in (providers or {}).items():
                    introduce(storage, app, served_by)
                push(storage, [rescue_hint()], now_ms=wall_clock_ms(), broker_url=settings.foreign_broker)
                swept = True
        except Unavailable:
            pass  # Redis is away: whoever asks whether we live finds that out first
        except Exception as error:  # noqa: BLE001  # a worker that works must not seem dead for it
            log.warning("heartbeat_failed", error=type(error).__name__)
        stopped.wait(every_s)
