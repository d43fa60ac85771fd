"""Apple's push types: what each adds to the topic, how urgent it is, and how much it carries.

Source: Apple, "Sending notification requests to APNs".
"""

from __future__ import annotations

from typing import NamedTuple

NOW, CONSIDERATE = "10", "5"
PAYLOAD_MAX_BYTES = 4096
VOIP_MAX_BYTES = 5120


class PushType(NamedTuple):
    """One push type.

    Attributes:
        suffix: what follows the bundle id in the topic.
        priority: `apns-priority` unless the message asks for another.
        is_fixed: whether no other priority is taken.
        limit_bytes: the longest payload.
    """

    suffix: str = ""
    priority: str = CONSIDERATE
    is_fixed: bool = False
    limit_bytes: int = PAYLOAD_MAX_BYTES


ALERT, BACKGROUND, LIVE_ACTIVITY, MDM = "alert", "background", "liveactivity", "mdm"

#: By `apns-push-type`.
PUSH_TYPES = {
    ALERT: PushType(priority=NOW),
    BACKGROUND: PushType(is_fixed=True),
    "location": PushType(".location-query"),
    "voip": PushType(".voip", NOW, limit_bytes=VOIP_MAX_BYTES),
    "complication": PushType(".complication"),
    "fileprovider": PushType(".pushkit.fileprovider"),
    MDM: PushType(),
    LIVE_ACTIVITY: PushType(".push-type.liveactivity", NOW),
    "pushtotalk": PushType(".voip-ptt", NOW),
    "widgets": PushType(".push-type.widgets"),
    "controls": PushType(".push-type.controls"),
}


def priority(kind: PushType, wanted: str | None) -> str:
    """`apns-priority` of a message that wants `high`, `normal`, or leaves it open (None)."""
    if kind.is_fixed or wanted is None:
        return kind.priority
    return NOW if wanted == "high" else CONSIDERATE
