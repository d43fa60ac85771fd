"""Clarion: push notifications from a task queue, with books that close."""

from __future__ import annotations
