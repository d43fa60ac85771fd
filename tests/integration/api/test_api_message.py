from __future__ import annotations

import pytest

from api.model import CancelReply, StatusReply
from api.progress_model import Progress, RecentMessages

UNKNOWN = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


@pytest.fixture
def message_id(api):
    return api.post("/messaging/news", {"message": "hello"}).json()["messageId"]


def test_the_status_is_read_with_a_bare_colon_or_an_encoded_one(api, message_id):
    for path in (message_id, message_id.replace(":", "%3A")):
        answer = api.get(f"/messaging/{path}")
        assert answer.status_code == 200
        assert answer.json() == {"status": "scheduled", "messageId": message_id, "errorMessage": None}
        StatusReply.model_validate(answer.json(), extra="forbid")


def test_a_state_of_two_words_is_spelt_with_an_underscore(api, message_id):
    api.storage.main.hset(f"clarion:{{{message_id}}}:message", "state", "planning")
    assert api.get(f"/messaging/{message_id}").json()["status"] == "in_progress"


def test_a_message_is_cancelled_once(api, message_id):
    answer = api.delete(f"/messaging/{message_id}")
    assert answer.status_code == 200
    assert answer.json() == {"status": "CANCELLED", "messageId": message_id}
    CancelReply.model_validate(answer.json(), extra="forbid")
    assert api.get(f"/messaging/{message_id}").json()["status"] == "cancelled"
    assert api.refusal("DELETE", f"/messaging/{message_id}") == 5040


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_message_that_does_not_exist_or_is_somebody_elses_is_unknown(api, message_id, method):
    assert api.refusal(method, f"/messaging/{UNKNOWN}") == 5040
    assert api.refusal(method, f"/messaging/{message_id}", app="other", key="other-key-0123456789") == 5040


def test_progress_has_the_books_and_the_times(api, message_id):
    answer = api.get(f"/clarion/messages/{message_id}")
    assert answer.status_code == 200
    progress = Progress.model_validate(answer.json(), extra="forbid")
    assert answer.json()["books"] == {"audience": 0, "pending": 0, "entries": []}
    assert (progress.state, progress.status, progress.planned, progress.open_shards) == (
        "accepted",
        "scheduled",
        False,
        0,
    )
    assert progress.accepted_ms > 0
    assert (progress.planned_ms, progress.settled_ms, progress.unmatched) == (None, None, [])
    assert api.refusal("GET", f"/clarion/messages/{UNKNOWN}") == 5040


def test_progress_counts_by_outcome_provider_and_reason(api, message_id):
    prefix = f"clarion:{{{message_id}}}:"
    api.storage.main.hset(prefix + "books", mapping={"pending": 1, "accepted|fcm|": 5, "rejected|fcm|INVALID": 2})
    api.storage.main.hset(prefix + "message", mapping={"state": "delivering", "audience": 8, "planned_ms": 7})
    api.storage.main.zadd(prefix + "waiting", {"0.0.1": 1})
    api.storage.main.sadd(prefix + "unmatched", "nobody")

    progress = api.get(f"/clarion/messages/{message_id}").json()

    assert progress["books"] == {
        "audience": 8,
        "pending": 1,
        "entries": [
            {"outcome": "accepted", "provider": "fcm", "reason": "", "devices": 5},
            {"outcome": "rejected", "provider": "fcm", "reason": "INVALID", "devices": 2},
        ],
    }
    assert (progress["state"], progress["status"], progress["planned"]) == ("delivering", "in_progress", True)
    assert (progress["openShards"], progress["unmatched"], progress["plannedMs"]) == (1, ["nobody"], 7)


def test_recent_messages_are_listed_newest_first(api):
    published = [api.post("/messaging/default", {"message": i}).json()["messageId"] for i in range(3)]
    for message_id, when in zip(published, (1, 2, 3), strict=True):
        api.storage.main.zadd("clarion:demo:recent", {message_id: when})
    api.storage.main.zadd("clarion:demo:recent", {UNKNOWN: 4})  # past its retention
    api.delete(f"/messaging/{published[0]}")

    answer = api.get("/clarion/messages")

    listed = RecentMessages.model_validate(answer.json(), extra="forbid").messages
    assert [each.message_id for each in listed] == published[::-1]
    assert [each.status for each in listed] == ["scheduled", "scheduled", "cancelled"]
    assert [each["messageId"] for each in api.get("/clarion/messages?limit=2").json()["messages"]] == [published[2]]
    assert api.get("/clarion/messages", app="other", key="other-key-0123456789").json() == {"messages": []}
