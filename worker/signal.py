"""What a worker process does beside tasks: says that it is there, and sweeps once when it starts."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutting_down

from clarion.delivery.hint import push
from clarion.errors import Unavailable
from clarion.presence import HEARTBEAT_S, seen
from clarion.queue import rescue_hint
from clarion.storage import Storage, open_storage
from clarion.transport.direct import wall_clock_ms
from config.settings import Settings


def connect(settings: Settings) -> None:
    """Attach to the signals of this process' worker."""
    stopped = threading.Event()

    def start(**_: Any) -> None:
        storage = open_storage(settings.redis_url, queues_on_main=settings.queues_on_main)
        threading.Thread(target=_beat, args=(storage, settings, stopped), daemon=True, name="heartbeat").start()

    def stop(**_: Any) -> None:
        stopped.set()

    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)


def _beat(storage: Storage, settings: Settings, stopped: threading.Event) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    broker_url = None if settings.queues_on_main else settings.broker
    swept = False
    while not stopped.is_set():
        try:
            seen(storage, name, now_ms=wall_clock_ms())
            if not swept:
                push(storage, [rescue_hint()], now_ms=wall_clock_ms(), broker_url=broker_url)
                swept = True
        except Unavailable:
            pass  # Redis is away: whoever asks whether we live finds that out first
        stopped.wait(HEARTBEAT_S)
