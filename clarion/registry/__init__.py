"""Devices: who is registered, on which channels, under which token."""

from __future__ import annotations

from clarion.registry import registration
from clarion.registry.chunk import SLOT_BITS, SLOT_MASK, SLOTS, chunk_count, read
from clarion.registry.device import OS, Device
from clarion.registry.enrolment import register
from clarion.registry.environment import learn
from clarion.registry.grave import Grave, Removed
from clarion.registry.graveyard import forget_removed, removed
from clarion.registry.lookup import count, find, list_channels, scan
from clarion.registry.record import Record
from clarion.registry.removal import expire, prune, unregister
from clarion.registry.restoration import Restoration, restore
from clarion.registry.suspicion import absolve, strike, struck

__all__ = [
    "OS",
    "SLOTS",
    "SLOT_BITS",
    "SLOT_MASK",
    "Device",
    "Grave",
    "Record",
    "Removed",
    "Restoration",
    "absolve",
    "chunk_count",
    "count",
    "expire",
    "find",
    "forget_removed",
    "learn",
    "list_channels",
    "prune",
    "read",
    "register",
    "registration",
    "removed",
    "restore",
    "scan",
    "strike",
    "struck",
    "unregister",
]
