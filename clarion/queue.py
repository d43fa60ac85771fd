"""The only door to Celery: task names, queues, and the bytes of a task message.

Celery on Redis keeps a queue as a list of JSON documents. Pushing one from the script that stores a publish makes both
one atomic step, so the document is rendered here: Celery and kombu write it once per task and queue, into kombu's
in-memory broker; after that only the id, the arguments and the times differ.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec

from clarion.errors import Misconfigured, Unavailable

#: The version of the task arguments. A worker refuses what it does not know; the rescue brings it back.
ARGUMENTS_VERSION = 1

#: Header that carries when a task was queued (epoch ms): the sweep reads it off a queue's oldest task.
ENQUEUED = "enqueued_ms"


_CONNECT_WITHIN_S = 5


class Queue(StrEnum):
    """The queues, each a Redis list of that name."""

    #: Publishes whose audience is to be resolved.
    PLAN = "clarion.plan"
    #: Shards of small audiences: they overtake broadcasts by never standing behind one.
    EXPRESS = "clarion.express"
    #: Shards of broadcasts.
    BULK = "clarion.bulk"
    #: The periodic sweep.
    RESCUE = "clarion.rescue"


class Task(StrEnum):
    """The tasks, by the names that Celery and Flower show."""

    PLAN = "clarion.plan"
    DELIVER = "clarion.deliver"
    RESCUE = "clarion.rescue"


#: What a broker that is away may cost the caller: the outbox sends the hint later all the same.
_RETRY = {"max_retries": 1, "interval_start": 0.1}


@dataclass(frozen=True, slots=True)
class Hint:
    """A task to be queued: a hint that there is work, never the work itself. `arguments` are references."""

    task: Task
    queue: Queue
    arguments: tuple[str, ...]


def plan_hint(message_id: str) -> Hint:
    """The hint that `message_id` waits to be planned."""
    return Hint(Task.PLAN, Queue.PLAN, (message_id,))


def deliver_hint(message_id: str, shard: str, queue: Queue) -> Hint:
    """The hint that a shard of `message_id` waits to be delivered."""
    return Hint(Task.DELIVER, queue, (message_id, shard))


def rescue_hint() -> Hint:
    """The hint that somebody should sweep."""
    return Hint(Task.RESCUE, Queue.RESCUE, ())


def render(hint: Hint, *, now_ms: int, eta_ms: int | None = None) -> bytes:
    """The task message as Celery would have put it on the Redis list, ready for LPUSH.

    Args:
        hint: what to queue.
        now_ms: when it is queued, epoch milliseconds.
        eta_ms: not before this instant, epoch milliseconds; seconds ahead at most (a worker holds it in memory).
    """
    document = _template(hint.task, hint.queue)
    task_id = str(uuid.uuid4())
    arguments = (ARGUMENTS_VERSION, *hint.arguments)
    eta = None if eta_ms is None else datetime.fromtimestamp(eta_ms / 1000, UTC).isoformat()
    headers = document["headers"] | {
        "id": task_id,
        "root_id": task_id,
        "eta": eta,
        "argsrepr": repr(arguments),
        ENQUEUED: now_ms,
    }
    properties = document["properties"] | {"correlation_id": task_id, "delivery_tag": str(uuid.uuid4())}
    body = base64.b64encode(msgspec.json.encode([arguments, *document["body"][1:]])).decode()
    return msgspec.json.encode(document | {"headers": headers, "properties": properties, "body": body})


def enqueued_ms(document: bytes) -> int | None:
    """When the task message was queued (epoch ms), or None when it is not one of ours."""
    try:
        value = msgspec.json.decode(document)["headers"][ENQUEUED]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    return value if isinstance(value, int) else None


def send(broker_url: str, hints: Sequence[Hint], *, now_ms: int, eta_ms: int | None = None) -> None:
    """Queue hints through Celery itself, for a broker that is not the Redis that the scripts run on.

    Raises:
        Unavailable: the broker cannot be reached; some of the hints may be queued.
    """
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    eta = None if eta_ms is None else datetime.fromtimestamp(eta_ms / 1000, UTC)
    celery = _celery(broker_url)
    options = {"eta": eta, "ignore_result": True, "headers": {ENQUEUED: now_ms}, "retry_policy": _RETRY}
    try:
        for hint in hints:
            celery.send_task(hint.task, (ARGUMENTS_VERSION, *hint.arguments), queue=hint.queue, **options)
    except OperationalError as error:
        # Without its words, which may repeat the URL and with it a password.
        raise Unavailable(f"The broker cannot be reached ({type(error).__name__}).") from None


def check_broker(broker_url: str) -> None:
    """Connect once, and give the connection back.

    Raises:
        Unavailable: the broker cannot be reached.
        Misconfigured: there is no transport for such a URL, or it needs more than the URL.
    """
    try:
        with _celery(broker_url).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_WITHIN_S)
    except (ImportError, KeyError, ValueError):
        raise Misconfigured(
            "The broker's URL names no transport that is installed, or not all that it needs."
        ) from None
    except Exception as error:  # noqa: BLE001  # whatever the transport's own library raises
        # Without its words, which may repeat the URL and with it a password.
        raise Unavailable(f"The broker cannot be reached ({type(error).__name__}).") from None


@cache
def _celery(broker_url: str) -> Any:
    from celery import Celery  # noqa: PLC0415  # a web app that talks HTTP never needs it

    celery = Celery("clarion", broker=broker_url, set_as_current=False)
    if broker_url.startswith(("redis://", "rediss://")):
        celery.conf.broker_transport_options = {"socket_timeout": 10, "socket_connect_timeout": _CONNECT_WITHIN_S}
    return celery


@cache
def _template(task: Task, queue: Queue) -> dict[str, Any]:
    celery = _celery("memory://")
    with celery.connection_for_write() as connection:
        channel = connection.default_channel
        celery.send_task(task, [], queue=queue, ignore_result=True, headers={ENQUEUED: 0}, connection=connection)
        document: dict[str, Any] = json.loads(json.dumps(channel._get(queue)))  # noqa: SLF001  # what its _put stored
    document["body"] = json.loads(base64.b64decode(document["body"]))
    return document
