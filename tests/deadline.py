"""Waiting for what other processes do."""

from __future__ import annotations

import time


def until(condition, timeout_s=20):
    """Poll `condition` until it is true, and return what it was; fail at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.02)
    return found
