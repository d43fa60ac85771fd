"""What Python says over HTTP means what it means straight to Redis: the same message, or the same refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.body import decode
from api.option import delivery_options, publish_options
from clarion import Appearance, DeliveryOptions, Misfire, PublishOptions, PublishPolicy, PushBroadcast
from clarion.app import Limits
from clarion.errors import InvalidField
from clarion.message.validation import build
from clarion.transport.http import _encode, _wire

#: 2026-10-24T12:00:00Z: the night that follows has an hour twice in Berlin.
NOW = 1_792_843_200_000
BERLIN = ZoneInfo("Europe/Berlin")
NAIVE = datetime(2026, 10, 25, 2, 30, 0, 250_900)  # noqa: DTZ001  # a wall clock's time is meant
ODD = timezone(timedelta(hours=5, minutes=53, seconds=28))
NAN, INFINITY = float("nan"), float("inf")


def meaning(delivery, publish=PublishOptions):
    """The content of the message, or what is refused and how."""
    try:
        message = build("demo", Limits(), "x", None, publish(), delivery(), now_ms=NOW)
    except InvalidField as error:
        return type(error), error.field
    return msgspec.structs.replace(message, id="")


@pytest.mark.parametrize(
    "options",
    [
        {"publish_at": NAIVE.replace(tzinfo=UTC)},
        {"publish_at": NAIVE.replace(tzinfo=BERLIN)},
        {"publish_at": NAIVE.replace(tzinfo=BERLIN, fold=1)},
        {"publish_at": NAIVE.replace(tzinfo=ODD)},
        {"publish_at": NAIVE},
        {"publish_at": NAIVE, "time_zone": "Europe/Berlin"},
        {"publish_at": NAIVE.replace(fold=1), "time_zone": "Europe/Berlin"},
        {"publish_at": NAIVE, "local_time": True},
        {"publish_at": NAIVE.replace(tzinfo=BERLIN), "local_time": True},
        {"publish_at": NAIVE, "local_time": True, "time_zone": "Europe/Berlin"},
        {"publish_at": NOW + 1000.7},
        {"publish_at": 0.4},
        {"publish_at": NAN},
        {"publish_at": INFINITY},
        {"publish_at": True},
        {"publish_at": 2**64},
        {"publish_at": Decimal(NOW)},
        {"publish_at": timedelta(hours=1)},
        {"publish_at": "2026-10-25"},
        {"repeat_every": 60, "repeat_expires_at": NAIVE.replace(tzinfo=BERLIN), "repeat_count": 3},
        {"repeat_every": 60, "repeat_expires_at": NAN},
        {"repeat_every": 60, "misfire": Misfire.SKIP},
        {"repeat_every": 60, "misfire": "never"},
        {"repeat_every": NAN},
        {"repeat_cron": "30 2 * * *", "time_zone": "Europe/Berlin"},
        {"repeat_cron": ""},
        {"repeat_count": NAN},
        {"misfire": None},
        {"misfire": "coalesce"},
        {"local_time": 0},
        {"local_time": None},
        {"publish_at": []},
        {"publish_at": ()},
        {"publish_at": {}},
        {"publish_at": False},
        {"repeat_every": []},
        {"repeat_every": False},
        {"repeat_cron": {}},
        {"repeat_expires_at": [], "repeat_every": 60},
        {"repeat_count": ()},
        {"time_zone": []},
        {"ttl": []},
        {"ttl": 0},
        {"priority": {}},
        {"collapse_key": []},
        {"push_broadcast": []},
        {"push_broadcast": 0},
        {"push_singlecast": None},
        {"push_singlecast": ""},
        {"push_singlecast": {}},
        {"push_singlecast": ["a"]},
        {"local_time": 1, "publish_at": NAIVE},
        {"quiet_hours": "none"},
        {"quiet_hours": ""},
        {"freeze_audience": True},
        {"freeze_audience": 1},
        {"freeze_audience": 0},
        {"freeze_audience": None},
        {"quiet_hours": []},
        {"rate_per_s": {}},
        {"spread_over": []},
        {"rate_per_s": 5},
        {"rate_per_s": NAN},
        {"rate_per_s": Decimal(5)},
        {"spread_over": 60},
        {"spread_over": INFINITY},
        {"push_broadcast": PushBroadcast.IOS | PushBroadcast.HMS, "publish_policy": PublishPolicy.PUSH, "ttl": 5},
    ],
    ids=repr,
)
def test_it_is_the_same_either_way(options):
    delivery = DeliveryOptions(**options)
    assert meaning(lambda: delivery_options(decode(_encode(_wire(delivery))))) == meaning(lambda: delivery)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": None},
        {"headers": []},
        {"headers": ""},
        {"headers": {"android-badge": 3}},
        {"raw": None},
        {"raw": []},
        {"raw": {"wns": None}},
        {"appearance": Appearance(data=None)},
        {"appearance": Appearance(data=[])},
        {"appearance": Appearance(buttons=None)},
        {"appearance": Appearance(buttons="")},
        {"appearance": Appearance(title=[])},
        {"appearance": Appearance(silent=0)},
        {"appearance": Appearance(badge=False)},
        {"appearance": Appearance(title="T", badge=0, silent=True)},
    ],
    ids=repr,
)
def test_what_goes_with_it_is_the_same_either_way(options):
    publish = PublishOptions(**options)
    assert meaning(DeliveryOptions, lambda: publish_options(decode(_encode(_wire(publish))))) == meaning(
        DeliveryOptions, lambda: publish
    )


def test_what_nobody_set_does_not_travel():
    assert _wire(DeliveryOptions()) == _wire(PublishOptions()) == _wire(Appearance()) == {}
