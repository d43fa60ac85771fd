"""The Celery tasks: decode the arguments, call Clarion. Arguments are a version and references, never content."""

from __future__ import annotations
