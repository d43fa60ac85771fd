"""Time over HTTP: what waits, and giving it another time."""

from __future__ import annotations

import time

import pytest

from api.model import StatusReply
from api.schedule_model import Appointments, Preview, Timetable
from clarion.schedule.promotion import promote
from clarion.storage import keys

UNKNOWN = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"
PUBLISH, REGISTER, READ = "publish-key-0123456789", "register-key-0123456789", "read-key-0123456789"
NEWS = "news-key-0123456789"
HOUR_MS = 3_600_000


def in_hours(hours):
    return time.time_ns() // 1_000_000 + hours * HOUR_MS


def publish(api, channel="default", **options):
    return api.post(f"/messaging/{channel}", {"message": "hello"} | options).json()["messageId"]


def bring_due(api, message_id, ms):
    """Let a message, or its next run, be due at `ms`."""
    api.storage.main.hset(keys.message(message_id), "due_ms", ms)
    api.storage.main.zadd(keys.due("demo"), {message_id: ms})


def error(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["code"], answer.json()["errorData"].get("field")


def test_what_waits_is_listed_the_soonest_first(api):
    at = in_hours(2)
    delayed = publish(api, "news", publishAt=at)
    repeated = publish(api, repeatEvery=600, repeatCount=3, publishAt=in_hours(1))
    publish(api)

    answer = api.get("/clarion/schedules", key=READ)

    Appointments.model_validate(answer.json(), extra="forbid")
    first, second = answer.json()["schedules"]
    assert (first["messageId"], second["messageId"]) == (repeated, delayed)
    assert (first["runs"], first["missed"], first["repeat"]["everyMs"], first["repeat"]["count"]) == (0, 0, 600_000, 3)
    assert second.pop("acceptedMs") > 0
    assert second == {
        "messageId": delayed,
        "channel": "news",
        "state": "scheduled",
        "dueMs": at,
        "local": False,
        "startsMs": at,
        "repeat": None,
        "runs": 0,
        "missed": 0,
        "pausedMs": None,
    }
    assert len(api.get("/clarion/schedules?limit=1").json()["schedules"]) == 1
    assert api.get("/clarion/schedules", app="other", key="other-key-0123456789").json() == {"schedules": []}


def test_a_messages_runs_are_told_those_that_were_and_those_to_come(api):
    message_id = publish(api, repeatCron="0 9 * * *", timeZone="Europe/Berlin", repeatCount=5)
    due_ms = in_hours(0) - HOUR_MS
    bring_due(api, message_id, due_ms)
    promote(api.storage)

    answer = api.get(f"/clarion/schedules/{message_id}?limit=3", key=READ)

    found = Timetable.model_validate(answer.json(), extra="forbid")
    assert (found.appointment.runs, found.appointment.repeat.zone) == (1, "Europe/Berlin")
    [run] = found.history
    assert (run.due_ms, run.missed) == (due_ms, 0)
    assert run.at_ms - due_ms > HOUR_MS
    assert len(found.upcoming) == 3
    assert found.upcoming[0] == found.appointment.due_ms
    child = api.get(f"/clarion/messages/{run.message_id}").json()
    assert (child["parent"], child["state"]) == (message_id, "accepted")
    parent = api.get(f"/clarion/messages/{message_id}").json()
    assert (parent["runs"], parent["missed"], parent["dueMs"]) == (1, 0, found.appointment.due_ms)
    assert api.refusal("GET", f"/clarion/schedules/{UNKNOWN}") == 5040


def test_a_message_that_has_started_waits_for_nothing(api):
    message_id = publish(api, publishAt=in_hours(1))
    bring_due(api, message_id, in_hours(-1))
    promote(api.storage)
    found = api.get(f"/clarion/schedules/{message_id}").json()
    assert (found["appointment"]["state"], found["appointment"]["dueMs"], found["upcoming"]) == ("accepted", None, [])
    api.ask("POST", f"/clarion/messages/{message_id}/pause")
    found = api.get(f"/clarion/schedules/{message_id}").json()
    assert (found["appointment"]["state"], found["appointment"]["dueMs"], found["upcoming"]) == ("paused", None, [])


def test_a_paused_message_keeps_its_time_and_waits(api):
    at = in_hours(1)
    message_id = publish(api, publishAt=at)
    answer = api.ask("POST", f"/clarion/messages/{message_id}/pause")
    StatusReply.model_validate(answer.json(), extra="forbid")
    assert answer.json() == {"status": "scheduled", "messageId": message_id, "errorMessage": "Waiting: it is paused."}
    progress = api.get(f"/clarion/messages/{message_id}").json()
    assert (progress["state"], progress["dueMs"]) == ("paused", at)
    [listed] = api.get("/clarion/schedules").json()["schedules"]
    assert in_hours(-1) < listed["pausedMs"] == progress["pausedMs"] <= in_hours(0)
    bring_due(api, message_id, at)
    assert api.ask("POST", f"/clarion/messages/{message_id}/resume").json()["errorMessage"] is None
    progress = api.get(f"/clarion/messages/{message_id}").json()
    assert (progress["state"], progress["pausedMs"]) == ("scheduled", None)


def test_paused_messages_are_listed_however_many_wait(api):
    first, second, third = (publish(api, publishAt=in_hours(hours)) for hours in (1, 2, 3))
    api.ask("POST", f"/clarion/messages/{first}/pause")
    found = api.get("/clarion/schedules?limit=1").json()["schedules"]
    assert [each["messageId"] for each in found] == [second, first]
    found = api.get("/clarion/schedules?limit=2").json()["schedules"]
    assert [each["messageId"] for each in found] == [second, third, first]


def test_a_time_by_each_devices_clock_is_told_as_such(api):
    at = in_hours(48)
    message_id = publish(api, publishAt=at, localTime=True)
    found = api.get(f"/clarion/messages/{message_id}").json()
    assert (found["local"], found["dueMs"]) == (True, at - 14 * HOUR_MS)
    assert api.get(f"/clarion/messages/{publish(api, publishAt=at)}").json()["local"] is False
    bring_due(api, message_id, in_hours(-1))
    promote(api.storage)
    found = api.get(f"/clarion/messages/{message_id}").json()
    assert (found["local"], found["dueMs"]) == (False, None)


def test_an_instant_that_nobody_came_to_is_the_next_one(api):
    due_ms = in_hours(-2)
    message_id = publish(api, repeatEvery=1800, repeatCount=4)
    bring_due(api, message_id, due_ms)
    for limit, expected in ((1, 1), (3, 3), (20, 4)):
        found = api.get(f"/clarion/schedules/{message_id}?limit={limit}").json()["upcoming"]
        assert found[0] == due_ms
        assert len(found) == expected
        assert all(later > in_hours(0) and (later - due_ms) % 1_800_000 == 0 for later in found[1:])
    promote(api.storage)
    assert api.get(f"/clarion/schedules/{message_id}").json()["upcoming"][0] > in_hours(0)


def test_a_message_gets_another_time(api):
    message_id = publish(api, publishAt=in_hours(1))
    later = "2030-07-01T09:00:00"
    path = f"/clarion/messages/{message_id}/reschedule"
    assert error(api.post(path, {"publishAt": later, "timeZone": "Europe/Berlin"})) == (5030, "publishAt")
    at = in_hours(5)
    assert api.post(path, {"publishAt": at}).json()["status"] == "scheduled"
    assert api.get("/clarion/schedules").json()["schedules"][0]["dueMs"] == at
    assert api.post(path, {"publishAt": 0}).status_code == 200
    assert api.get("/clarion/schedules").json()["schedules"][0]["dueMs"] < in_hours(1)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, 5030, "publishAt"),
        ({"timeZone": "Europe/Berlin"}, 5030, "publishAt"),
        ({"publishAt": None}, 5030, "publishAt"),
        ({"publishAt": "tomorrow"}, 5030, "publishAt"),
        ({"publishAt": True}, 5030, "publishAt"),
        ({"publishAt": 1}, 5030, "publishAt"),
        ({"publishAt": "2027-01-01T00:00:00", "timeZone": "Mars/Phobos"}, 90001, "timeZone"),
    ],
)
def test_a_time_that_cannot_be_used_changes_nothing(api, body, code, field):
    message_id = publish(api, publishAt=in_hours(1))
    before = api.storage.main.hgetall(keys.message(message_id))
    assert error(api.post(f"/clarion/messages/{message_id}/reschedule", body)) == (code, field)
    assert api.storage.main.hgetall(keys.message(message_id)) == before


@pytest.mark.parametrize("what", ["pause", "resume", "reschedule"])
def test_what_is_over_or_never_was_is_unknown(api, what):
    message_id = publish(api, publishAt=in_hours(1))
    api.delete(f"/messaging/{message_id}")
    for each in (message_id, UNKNOWN, "message:1"):
        assert api.refusal("POST", f"/clarion/messages/{each}/{what}", json={"publishAt": 0}) == 5040
    mine = publish(api, publishAt=in_hours(1))
    other = {"app": "other", "key": "other-key-0123456789"}
    assert api.refusal("POST", f"/clarion/messages/{mine}/{what}", json={"publishAt": 0}, **other) == 5040


def test_a_message_under_way_gets_no_other_time(api):
    message_id = publish(api)
    assert api.refusal("POST", f"/clarion/messages/{message_id}/reschedule", json={"publishAt": in_hours(1)}) == 5040


def test_a_preview_says_when_runs_would_start_and_stores_nothing(api):
    body = {"repeatCron": "30 2 * * *", "timeZone": "Europe/Berlin", "publishAt": in_hours(1), "limit": 4}
    answer = api.post("/clarion/schedules/preview", body, key=PUBLISH)
    Preview.model_validate(answer.json(), extra="forbid")
    assert len(answer.json()["instants"]) == 4
    at = in_hours(1)
    assert api.post("/clarion/schedules/preview", {"publishAt": at}).json() == {"instants": [at]}
    assert len(api.post("/clarion/schedules/preview", {"repeatEvery": 60}).json()["instants"]) == 10
    counted = api.post("/clarion/schedules/preview", {"repeatEvery": 60, "repeatCount": 2, "publishAt": at}).json()
    assert counted == {"instants": [at, at + 60_000]}
    assert api.storage.main.dbsize() == 0


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"limit": 0}, 90001, "limit"),
        ({"limit": 1001}, 90001, "limit"),
        ({"limit": True}, 90001, "limit"),
        ({"limit": None}, 90001, "limit"),
        ({"publishAt": 1}, 5030, "publishAt"),
        ({"repeatCron": "0 0 31 2 *"}, 5003, "repeatCron"),
        ({"repeatEvery": 60, "repeatExpiresAt": 1}, 5003, "repeatExpiresAt"),
        ({"repeatEvery": 60, "misfire": "never"}, 5003, "misfire"),
        ({"localTime": True}, 5030, "publishAt"),
        ({"quietHours": "late"}, 90001, "quietHours"),
        ({"freezeAudience": "yes"}, 90001, "freezeAudience"),
        ({"ratePerS": 0}, 90001, "ratePerS"),
        ({"spreadOver": 0}, 90001, "spreadOver"),
    ],
)
def test_a_preview_refuses_what_a_publish_would(api, body, code, field):
    assert error(api.post("/clarion/schedules/preview", body)) == (code, field)
    assert api.storage.main.dbsize() == 0


def test_a_preview_looks_at_nothing_but_times(api):
    body = {"publishAt": in_hours(1), "pushSinglecast": 5, "pushBroadcast": [], "headers": "x", "segmentQuery": "a=1"}
    assert api.post("/clarion/schedules/preview", body).json() == {"instants": [body["publishAt"]]}


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("GET", "/clarion/schedules", None, READ),
        ("GET", "/clarion/schedules/{id}", None, READ),
        ("POST", "/clarion/schedules/preview", {}, PUBLISH),
        ("POST", "/clarion/messages/{id}/pause", None, PUBLISH),
        ("POST", "/clarion/messages/{id}/resume", None, PUBLISH),
        ("POST", "/clarion/messages/{id}/reschedule", {"publishAt": 0}, PUBLISH),
    ],
)
def test_each_route_needs_its_scope(api, method, path, body, needed):
    path = path.format(id=publish(api, publishAt=in_hours(1)))
    for key in {PUBLISH, REGISTER, READ} - {needed}:
        assert api.refusal(method, path, json=body, key=key) == 5007
    assert api.ask(method, path, json=body, key=needed).status_code == 200


@pytest.mark.parametrize("what", ["pause", "resume", "reschedule"])
def test_a_key_that_is_bound_to_channels_controls_only_what_was_published_there(api, what):
    inside, outside = publish(api, "news", publishAt=in_hours(1)), publish(api, publishAt=in_hours(1))
    before = api.storage.main.hgetall(keys.message(outside))
    body = {"publishAt": in_hours(2)}
    assert api.refusal("POST", f"/clarion/messages/{outside}/{what}", json=body, key=NEWS) == 5007
    assert api.storage.main.hgetall(keys.message(outside)) == before
    assert api.post(f"/clarion/messages/{inside}/{what}", body, key=NEWS).status_code == 200
    assert api.refusal("POST", f"/clarion/messages/{UNKNOWN}/{what}", json=body, key=NEWS) == 5040
