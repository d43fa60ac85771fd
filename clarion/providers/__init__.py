"""The push services. Each one is pure: it composes requests and reads answers; sending is the engine's business."""

from __future__ import annotations
