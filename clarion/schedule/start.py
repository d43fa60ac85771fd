"""When a message is to be looked at for the first time."""

from __future__ import annotations

from clarion.calendar.repeat import first_ms
from clarion.calendar.zone import FIRST_ZONE_MS
from clarion.message import Message


def lead_ms(message: Message) -> int:
    """How long before its time a message is planned: by local time, the first zone is ahead of UTC."""
    return FIRST_ZONE_MS if message.local else 0


def due_ms(message: Message) -> int | None:
    """When a message is to be planned, or its first run to be started (epoch ms); None is at once."""
    if message.repeat is None:
        return None if message.starts_ms is None else message.starts_ms - lead_ms(message)
    first = first_ms(message.repeat, message.begins_ms)
    return None if first is None else first - lead_ms(message)
