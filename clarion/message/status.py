"""The status a publisher sees."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PublishStatus(StrEnum):
    """Backendless' words for where a message stands."""

    #: Nobody was accepted, or the message could not be planned; `error_message` says why.
    FAILED = "FAILED"
    #: Every device has its outcome.
    PUBLISHED = "PUBLISHED"
    #: Accepted; delivery has not begun.
    SCHEDULED = "SCHEDULED"
    #: Cancelled before it was over.
    CANCELLED = "CANCELLED"
    #: Not known to this system.
    UNKNOWN = "UNKNOWN"
    #: Some devices have their outcome, others not yet.
    IN_PROGRESS = "IN_PROGRESS"


class MessageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Identity and status of a publish, as `publish`, `get_message_status` and `cancel` return it."""

    message_id: str
    status: PublishStatus
    error_message: str | None = None
