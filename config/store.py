"""The stores that the settings name."""

from __future__ import annotations

from clarion.storage import Storage, open_storage
from config.settings import Settings


def open_stores(settings: Settings) -> Storage:
    """Open the main Redis and the registry's; nothing is sent until the first command."""
    return open_storage(settings.redis_url, registry_url=settings.registry, queues_on_main=settings.queues_on_main)
