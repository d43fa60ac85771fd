"""Everything that is kept: connections, keys and scripts. The only place that imports redis."""

from __future__ import annotations

from clarion.storage.connection import Storage, open_storage

__all__ = ["Storage", "open_storage"]
