"""Devices: who is registered, on which channels, under which token."""

from __future__ import annotations

from clarion.registry import registration
from clarion.registry.chunk import SLOT_BITS, SLOT_MASK, SLOTS, chunk_count, read
from clarion.registry.device import OS, Device
from clarion.registry.enrolment import register
from clarion.registry.lookup import count, find, list_channels, scan
from clarion.registry.record import Record
from clarion.registry.removal import expire, prune, unregister

__all__ = [
    "OS",
    "SLOTS",
    "SLOT_BITS",
    "SLOT_MASK",
    "Device",
    "Record",
    "chunk_count",
    "count",
    "expire",
    "find",
    "list_channels",
    "prune",
    "read",
    "register",
    "registration",
    "scan",
    "unregister",
]
