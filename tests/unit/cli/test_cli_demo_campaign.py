from __future__ import annotations

import pytest

from clarion.registry import OS
from cli.demo.campaign import SINGLES, Door, arrivals, campaign
from cli.demo.population import arrival, is_dead, population
from tests.unit.cli.progress import ANNOUNCED


@pytest.fixture(scope="module", params=[100, 600, 10_000])
def devices(request):
    return population(request.param, 1, ANNOUNCED)


def test_the_devices_differ_in_channel_system_and_health(devices):
    assert {channel for device in devices for channel in device.channels} == {"default", "news", "offers"}
    assert {device.os for device in devices} == set(OS)
    assert 0 < sum(map(is_dead, devices)) < len(devices) / 10
    assert len({device.token for device in devices}) == len({device.device_id for device in devices}) == len(devices)


def test_there_are_five_publishes_through_both_doors_and_each_has_an_audience(devices):
    publishes = campaign(devices)
    assert len(publishes) == 5
    assert {publish.door for publish in publishes} == set(Door)
    assert all(publish.audience for publish in publishes)
    assert [len(publish.audience) for publish in publishes if publish.delivery.push_singlecast] == [SINGLES]
    assert any(publish.delay_ms for publish in publishes)


def test_a_dead_token_is_addressed_once_at_most(devices):
    times = arrivals(campaign(devices))
    assert {times[arrival(device)] for device in devices if is_dead(device)} <= {0, 1}


def test_devices_on_several_channels_are_addressed_several_times():
    assert max(arrivals(campaign(population(600, 1, ANNOUNCED))).values()) > 1


def test_every_publish_to_devices_that_none_before_found_dead_meets_a_dead_token():
    publishes = campaign(population(3_000, 1, ANNOUNCED))
    assert all(publish.dead for publish in publishes if not publish.delay_ms)
