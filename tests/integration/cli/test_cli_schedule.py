"""`clarion schedule …`, on a real Redis; this process is the scheduler."""

from __future__ import annotations

import json
import time

import pytest

from clarion.schedule.promotion import promote
from clarion.storage import keys

UNKNOWN = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


@pytest.fixture
def publish(clarion):
    """Publishes with these options; returns the message's id."""
    return lambda *words: clarion("publish", "hello", *words).out.strip()


def be_overdue(storage, message_id, late_ms):
    """Let a message, or its next run, have been due so long ago."""
    due_ms = time.time_ns() // 1_000_000 - late_ms
    storage.main.hset(keys.message(message_id), "due_ms", due_ms)
    storage.main.zadd(keys.due("demo"), {message_id: due_ms})


def run_late(storage, message_id, late_ms):
    """Let a beat come to a repeated message's run, so much after it was due."""
    be_overdue(storage, message_id, late_ms)
    promote(storage)


def test_what_waits_is_listed_with_whole_ids(clarion, publish):
    assert clarion("schedule", "list") == (0, "", "nothing waits for a time\n")
    cron = publish("--cron", "0 9 * * 1-5", "--time-zone", "Europe/Berlin", "--count", "10", "--at", "+1d")
    delayed = publish("--at", "+2h", "--channel", "a channel with a long name")
    heading, first, second = clarion("schedule", "list").out.splitlines()
    assert heading.split() == ["due", "state", "channel", "repeated", "message"]
    assert "  scheduled  a channel with a long name  once  " in first
    assert first.endswith(delayed)
    assert second.endswith(f"  0 9 * * 1-5 (Europe/Berlin), 10 times  {cron}")
    assert first.index("message:") == second.index("message:") == heading.index("message")
    listed = json.loads(clarion("schedule", "list", "--json", "--limit", "1").out)
    assert [(each["messageId"], each["channel"]) for each in listed] == [(delayed, "a channel with a long name")]


def test_the_runs_of_a_message_are_shown_and_late_ones_marked(clarion, publish, storage):
    message_id = publish("--every", "1m", "--count", "9")
    run_late(storage, message_id, 1)
    run_late(storage, message_id, 130_000)
    head, _, *rest = clarion("schedule", "show", message_id, "--limit", "2").out.splitlines()
    assert ", every 1 min, 9 times, 2 runs, 2 missed, due " in head
    assert (rest[2], len(rest)) == ("so far", 5)
    late, in_time = rest[3:]
    assert late.endswith("late by 10 s, 2 missed")
    assert "late" not in in_time
    shown = json.loads(clarion("schedule", "show", message_id, "--json").out)
    assert [run["missed"] for run in shown["history"]] == [2, 0]
    assert shown["appointment"]["repeat"]["everyMs"] == 60_000
    assert len(shown["upcoming"]) == 7


def test_a_run_that_was_skipped_is_shown(clarion, publish, storage):
    message_id = publish("--every", "1m", "--misfire", "skip")
    run_late(storage, message_id, 30_000)
    assert clarion("schedule", "show", message_id).out.splitlines()[-1].endswith("skipped, 1 missed")


def test_what_nobody_came_to_is_overdue_and_doctor_is_pointed_to(clarion, publish, storage):
    delayed, repeated = publish("--at", "+1h"), publish("--every", "1h", "--at", "+2h")
    assert clarion("schedule", "list").err == ""
    be_overdue(storage, delayed, 7_300_000)
    be_overdue(storage, repeated, 10_900_000)
    listed = clarion("schedule", "list")
    _, first, second = listed.out.splitlines()
    assert ", overdue by 3 h  scheduled  default  every 1 h  message:" in first
    assert ", overdue by 2 h  scheduled  default  once " in second
    assert listed.err == "what is overdue should have started: `clarion doctor` looks closer\n"
    head, _, late, following = clarion("schedule", "show", repeated, "--limit", "2").out.splitlines()
    assert head.endswith(", overdue by 3 h")
    assert late.endswith(", overdue by 3 h")
    assert "overdue" not in following
    assert ", overdue by 2 h" in clarion("status", delayed).out.splitlines()[0]
    clarion("schedule", "pause", delayed)
    assert "overdue" not in clarion("status", delayed).out


def test_paused_messages_are_always_listed_and_how_many_more_there_are(clarion, publish, storage):
    paused, *others = (publish("--at", f"+{hours}h") for hours in (1, 2, 3, 4))
    clarion("schedule", "pause", paused)
    storage.main.hincrby(keys.message(paused), "paused_ms", -3 * 86_400_000)
    listed = clarion("schedule", "list", "--limit", "1")
    assert [line.split()[-1] for line in listed.out.splitlines()] == ["message", others[0], paused]
    assert "  paused for 3 d  " in listed.out
    assert listed.err == "2 more wait for a time; see --limit\n"
    assert clarion("schedule", "list", "--limit", "1", "--json").err == listed.err
    assert clarion("schedule", "list", "--limit", "3").err == ""
    assert clarion("status", paused).out.startswith(f"{paused}: scheduled, paused for 3 d, due ")
    assert clarion("schedule", "resume", paused).out.startswith(f"{paused}: scheduled, due ")


def test_a_message_that_is_paused_under_way_is_listed_so_among_the_latest(clarion, publish):
    message_id = publish()
    clarion("schedule", "pause", message_id)
    assert clarion("messages").out.splitlines()[1].split()[2:] == ["paused", "0", message_id]


def test_a_time_by_each_devices_clock_is_never_shown_as_an_instant(clarion, publish):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * 86_400))
    message_id = publish("--at", f"{day} 09:00", "--local-time")
    said = clarion("status", message_id).out.splitlines()[0]
    assert said == f"{message_id}: scheduled, due {day} 09:00:00 local"
    assert f"due {day} 09:00:00 local" in clarion("schedule", "show", message_id).out.splitlines()[0]


def test_the_books_of_a_repeated_message_are_with_its_runs(clarion, publish, storage):
    message_id = publish("--every", "1m", "--count", "1")
    run_late(storage, message_id, 1)
    ended = clarion("status", message_id, "--watch")
    assert (ended.code, ended.out) == (0, f"{message_id}: published, 1 run\n")
    assert ended.err.endswith(f"its runs have the books: clarion schedule show {message_id}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--at", "2030-01-01T09:00"),
            "Invalid --at: expected epoch milliseconds, or ISO 8601 with an offset or a --time",
        ),
        (
            ("--until", "2030-01-01T09:00", "--every", "60"),
            "Invalid --until: expected epoch milliseconds, or ISO 8601 with",
        ),
        (("--at", "1"), "Invalid --at: expected a time that has not passed."),
        (("--time-zone", "Berlin"), "Invalid --time-zone: expected the IANA name of a zone"),
        (("--quiet-hours", "late"), "Invalid --quiet-hours: expected two times"),
        (("--ttl", "0"), "Invalid --ttl: expected whole seconds"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_option(clarion, storage, words, said):
    ended = clarion("publish", "hello", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"clarion: {said}")
    assert storage.main.dbsize() == 0


def test_a_time_may_be_epoch_milliseconds_and_0_is_now(clarion, publish):
    at_ms = time.time_ns() // 1_000_000 + 3_600_000
    message_id = publish("--at", str(at_ms))
    assert json.loads(clarion("status", message_id, "--json").out)["dueMs"] == at_ms
    moved = json.loads(clarion("schedule", "reschedule", message_id, str(at_ms + 1), "--json").out)
    assert moved["dueMs"] == at_ms + 1
    refused = clarion("schedule", "reschedule", message_id, "2030-01-01T09:00")
    assert refused.code == 2
    assert refused.err.startswith(
        "clarion: Invalid TIME: expected epoch milliseconds, or ISO 8601 with an offset or a --time"
    )
    assert json.loads(clarion("schedule", "reschedule", message_id, "0", "--json").out)["dueMs"] < at_ms


@pytest.mark.parametrize("message_id", ["message:NEVER", "", "x y", "../x"])
def test_what_is_no_message_id_is_not_found(clarion, storage, message_id):
    for words in (("status",), ("cancel",), ("schedule", "show"), ("schedule", "pause")):
        ended = clarion(*words, message_id)
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith("clarion: There is no message ")


def test_a_message_is_paused_resumed_moved_and_cancelled(clarion, publish):
    message_id = publish("--at", "+2d")
    paused = clarion("schedule", "pause", message_id)
    assert paused.out.startswith(f"{message_id}: scheduled, paused, due ")
    assert json.loads(clarion("status", message_id, "--json").out)["state"] == "paused"
    assert json.loads(clarion("schedule", "resume", message_id, "--json").out)["state"] == "scheduled"
    before = json.loads(clarion("schedule", "list", "--json").out)[0]["dueMs"]
    moved = json.loads(clarion("schedule", "reschedule", message_id, "+5d", "--json").out)
    assert moved["dueMs"] > before
    assert clarion("schedule", "cancel", message_id) == (0, f"{message_id}: cancelled\n", "")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("cancel",), "cancelled"),
        (("schedule", "pause"), "paused"),
        (("schedule", "resume"), "resumed"),
        (("schedule", "reschedule"), "rescheduled"),
    ],
)
def test_what_is_over_stays_so_and_what_never_was_is_not_found(clarion, publish, words, what):
    message_id = publish("--at", "+1h")
    clarion("cancel", message_id)
    time_words = ("+1h",) if what == "rescheduled" else ()
    said = f"clarion: {message_id} can no longer be {what}: it is cancelled.\n"
    assert clarion(*words, message_id, *time_words) == (1, "", said)
    never = clarion(*words, UNKNOWN, *time_words)
    assert never.code == 3
    assert never.err.startswith(f"clarion: There is no message {UNKNOWN}")


def test_a_cancelled_message_says_how_far_it_had_come(clarion, publish, storage):
    repeated = publish("--every", "1m")
    run_late(storage, repeated, 1)
    assert clarion("cancel", repeated).out == f"{repeated}: cancelled after 1 run\n"
    under_way = publish()
    storage.main.hset(
        keys.message(under_way), mapping={"state": "delivering", "audience": 2000, "began_ms": 1, "planned_ms": 1}
    )
    storage.main.hset(keys.books(under_way), mapping={"accepted|fcm|": 1234, "pending": 766})
    storage.main.zadd(keys.waiting(under_way), {"0.0.1": 1})
    assert clarion("cancel", under_way).out == f"{under_way}: cancelled; 1 234 were sent before\n"


def test_a_time_from_now_is_none_for_who_asks_each_clock(clarion, publish):
    local_id = publish("--at", time.strftime("%Y-%m-%d 09:00", time.gmtime(time.time() + 5 * 86_400)), "--local-time")
    refused = clarion("schedule", "reschedule", local_id, "+5h")
    assert (refused.code, refused.out) == (2, "")
    assert "expected a date and time" in refused.err
    listed = clarion("schedule", "list").out.splitlines()[1]
    assert " 09:00:00 local  scheduled" in listed
    assert clarion("schedule", "show", local_id).out.splitlines()[-1].endswith(" 09:00:00 by each device's clock")


def test_a_preview_shows_the_next_runs_in_their_zone(clarion, storage):
    words = ("schedule", "preview", "--cron", "30 9 * * *", "--time-zone", "Asia/Kolkata", "--limit", "3")
    lines = clarion(*words).out.splitlines()
    assert [line[-14:] for line in lines] == ["09:30:00+05:30"] * 3
    found = json.loads(clarion(*words, "--json").out)
    assert [later - sooner for sooner, later in zip(found["instants"], found["instants"][1:], strict=False)] == [
        86_400_000,
        86_400_000,
    ]
    assert clarion("schedule", "preview", "--cron", "0 9 * * *", "--limit", "1").out.endswith(" 09:00:00+00:00\n")
    assert len(clarion("schedule", "preview", "--every", "90s", "--count", "2").out.splitlines()) == 2
    skips = clarion("schedule", "preview", "--every", "90s", "--misfire", "skip", "--count", "2")
    assert len(skips.out.splitlines()) == 2
    refused = clarion("schedule", "preview", "--cron", "0 0 31 2 *")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("clarion: Invalid --cron: expected ")
    assert storage.main.dbsize() == 0
