"""Registering, finding and removing single devices."""

from __future__ import annotations

import pytest

from clarion.errors import Unavailable, UnknownDeviceToUnregister
from clarion.registry import (
    OS,
    Device,
    chunk_count,
    count,
    expire,
    find,
    list_channels,
    read,
    register,
    scan,
    unregister,
)
from clarion.storage import keys, open_storage
from tests.integration.registry import audit
from tests.integration.registry.burial import bury

APP = "app"


def device(name, **changes):
    return Device(**{"token": f"token of {name}", "device_id": name, "os": OS.ANDROID, **changes})


def test_a_registered_device_is_found_under_its_id(storage):
    phone = device("phone", os_version="14", registered_at=5, user_id="u", properties={"a": [1, {"b": None}]})
    assert register(storage, APP, [phone]) == [0]
    assert find(storage, APP, ["nobody", "phone"], 0) == [None, (0, phone)]


def test_an_empty_registry_answers_every_question(storage):
    assert find(storage, APP, ["phone"], 0) == [None]
    assert find(storage, APP, [], 0) == []
    assert register(storage, APP, []) == []
    assert read(storage, APP, 0, [1, 2]) == [None, None]
    assert read(storage, APP, 0, []) == []
    assert (count(storage, APP), count(storage, APP, OS.IOS), chunk_count(storage, APP)) == (0, 0, 0)
    assert (list_channels(storage, APP), list(scan(storage, APP)), expire(storage, APP, 10)) == ([], [], 0)
    assert bury(storage, APP, 0, {1: "t"}) == 0
    assert bury(storage, APP, 0, {}) == 0


def test_registering_again_keeps_the_ordinal_and_replaces_everything_else(storage):
    register(storage, APP, [device("phone", channels=("a", "b"), expires_at=9), device("other")])
    renewed = device("phone", token="new", os=OS.IOS, channels=("b", "c"), user_id="u")
    assert register(storage, APP, [renewed]) == [0]
    assert find(storage, APP, ["phone"], 100) == [(0, renewed)]
    assert len(audit.check(storage, APP)) == 2


def test_a_token_lives_on_its_newest_device(storage):
    register(storage, APP, [device("old", token="t")])
    register(storage, APP, [device("new", token="t")])
    assert find(storage, APP, ["old", "new"], 0) == [None, (1, device("new", token="t"))]
    assert len(audit.check(storage, APP)) == 1


def test_within_one_call_the_last_registration_of_an_id_or_token_stays(storage):
    ordinals = register(
        storage, APP, [device("a", token="1"), device("a", token="2"), device("b", token="2"), device("c", token="1")]
    )
    assert ordinals == [0, 0, 1, 2]
    assert [each.device_id for each in audit.check(storage, APP).values()] == ["b", "c"]


def test_two_devices_that_swap_tokens_end_up_with_the_last_one(storage):
    register(storage, APP, [device("a", token="1"), device("b", token="2")])
    register(storage, APP, [device("a", token="2"), device("b", token="1")])
    assert {each.device_id: each.token for each in audit.check(storage, APP).values()} == {"a": "2", "b": "1"}


def test_apps_do_not_see_each_other(storage):
    register(storage, "one", [device("phone")])
    assert find(storage, "two", ["phone"], 0) == [None]
    assert register(storage, "two", [device("phone")]) == [0]
    assert count(storage, "one") == 1


def test_records_are_read_by_slot_and_answer_like_devices(storage):
    phone = device("F0000000-89AB-CDEF-0123-456789ABCDEF", channels=("a", "b"), properties={"x": 1})
    register(storage, APP, [device("first"), phone])
    missing, record = read(storage, APP, 0, [7, 1])
    assert missing is None
    assert (record.token, record.device_id, record.os, record.channels, record.properties) == (
        phone.token,
        phone.device_id,
        OS.ANDROID,
        ("a", "b"),
        {"x": 1},
    )
    assert record.device() == phone


def test_unregistering_a_channel_leaves_the_others(storage):
    register(storage, APP, [device("phone", channels=("a", "b", "c"))])
    left = unregister(storage, APP, "phone", ["b", "nope"], 0)
    assert left == device("phone", channels=("a", "c"))
    assert find(storage, APP, ["phone"], 0) == [(0, left)]
    audit.check(storage, APP)


@pytest.mark.parametrize("channels", [None, ["a", "b"]])
def test_unregistering_everything_removes_the_device(storage, channels):
    register(storage, APP, [device("phone", channels=("a", "b"))])
    assert unregister(storage, APP, "phone", channels, 0) is None
    assert audit.check(storage, APP) == {}
    with pytest.raises(UnknownDeviceToUnregister):
        unregister(storage, APP, "phone", channels, 0)


def test_a_device_that_left_and_came_back_has_a_new_ordinal(storage):
    register(storage, APP, [device("phone")])
    unregister(storage, APP, "phone", None, 0)
    assert register(storage, APP, [device("phone")]) == [1]
    audit.check(storage, APP)


def test_a_dead_token_removes_the_device(storage):
    register(storage, APP, [device("a"), device("b"), device("c")])
    assert bury(storage, APP, 0, {0: "token of a", 1: "a token it had before", 9: "t"}) == 1
    assert [each.device_id for each in audit.check(storage, APP).values()] == ["b", "c"]


def test_an_expired_registration_is_unknown_before_it_is_removed(storage):
    register(storage, APP, [device("phone", expires_at=10)])
    assert find(storage, APP, ["phone"], 9) != [None]
    assert find(storage, APP, ["phone"], 10) == [None]
    with pytest.raises(UnknownDeviceToUnregister):
        unregister(storage, APP, "phone", None, 10)


def test_expiring_removes_what_is_due_and_no_more_than_the_limit(storage):
    register(storage, APP, [device(f"d{i}", expires_at=10 + i) for i in range(6)] + [device("for ever")])
    assert expire(storage, APP, 9) == 0
    assert expire(storage, APP, 13, limit=3) == 3
    assert expire(storage, APP, 13, limit=3) == 1
    assert {each.device_id for each in audit.check(storage, APP).values()} == {"d4", "d5", "for ever"}


def test_a_renewed_registration_does_not_expire_at_its_old_time(storage):
    register(storage, APP, [device("a", expires_at=10), device("b", expires_at=10)])
    register(storage, APP, [device("a"), device("b", expires_at=20)])
    assert expire(storage, APP, 15) == 0
    assert len(audit.check(storage, APP)) == 2


def test_what_a_crash_leaves_is_repaired_by_registering_again(storage):
    register(storage, APP, [device("a", token="t")])
    register(storage, APP, [device("b", token="u")])
    # Between claiming the id and writing the record.
    storage.registry.delete(keys.records(APP, 0), *storage.registry.scan_iter(keys.index_prefix(APP, 0) + "*"))
    # And before the token's entry was written.
    storage.registry.delete(*storage.registry.scan_iter(f"{keys.PREFIX}:{{{APP}:token*"))
    assert register(storage, APP, [device("a", token="t"), device("b", token="t2")]) == [0, 1]
    assert len(audit.check(storage, APP)) == 2


def test_an_entry_of_a_token_that_nobody_carries_gives_way(storage):
    register(storage, APP, [device("a", token="t"), device("b")])
    storage.registry.delete(keys.records(APP, 0), *storage.registry.scan_iter(keys.index_prefix(APP, 0) + "*"))
    assert register(storage, APP, [device("c", token="t")]) == [2]
    assert find(storage, APP, ["a", "c"], 0) == [None, (2, device("c", token="t"))]


def test_directory_buckets_stay_small_encodings(storage):
    register(storage, APP, [device(f"d{i}") for i in range(3000)])
    bucket = next(storage.registry.scan_iter(f"{keys.PREFIX}:{{{APP}:device*"))
    assert storage.registry.object("encoding", bucket) == b"listpack"


def test_without_redis_nothing_is_promised():
    storage = open_storage("redis://127.0.0.1:1/0?socket_connect_timeout=0.1")
    with pytest.raises(Unavailable):
        register(storage, APP, [device("phone")])
    with pytest.raises(Unavailable):
        find(storage, APP, ["phone"], 0)
    storage.close()
