"""`AsyncMessaging`, by both doors: straight to Redis, and through the `web` process."""

from __future__ import annotations

import asyncio

import pytest

from clarion import AsyncMessaging, DeliveryOptions, PublishOptions, PublishStatus
from clarion.errors import InvalidField, Unavailable, UnknownDevice, UnknownMessage
from clarion.queue import Queue
from tests.integration.api.conftest import ADMIN


@pytest.fixture(params=["redis", "http"])
def url(request, api, redis_url):
    return {"redis": redis_url, "http": api.url}[request.param]


def opened(url):
    return AsyncMessaging(url, app_id="demo", api_key=ADMIN)


def test_a_publish_is_stored_and_its_status_is_read(api, url):
    async def scenario():
        async with opened(url) as messaging:
            options = PublishOptions(headers={"a": "1"})
            published = await messaging.publish("Hello", "news", options, DeliveryOptions(ttl=60))
            return published, await messaging.get_message_status(published.message_id)

    published, status = asyncio.run(scenario())
    assert published == status
    assert status.status is PublishStatus.SCHEDULED
    message = api.stored(published.message_id)
    assert (message.body, message.target.channel, message.headers, message.ttl_s) == ("Hello", "news", {"a": "1"}, 60)


def test_a_device_registers_is_read_and_unregisters(url):
    async def scenario():
        async with opened(url) as messaging:
            registration_id = await messaging.register_device("token", "device", "IOS", channels=["a", "b"])
            [found] = await messaging.get_registrations("device")
            assert (found.id, found.channels) == (registration_id, ["a", "b"])
            await messaging.unregister_device("device", ["a"])
            assert (await messaging.get_registrations("device"))[0].channels == ["b"]
            await messaging.unregister_device("device")
            with pytest.raises(UnknownDevice):
                await messaging.get_registrations("device")

    asyncio.run(scenario())


def test_errors_are_raised_where_they_are_awaited(url):
    async def scenario():
        async with opened(url) as messaging:
            with pytest.raises(InvalidField) as caught:
                await messaging.publish("x", "a/b")
            assert caught.value.error_data["field"] == "channel"
            published = await messaging.publish("x")
            assert (await messaging.cancel(published.message_id)).status is PublishStatus.CANCELLED
            with pytest.raises(UnknownMessage):
                await messaging.cancel(published.message_id)

    asyncio.run(scenario())


@pytest.mark.parametrize("nowhere", ["redis://127.0.0.1:1/0", "http://127.0.0.1:1"])
def test_what_cannot_be_reached_is_unavailable(nowhere):
    async def scenario():
        async with opened(nowhere) as messaging:
            await messaging.publish("x")

    with pytest.raises(Unavailable):
        asyncio.run(scenario())


def test_calls_run_side_by_side_and_the_loop_goes_on(api, url):
    async def scenario():
        async with opened(url) as messaging:
            calls = asyncio.gather(*(messaging.publish(number) for number in range(50)))
            turns = 0
            while not calls.done():
                turns += 1
                await asyncio.sleep(0)
            return turns, await calls

    turns, published = asyncio.run(scenario())
    assert turns > 1
    assert len({status.message_id for status in published}) == 50
    assert api.storage.main.llen(Queue.PLAN) == 50


def test_closing_waits_for_what_is_in_flight(api, url):
    async def scenario():
        messaging = opened(url)
        calls = [messaging.publish(number) for number in range(30)]
        await messaging.close()
        assert api.storage.main.llen(Queue.PLAN) == 30
        await asyncio.gather(*calls)
        with pytest.raises(RuntimeError):
            messaging.publish("too late")

    asyncio.run(scenario())
