"""Time in Python, by both doors: straight to Redis, and through the `web` process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clarion import Appointment, AsyncMessaging, DeliveryOptions, Messaging, Misfire, PublishStatus, Repeat
from clarion.errors import ClarionError, InvalidField, InvalidRepeat, InvalidSchedule, UnknownMessage
from clarion.message import State
from clarion.schedule.promotion import promote
from clarion.storage import keys
from tests.integration.api.conftest import ADMIN

BERLIN = ZoneInfo("Europe/Berlin")
UNKNOWN = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


@pytest.fixture(params=["redis", "http"])
def url(request, api, redis_url):
    return {"redis": redis_url, "http": api.url}[request.param]


@pytest.fixture
def messaging(url):
    with Messaging(url, app_id="demo", api_key=ADMIN) as opened:
        yield opened


def at(**ahead):
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**ahead)


def ms(moment):
    return int(moment.timestamp() * 1000)


def contents(storage):
    """All that is stored."""
    return {key: storage.main.dump(key) for key in storage.main.scan_iter()}


def test_a_delayed_message_is_listed_paused_resumed_moved_and_cancelled(api, messaging):
    start, later = at(hours=1), at(hours=2)
    published = messaging.publish("x", "news", delivery_options=DeliveryOptions(publish_at=start))
    message_id = published.message_id
    assert published.status is PublishStatus.SCHEDULED
    accepted_ms = api.stored(message_id).accepted_ms
    found = Appointment(
        message_id=message_id,
        channel="news",
        state=State.SCHEDULED,
        due_ms=ms(start),
        starts_ms=ms(start),
        accepted_ms=accepted_ms,
    )
    assert messaging.schedules() == [found]

    assert messaging.pause(message_id).error_message == "Waiting: it is paused."
    [paused] = messaging.schedules()
    assert (paused.state, paused.begins) == (State.PAUSED, True)
    assert accepted_ms <= paused.paused_ms
    assert messaging.resume(message_id) == published
    assert messaging.schedules() == [found]

    wall = later.astimezone(BERLIN).replace(tzinfo=None)
    assert messaging.reschedule(message_id, wall, "Europe/Berlin") == published
    timetable = messaging.schedule(message_id)
    assert (timetable.appointment.due_ms, timetable.appointment.starts_ms) == (ms(later), ms(later))
    assert (timetable.upcoming, timetable.history) == ((ms(later),), ())

    assert messaging.cancel(message_id).status is PublishStatus.CANCELLED
    assert messaging.schedules() == []
    for again in (messaging.cancel, messaging.pause, messaging.resume, lambda each: messaging.reschedule(each, later)):
        with pytest.raises(UnknownMessage) as caught:
            again(message_id)
        assert caught.value.error_data == {"messageId": message_id}


def test_the_runs_of_a_repeated_message_are_told_and_cancelled_with_it(api, messaging):
    options = DeliveryOptions(repeat_every=3600, repeat_count=5, repeat_expires_at=at(days=2), misfire=Misfire.SKIP)
    message_id = messaging.publish("x", delivery_options=options).message_id
    promote(api.storage)
    found = messaging.schedule(message_id, 2)
    ends_ms = found.appointment.repeat.expires_ms
    expected = Repeat(every_ms=3_600_000, count=5, expires_ms=ends_ms, misfire=Misfire.SKIP)
    assert (found.appointment.repeat, found.appointment.runs, found.appointment.missed) == (expected, 1, 0)
    (run,) = found.history
    assert run.late_ms >= 0
    assert found.upcoming == (run.due_ms + 3_600_000, run.due_ms + 7_200_000)
    assert messaging.get_message_status(run.message_id).status is PublishStatus.SCHEDULED
    messaging.pause(message_id)
    assert messaging.get_message_status(run.message_id).error_message == "Waiting: it is paused."
    messaging.resume(message_id)
    messaging.cancel(message_id)
    assert messaging.get_message_status(run.message_id).status is PublishStatus.CANCELLED


def test_now_is_a_time_too(api, messaging):
    message_id = messaging.publish("x", delivery_options=DeliveryOptions(publish_at=at(hours=1))).message_id
    messaging.reschedule(message_id, 0)
    assert promote(api.storage).taken == 1
    assert messaging.schedules() == []


def test_a_preview_is_in_utc(api, messaging):
    tomorrow = (datetime.now(BERLIN) + timedelta(days=1)).replace(hour=12, minute=30, second=0, microsecond=0)
    begins = tomorrow.strftime("%Y-%m-%d")
    options = DeliveryOptions(repeat_cron="30 12 * * *", time_zone="Europe/Berlin", publish_at=begins)
    found = messaging.preview(options, 3)
    assert found == [(tomorrow + timedelta(days=days)).astimezone(UTC) for days in range(3)]
    assert {each.tzinfo for each in found} == {UTC}
    assert messaging.preview(DeliveryOptions(publish_at=tomorrow)) == [tomorrow]
    assert contents(api.storage) == {}


def test_a_preview_by_local_time_is_what_clocks_show(api, messaging):
    start = at(days=2).replace(tzinfo=None)
    options = DeliveryOptions(publish_at=start, local_time=True, repeat_every=86_400)
    assert messaging.preview(options, 2) == [start, start + timedelta(days=1)]


REFUSED = [
    ({"publish_at": 1}, InvalidSchedule, "publishAt"),
    ({"publish_at": "2030-01-01T09:00:00"}, InvalidSchedule, "publishAt"),
    ({"publish_at": "tomorrow"}, InvalidSchedule, "publishAt"),
    ({"local_time": True}, InvalidSchedule, "publishAt"),
    ({"repeat_every": 60, "repeat_cron": "@daily"}, InvalidRepeat, "repeatCron"),
    ({"repeat_cron": "0 0 31 2 *"}, InvalidRepeat, "repeatCron"),
    ({"repeat_count": 2}, InvalidRepeat, "repeatCount"),
    ({"repeat_every": 60, "repeat_expires_at": 1}, InvalidRepeat, "repeatExpiresAt"),
    ({"time_zone": "Mars/Phobos"}, InvalidField, "timeZone"),
    ({"quiet_hours": "late"}, InvalidField, "quietHours"),
    ({"freeze_audience": 1}, InvalidField, "freezeAudience"),
    ({"spread_over": []}, InvalidField, "spreadOver"),
    ({"misfire": None}, InvalidRepeat, "misfire"),
    ({"rate_per_s": float("nan")}, InvalidField, "ratePerS"),
    ({"rate_per_s": 1, "spread_over": 1}, InvalidField, "spreadOver"),
]


@pytest.mark.parametrize(("options", "kind", "field"), REFUSED)
@pytest.mark.parametrize("what", ["publish", "preview"])
def test_what_cannot_be_used_is_named_and_nothing_is_stored(api, messaging, what, options, kind, field):
    delivery = DeliveryOptions(**options)
    with pytest.raises(ClarionError) as caught:
        messaging.publish("x", delivery_options=delivery) if what == "publish" else messaging.preview(delivery)
    assert (type(caught.value), caught.value.error_data["field"]) == (kind, field)
    assert contents(api.storage) == {}


@pytest.mark.parametrize(
    ("new", "kind", "field"),
    [
        ((1,), InvalidSchedule, "publishAt"),
        ((None,), InvalidSchedule, "publishAt"),
        (("2030-01-01T09:00:00",), InvalidSchedule, "publishAt"),
        ((True,), InvalidSchedule, "publishAt"),
        ((float("nan"),), InvalidSchedule, "publishAt"),
        ((at(hours=3),), InvalidRepeat, "repeatExpiresAt"),
        ((at(hours=1), "Mars/Phobos"), InvalidField, "timeZone"),
    ],
)
def test_a_message_that_cannot_be_moved_stays_as_it_is(api, messaging, new, kind, field):
    options = DeliveryOptions(publish_at=at(hours=1), repeat_every=60, repeat_expires_at=at(hours=2))
    message_id = messaging.publish("x", delivery_options=options).message_id
    before = contents(api.storage)
    with pytest.raises(ClarionError) as caught:
        messaging.reschedule(message_id, *new)
    assert (type(caught.value), caught.value.error_data["field"]) == (kind, field)
    assert contents(api.storage) == before


def test_a_message_that_never_was_is_unknown(api, messaging):
    messaging.publish("x", delivery_options=DeliveryOptions(publish_at=at(hours=1)))
    before = contents(api.storage)
    for call in (
        messaging.cancel,
        messaging.pause,
        messaging.resume,
        messaging.schedule,
        lambda each: messaging.reschedule(each, 0),
    ):
        with pytest.raises(UnknownMessage):
            call(UNKNOWN)
    assert contents(api.storage) == before


def test_every_call_has_an_awaitable_twin(api, url):
    async def scenario():
        async with AsyncMessaging(url, app_id="demo", api_key=ADMIN) as messaging:
            start = at(hours=1)
            assert await messaging.preview(DeliveryOptions(publish_at=start)) == [start]
            published = await messaging.publish("x", delivery_options=DeliveryOptions(publish_at=start))
            await messaging.pause(published.message_id)
            await messaging.resume(published.message_id)
            await messaging.reschedule(published.message_id, at(hours=2))
            [found] = await messaging.schedules()
            assert (await messaging.schedule(published.message_id)).appointment == found
            await messaging.cancel(published.message_id)

    asyncio.run(scenario())
    assert api.storage.main.zcard(keys.due("demo")) == 0
