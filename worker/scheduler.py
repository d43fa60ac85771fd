"""The scheduler of beat: `celery -A worker.app beat -S worker.scheduler:Scheduler`. Any number of them may run.

What is due lies on Redis, and each step takes effect once, whoever takes it. So do the entries of Celery's own
`beat_schedule`: the first beat that comes to one when it is due sends it.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import structlog
from celery import beat

from clarion.errors import Unavailable
from clarion.schedule.promotion import promote
from clarion.schedule.tick import tick
from config.settings import read_settings
from config.store import open_stores

log = structlog.get_logger()

#: The longest between two looks, seconds: a message that is published now may be due before all others.
LOOK_EVERY_S = 0.05
#: After Redis could not be reached.
RETRY_S = 0.5


class Scheduler(beat.Scheduler):  # type: ignore[misc]  # Celery has no types
    """Promotes what is due, and sends Celery's periodic entries."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        settings = read_settings()
        self._broker_url = settings.foreign_broker
        self._storage = open_stores(settings)
        self._failing = False
        self._next: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def tick(self, *_: Any, **__: Any) -> float:
        """Take what is due; returns seconds until the next look."""
        try:
            self._send_entries()
            next_s = promote(self._storage, broker_url=self._broker_url).next_s
        except Unavailable as error:
            if not self._failing:
                log.warning("storage_unavailable", reason=error.message)
            self._failing = True
            return RETRY_S
        except Exception as error:  # noqa: BLE001  # whatever it is: without its schedulers nothing is on time
            log.error("scheduler_failed", error=type(error).__name__)  # noqa: TRY400  # its words may quote a payload
            return RETRY_S
        self._failing = False
        return LOOK_EVERY_S if next_s is None else min(next_s, LOOK_EVERY_S)

    def _send_entries(self) -> None:
        for entry in self.schedule.values():
            if monotonic() < self._next.get(entry.name, 0.0):
                continue
            every_s = entry.schedule.seconds
            left_s = tick(self._storage, entry.name, int(every_s * 1000)) / 1000
            self._next[entry.name] = monotonic() + (left_s or every_s)
            if not left_s:
                self.apply_entry(entry, producer=self.producer)

    def close(self) -> None:
        """Give the connections back."""
        super().close()
        self._storage.close()
