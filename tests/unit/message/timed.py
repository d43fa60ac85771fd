"""What a publish with times comes to: the message, or what is refused."""

from __future__ import annotations

import pytest

from clarion.app import Limits
from clarion.errors import InvalidField
from clarion.message import DeliveryOptions, PublishOptions
from clarion.message.validation import build

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
#: 2026-07-01T12:00:00Z, a Wednesday.
NOW = 1_782_907_200_000
LIMITS = Limits(schedule_ahead_s=30 * 86_400, schedule_grace_s=60)
GRACE, AHEAD = 60_000, 30 * DAY
BERLIN = {"time_zone": "Europe/Berlin"}
LOCAL = {"local_time": True, "publish_at": NOW}
EVERY = {"repeat_every": 60}


def built(now_ms=NOW, **delivery):
    options = DeliveryOptions(**delivery)
    return build("demo", LIMITS, "hello", None, PublishOptions(), options, now_ms=now_ms)


def refused(**delivery):
    """The class of the error, and the field that it names."""
    with pytest.raises(InvalidField) as caught:
        built(**delivery)
    assert caught.value.error_data["field"] == caught.value.field
    return type(caught.value), caught.value.field
