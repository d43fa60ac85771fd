"""The worker processes: the Celery app, and what each of their threads holds."""

from __future__ import annotations
