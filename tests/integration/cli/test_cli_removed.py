"""`clarion devices removed` and `restore`, on a real Redis."""

from __future__ import annotations

import json
import time

import pytest

from clarion.registry import OS, Device, Grave, count, prune, register

MESSAGE = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


@pytest.fixture
def devices(clarion):
    """Runs `clarion devices …`."""
    return lambda *words: clarion("devices", *words)


@pytest.fixture
def gone(storage):
    """Three devices that were removed: two a minute ago, one two days ago."""
    register(storage, "demo", [Device(f"secret {name}", name, OS.ANDROID, channels=("news",)) for name in "abc"])
    now_ms = time.time_ns() // 1_000_000
    for slot, name, reason, ago_s in ((0, "a", "UNREGISTERED", 60), (1, "b", "BadDeviceToken", 60)):
        _bury(storage, slot, name, reason, now_ms - ago_s * 1000 + slot)
    _bury(storage, 2, "c", "UNREGISTERED", now_ms - 172_800_000)


def _bury(storage, slot, name, reason, at_ms):
    grave = Grave(f"secret {name}", "fcm", reason)
    assert prune(storage, "demo", 0, {slot: grave}, message_id=MESSAGE, now_ms=at_ms) == 1


def test_removed_devices_are_listed_without_their_tokens(devices, gone):
    code, out, _ = devices("removed")
    assert (code, [line.split()[-1] for line in out.splitlines()]) == (0, ["device", "b", "a", "c"])
    assert "secret" not in out
    _, out, _ = devices("removed", "--since", "1h", "--reason", "UNREGISTERED", "--json")
    [found] = map(json.loads, out.splitlines())
    assert found.pop("removedMs") > 0
    assert found == {
        "deviceId": "a",
        "os": "ANDROID",
        "channels": ["news"],
        "userId": None,
        "provider": "fcm",
        "reason": "UNREGISTERED",
        "messageId": MESSAGE,
    }
    assert len(devices("removed", "--limit", "1")[1].splitlines()) == 2


def test_an_empty_list_says_so(devices):
    assert devices("removed") == (0, "", "no removed devices\n")


def test_named_devices_are_restored(devices, gone, storage):
    assert devices("restore", "a", "c") == (0, "of 2 devices: 2 restored, 0 unknown, 0 superseded\n", "")
    assert count(storage, "demo") == 2
    code, out, err = devices("restore", "a", "b", "x")
    assert (code, out) == (3, "of 3 devices: 1 restored, 1 unknown, 1 superseded\n")
    assert err == "  a: superseded\n  x: unknown\n"


def test_all_of_a_reason_or_time_are_restored(devices, gone, storage):
    code, out, _ = devices("restore", "--reason", "UNREGISTERED", "--since", "1d", "--json")
    assert code == 0
    assert json.loads(out) == {"restored": 1, "unknown": 0, "superseded": 0, "devices": {"a": "restored"}}
    assert devices("restore", "--since", "3d")[1] == "of 2 devices: 2 restored, 0 unknown, 0 superseded\n"
    assert devices("restore", "--since", "3d")[1] == "of 0 devices: 0 restored, 0 unknown, 0 superseded\n"
    assert count(storage, "demo") == 3


@pytest.mark.parametrize("words", [[], ["a", "--since", "1h"], ["a", "--reason", "x"]])
def test_who_is_to_be_restored_is_said_in_one_way(devices, words):
    assert devices("restore", *words)[0] == 2
