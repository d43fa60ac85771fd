"""From a target to devices."""

from __future__ import annotations

from clarion.audience.resolution import locate, resolve
from clarion.registry.bitmap import BITMAP_BYTES, count_of, from_slots, slots_of, to_bytes

__all__ = ["BITMAP_BYTES", "count_of", "from_slots", "locate", "resolve", "slots_of", "to_bytes"]
