from __future__ import annotations

import pytest

from clarion.delivery.outfit import Pace
from clarion.delivery.throttle import rate_per_s, shard_size, starts_ms
from clarion.message import Message, Target

PACE = Pace(shard_size=2000)


def message(**fields):
    return Message(id="m", app="a", body=1, target=Target(channel="default"), accepted_ms=0, **fields)


def test_a_message_that_asks_for_nothing_is_not_throttled():
    assert rate_per_s(message(), 1000) == 0
    assert shard_size(PACE, message(), 1000) == 2000


@pytest.mark.parametrize(("rate", "size"), [(100.0, 50), (1.0, 1), (0.01, 1), (3.0, 1), (1_000_000.0, 2000)])
def test_a_shard_holds_half_a_seconds_worth(rate, size):
    assert shard_size(PACE, message(rate_per_s=rate), 10) == size


def test_an_audience_is_spread_over_the_time_asked_for():
    assert rate_per_s(message(spread_s=60), 6000) == 100
    assert shard_size(PACE, message(spread_s=60), 6000) == 50
    assert shard_size(PACE, message(spread_s=3600), 10) == 1


def test_shards_start_one_after_the_other_behind_those_before_them():
    assert starts_ms(10.0, before=0, devices=12, size=5) == [0, 500, 1000]
    assert starts_ms(10.0, before=12, devices=5, size=5) == [1200]


def test_without_a_rate_all_start_at_once():
    assert starts_ms(0.0, before=100, devices=12, size=5) == [0, 0, 0]
