"""What waits for a time: delayed messages, the runs of repeated ones, and shards whose devices are not due yet."""

from __future__ import annotations
