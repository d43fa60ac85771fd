"""What the tasks share: the version check, and what every log line of a task carries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from clarion.errors import Unavailable
from clarion.queue import ARGUMENTS_VERSION

log = structlog.get_logger()


#: A broken store is not the task's fault and no news to the operator for each task: it is logged as one line.
#: What was left undone is queued again by the rescue.
@contextmanager
def bound(version: int, **fields: Any) -> Iterator[None]:
    """Bind `fields` to every log line of the block.

    Raises:
        ValueError: the arguments are of a later version than this worker knows.
    """
    if version > ARGUMENTS_VERSION:
        raise ValueError(f"task arguments of version {version}: this worker knows {ARGUMENTS_VERSION}")
    with structlog.contextvars.bound_contextvars(**fields):
        try:
            yield
        except Unavailable as error:
            log.warning("storage_unavailable", reason=error.message)
