from __future__ import annotations

import json

import httpx
import pytest

from tests.deadline import until

TOKEN = "a-token-that-nobody-else-may-see"  # the providers, and whoever asks for it, do
SECRET = "a-sentence-that-only-devices-may-read"


def register(up, device_id, token, channel):
    url = f"{up.found['api']}/{up.found['app']}/{up.found['key']}/messaging/registrations"
    device = {"deviceToken": token, "deviceId": device_id, "os": "ANDROID", "channels": [channel]}
    httpx.post(url, json=device).raise_for_status()


def progress(up, message_id):
    url = f"{up.found['api']}/{up.found['app']}/{up.found['key']}/clarion/messages/{message_id}"
    return httpx.get(url).raise_for_status().json()


def received(up, token):
    return httpx.get(f"{up.found['simulator']}/received", params={"token": token}).json()["messages"]


@pytest.fixture(scope="module")
def published(up):
    """A message to two devices, one of them with a dead token, that was followed to its end."""
    register(up, "my-device", TOKEN, "mine")
    register(up, "dead-device", "sim:UNREGISTERED:e2e", "mine")
    words = ("publish", "-", "--channel", "mine", "--header", "android-content-title=News", "--watch", "--json")
    looks = ("--title", "of-other-systems", "--subtitle", "Today", "--badge", "3", "--click-action", "OPEN")
    ended = up.run(*words, *looks, stdin=SECRET + "\n")
    assert ended.code == 0, ended.err
    return ended.lines


def test_a_publish_is_followed_until_its_books_are_closed(up, published):
    first, *_, last = published
    assert first["status"] == "scheduled"
    assert last["state"] == "published"
    assert last["books"] == {
        "audience": 2,
        "pending": 0,
        "entries": [
            {"outcome": "accepted", "provider": "fcm", "reason": "", "devices": 1},
            {"outcome": "unregistered", "provider": "fcm", "reason": "UNREGISTERED", "devices": 1},
        ],
    }
    (arrived,) = received(up, TOKEN)
    data = arrived["message"]["data"]
    assert (data["message"], data["android-content-title"]) == (SECRET, "News")
    shown = (data["android-summary-subtext"], data["android-badge"], data["android-action"])
    assert shown == ("Today", "3", "OPEN")


def test_the_message_is_listed_and_its_outcomes_are_written_per_device(up, published, tmp_path):
    message_id = published[0]["messageId"]
    assert message_id in [each["messageId"] for each in up.run("messages", "--json").json]
    file = tmp_path / "outcomes.jsonl"
    ended = up.run("status", message_id, "--devices", str(file))
    assert ended.code == 0
    assert ended.out.startswith(f"{message_id}: published, took ")
    outcomes = {each["outcome"]: each for each in map(json.loads, file.read_text().splitlines())}
    assert outcomes["accepted"]["deviceId"] == "my-device"
    assert outcomes["unregistered"]["deviceId"] is None
    assert TOKEN not in ended.out + ended.err + file.read_text()


def test_a_message_that_is_over_cannot_be_cancelled_and_one_that_never_was_is_not_found(up, published):
    over = up.run("cancel", published[0]["messageId"])
    assert (over.code, over.err) == (
        1,
        f"clarion: {published[0]['messageId']} can no longer be cancelled: it is published.\n",
    )
    never = up.run("status", "message:NEVER")
    assert (never.code, never.out) == (3, "")
    assert never.err.startswith("clarion: There is no message message:NEVER")
    assert up.run("status", "message:\udcff").code == 3  # a byte that is no UTF-8


def test_a_message_that_waits_can_be_cancelled(up):
    register(up, "busy-device", "sim:UNAVAILABLE;retry_after=30:e2e", "busy")
    message_id = up.run("publish", "later", "--channel", "busy").out.strip()
    until(lambda: progress(up, message_id)["books"]["audience"] == 1)
    assert up.run("cancel", message_id, "--json").json["status"] == "cancelled"
    ended = up.run("status", message_id, "--watch", "--json")
    assert ended.code == 1
    assert ended.lines[-1]["state"] == "cancelled"


def test_a_delayed_message_is_followed_through_its_wait(up):
    register(up, "patient-device", "patient-token", "patient")
    ended = up.run("publish", "later", "--channel", "patient", "--at", "+2s", "--watch", "--json")
    assert ended.code == 0, ended.err
    _, first, *_, last = ended.lines
    assert (first["state"], first["beganMs"]) == ("scheduled", None)
    assert last["state"] == "published"
    assert last["beganMs"] >= first["dueMs"]


def test_a_repeated_message_is_over_when_its_last_run_was_started(up):
    register(up, "daily-device", "daily-token", "daily")
    ended = up.run("publish", "again", "--channel", "daily", "--every", "1s", "--count", "2", "--watch", "--json")
    assert ended.code == 0, ended.err
    message_id = ended.lines[0]["messageId"]
    assert (ended.lines[-1]["state"], ended.lines[-1]["runs"]) == ("published", 2)
    shown = up.run("schedule", "show", message_id, "--json").json
    assert shown["appointment"]["state"] == "published"
    for run in shown["history"]:
        assert up.run("status", run["messageId"], "--watch", "--json").lines[-1]["parent"] == message_id
    assert len(received(up, "daily-token")) == 2


def test_only_devices_get_shows_a_token(up, published):
    assert up.run("devices", "get", "my-device", "--json").json["deviceToken"] == TOKEN
    assert up.run("devices", "count", "--channel", "mine").out == "1\n"
    missing = up.run("devices", "get", "no-device")
    assert (missing.code, missing.err) == (3, "clarion: No device is registered as no-device.\n")


def test_devices_are_imported_from_a_file_and_exported_to_one(up, tmp_path):
    file = tmp_path / "devices.csv"
    rows = [f"imported-token-{number},imported-{number},IOS,imported|news" for number in range(5)]
    file.write_text("\n".join(["deviceToken,deviceId,os,channels", *rows, "bad-token,bad-device,SYMBIAN,imported"]))
    ended = up.run("devices", "import", str(file), "--json")
    assert ended.code == 1
    assert (ended.json["registered"], ended.json["rejected"]) == (5, 1)
    assert ended.json["reasons"][0]["line"] == 7
    assert (tmp_path / "devices.csv.rejects").read_text() == "bad-token,bad-device,SYMBIAN,imported\n"
    assert up.run("devices", "count", "--channel", "imported", "--os", "ios", "--json").json["devices"] == 5
    copy = tmp_path / "copy.jsonl"
    assert up.run("devices", "export", str(copy)).code == 0
    exported = {each["deviceId"]: each for each in map(json.loads, copy.read_text().splitlines())}
    assert exported["imported-3"]["deviceToken"] == "imported-token-3"
    missing = up.run("devices", "import", "no-such-file.csv")
    assert missing.code == 2
    assert missing.err == "clarion: Cannot use the file no-such-file.csv: No such file or directory.\n"


def test_doctor_finds_a_running_system_healthy_and_a_missing_redis_not(up):
    healthy = up.run("doctor", "--json")
    assert healthy.code == 0, healthy.out
    assert {check["level"] for check in healthy.json["checks"]} == {"ok"}
    checked = {check["check"] for check in healthy.json["checks"]}
    assert checked >= {"celery", "apps file", "Redis: eviction", "demo: fcm access token", "workers", "beat"}
    ill = up.run("doctor", CLARION_REDIS_URL="redis://127.0.0.1:1/0")
    assert ill.code == 1
    assert "Redis cannot be reached." in ill.out


def test_a_redis_that_cannot_be_reached_is_exit_code_4(up):
    ended = up.run("publish", "hello", CLARION_REDIS_URL="redis://127.0.0.1:1/0")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == "clarion: Redis cannot be reached. `clarion doctor` looks closer.\n"


def test_flower_shows_what_runs_and_neither_tokens_nor_payloads(up, published):
    def flower(path):
        return httpx.get(f"{up.found['flower']}{path}", timeout=10).raise_for_status()

    # Flower knows what it heard since it listened: the sweeps tell that it does.
    until(lambda: "clarion.rescue" in {each["name"] for each in flower("/api/tasks").json().values()})
    words = ("publish", "-", "--channel", "mine", "--header", "android-content-title=News", "--json")
    ids = []

    def tasks():
        # Events get lost, to Flower as to everybody: what it missed of one message it hears of another.
        if len(ids) < 5:
            ids.append(up.run(*words, stdin=SECRET).json["messageId"])
        reply = flower("/api/tasks")
        for each_id in ids:
            ours = [each for each in reply.json().values() if each_id in (each["args"] or "")]
            done = {each["name"]: each["args"] for each in ours if each["state"] == "SUCCESS"}
            if done:
                return each_id, done, reply.text
        return None

    message_id, done, text = until(tasks)
    assert done == {"clarion.plan": f"(1, '{message_id}')"}, "few devices are delivered by their planner"
    metrics = flower("/metrics").text
    assert 'flower_events_total{task="clarion.plan",type="task-succeeded"' in metrics
    for shown in (text, metrics):
        assert TOKEN not in shown
        assert SECRET not in shown
        assert "News" not in shown
