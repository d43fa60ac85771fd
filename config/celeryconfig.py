"""Celery's options, each with its reason. The broker is a courier: what must not be lost lies in our own keys."""

from __future__ import annotations

from typing import Any

from kombu.entity import Exchange
from kombu.entity import Queue as CeleryQueue

from clarion.queue import ARGUMENTS_VERSION, Queue, Task
from config.settings import Settings

#: A tick of the sweep that nobody took for this many periods is worthless: the next ones do the same work. Several
#: periods rather than one, because a clock that runs ahead on a worker must not make it drop every tick.
_TICK_LIFETIME = 10


def celery_options(settings: Settings) -> dict[str, Any]:
    """Everything for `Celery.conf.update`."""
    return _QUEUES | _TASKS | _WORKER | _broker(settings) | {"beat_schedule": _beat(settings)}


def _broker(settings: Settings) -> dict[str, Any]:
    # Redelivery by the broker is the slow net below our own rescue. It is never renewed while a task runs, so it should
    # be far above the longest task: that task runs twice otherwise, and finds that its shard is taken.
    options = _BROKER["broker_transport_options"] | {"visibility_timeout": settings.visibility_timeout_s}
    return _BROKER | {"broker_url": settings.broker, "broker_transport_options": options}


_BROKER: dict[str, Any] = {
    # A worker outlives any broker outage. The default gives up after 100 attempts, and the worker exits.
    "broker_connection_max_retries": None,
    # Also when the broker is not there yet: processes may start in any order.
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        # kombu waits for ever by default: on a half-open connection it hung for more than a minute.
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        # Seconds after which a consumer's silent connection is replaced; recovery must fit into 30 s.
        "health_check_interval": 10,
        # After each task its queue goes to the end of the line: a flood of publishes to plan starves neither the
        # shards that were planned nor the sweep. Any fixed order would.
        "queue_order_strategy": "round_robin",
        # Urgency is expressed by queues. Without this, each of them is four Redis lists in every BRPOP.
        "priority_steps": [0],
    },
    # Repeating a lost publish may queue it twice, which the leases make harmless; waiting long would not be.
    "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0.05, "interval_step": 0.2, "interval_max": 0.5},
}

_QUEUES: dict[str, Any] = {
    "task_queues": [
        CeleryQueue(name.value, Exchange(name.value, type="direct"), routing_key=name.value)  # type: ignore[no-untyped-call]
        for name in Queue
    ],
    # A misspelt queue is an error at the sender, rather than a list that nobody reads.
    "task_create_missing_queues": False,
    # Tasks name their queue when they are sent; this only keeps Celery from inventing one called "celery".
    "task_default_queue": Queue.PLAN.value,
}

_TASKS: dict[str, Any] = {
    # Outcomes are in the ledger. A result backend would cost two commands and one key a task.
    "result_backend": None,
    "task_ignore_result": True,
    # A task that was cut short is still owed; running it again is safe, because shards are leased and fenced.
    "task_acks_late": True,
    # A task that kills its process must not come back at once, from the broker, for ever: the sweep brings it back.
    "task_reject_on_worker_lost": False,
    # JSON can be read by people and by Flower, and cannot carry code.
    "task_serializer": "json",
    "accept_content": ["json"],
    "event_serializer": "json",
    # Times on the wire are UTC, whatever the machine's zone.
    "enable_utc": True,
    "timezone": "UTC",
    # An event per sent task costs a third of the enqueue rate and tells Flower nothing that the worker does not.
    "task_send_sent_event": False,
}

_WORKER: dict[str, Any] = {
    # Celery's own knows nothing of what waits for a time, and several of it would send everything several times.
    "beat_scheduler": "worker.scheduler:Scheduler",
    # With late acknowledgement: as many tasks reserved as there are threads, none waiting behind a long one.
    "worker_prefetch_multiplier": 1,
    # Flower's picture. One task is a whole shard, so two events a task cost nothing that can be measured.
    "worker_send_task_events": True,
    # A lost broker connection is no reason to abandon a shard half-way: its lease is in Redis, renewed by its worker.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    # Logging is ours (config/logging.py): one format for every process, with secrets left out.
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}


def _beat(settings: Settings) -> dict[str, Any]:
    """The sweep that gives an owner to whatever has none."""
    return {
        "rescue": {
            "task": Task.RESCUE.value,
            "schedule": settings.rescue_every_s,
            "args": (ARGUMENTS_VERSION,),
            "options": {"queue": Queue.RESCUE.value, "expires": settings.rescue_every_s * _TICK_LIFETIME},
        }
    }
