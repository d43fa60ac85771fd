"""Devices that providers' answers removed: kept, listed, restored, forgotten."""

from __future__ import annotations

import msgspec
import pytest

from clarion.errors import UnknownDeviceToUnregister
from clarion.registry import (
    OS,
    Device,
    Removed,
    Restoration,
    count,
    expire,
    find,
    forget_removed,
    register,
    removed,
    restore,
    strike,
    struck,
    unregister,
)
from clarion.registry.graveyard import REMOVED_MAX
from clarion.storage import keys
from tests.integration.registry import audit
from tests.integration.registry.burial import MESSAGE, bury

APP = "app"
RESTORED, UNKNOWN, SUPERSEDED = Restoration


def device(name, **changes):
    return Device(**{"token": f"token of {name}", "device_id": name, "os": OS.IOS, **changes})


def names(storage, **which):
    return [each.device.device_id for each in removed(storage, APP, **which)]


def fill(storage, number):
    """Devices d0, d1 … whose removal followed one another, a millisecond apart."""
    register(storage, APP, [device(f"d{i}") for i in range(number)])
    for i in range(number):
        assert bury(storage, APP, 0, {i: f"token of d{i}"}, now_ms=i) == 1


def test_a_removed_device_is_listed_with_its_cause(storage):
    phone = device("phone", os_version="17", channels=("a", "b"), user_id="u", properties={"x": 1}, registered_at=3)
    register(storage, APP, [phone])
    assert bury(storage, APP, 0, {0: phone.token}, provider="apns", reason="Unregistered", now_ms=77) == 1
    assert list(removed(storage, APP)) == [
        Removed(device=phone, provider="apns", reason="Unregistered", message_id=MESSAGE, removed_at=77)
    ]
    assert (count(storage, APP), find(storage, APP, ["phone"], 0)) == (0, [None])
    audit.check(storage, APP)


@pytest.mark.parametrize("message_id", [MESSAGE, "message:of-another-kind", "message:"])
def test_every_message_id_survives_being_kept(storage, message_id, monkeypatch):
    register(storage, APP, [device("phone")])
    monkeypatch.setattr("tests.integration.registry.burial.MESSAGE", message_id)
    bury(storage, APP, 0, {0: "token of phone"})
    assert [each.message_id for each in removed(storage, APP)] == [message_id]


def test_a_representation_shows_no_token(storage):
    register(storage, APP, [device("phone")])
    bury(storage, APP, 0, {0: "token of phone"})
    assert "token of" not in repr([*removed(storage, APP)])


def test_the_list_is_newest_first_and_narrowed_by_time_reason_and_number(storage):
    storage.registry.set(keys.ordinals(APP), 65_534)
    register(storage, APP, [device(f"d{i}") for i in range(4)])
    for ms, name, chunk, slot in ((10, "d0", 0, 65_534), (11, "d2", 1, 0), (12, "d1", 0, 65_535), (13, "d3", 1, 1)):
        bury(storage, APP, chunk, {slot: f"token of {name}"}, reason="odd" if ms % 2 else "even", now_ms=ms)
    assert names(storage) == ["d3", "d1", "d2", "d0"]
    assert names(storage, limit=2) == ["d3", "d1"]
    assert names(storage, since_ms=12) == ["d3", "d1"]
    assert names(storage, reason="even") == ["d1", "d0"]
    assert names(storage, reason="even", limit=1) == ["d1"]
    assert names(storage, reason="other") == []


def test_a_device_that_registered_after_the_token_was_last_seen_dead_stays(storage):
    register(storage, APP, [device("before", registered_at=99), device("then", registered_at=100)])
    register(storage, APP, [device("after", registered_at=101)])
    tokens = {i: f"token of {name}" for i, name in enumerate(["before", "then", "after"])}
    assert bury(storage, APP, 0, tokens, since_ms=100) == 2
    assert [each.device_id for each in audit.check(storage, APP).values()] == ["after"]


def test_a_device_that_registers_again_is_no_longer_listed_and_keeps_its_ordinal(storage):
    register(storage, APP, [device("other"), device("phone")])
    bury(storage, APP, 0, {1: "token of phone"})
    assert register(storage, APP, [device("phone", token="new")]) == [1]
    assert names(storage) == []
    assert len(audit.check(storage, APP)) == 2


@pytest.mark.parametrize("registered_again", [True, False])
def test_a_device_that_unregisters_cannot_be_restored(storage, registered_again):
    register(storage, APP, [device("phone")])
    bury(storage, APP, 0, {0: "token of phone"})
    if registered_again:
        register(storage, APP, [device("phone")])
        assert unregister(storage, APP, "phone", None, 0) is None
    else:
        with pytest.raises(UnknownDeviceToUnregister):
            unregister(storage, APP, "phone", None, 0)
    assert names(storage) == []
    assert restore(storage, APP, ["phone"], 1) == {"phone": UNKNOWN}
    assert audit.check(storage, APP) == {}


def test_a_device_whose_token_moved_to_another_one_is_not_listed(storage):
    register(storage, APP, [device("old", token="t")])
    bury(storage, APP, 0, {0: "t"})
    register(storage, APP, [device("new", token="t")])
    assert names(storage) == []
    assert restore(storage, APP, ["old"], 1) == {"old": SUPERSEDED}
    assert find(storage, APP, ["old", "new"], 0) == [None, (1, device("new", token="t"))]
    unregister(storage, APP, "new", None, 0)
    assert names(storage) == ["old"]
    audit.check(storage, APP)


def test_a_restored_device_is_as_it_was_at_its_ordinal_and_registered_now(storage):
    phone = device("phone", channels=("a", "b"), expires_at=5000, user_id="u", environment="sandbox", zone="UTC")
    register(storage, APP, [device("other"), phone])
    bury(storage, APP, 0, {1: phone.token})
    assert restore(storage, APP, ["phone", "nobody", "other"], 1000) == {
        "phone": RESTORED,
        "nobody": UNKNOWN,
        "other": SUPERSEDED,
    }
    assert find(storage, APP, ["phone"], 1000) == [(1, msgspec.structs.replace(phone, registered_at=1000))]
    assert names(storage) == []
    assert len(audit.check(storage, APP)) == 2
    assert restore(storage, APP, ["phone"], 1000) == {"phone": SUPERSEDED}


def test_a_registration_that_ended_meanwhile_is_not_restored(storage):
    register(storage, APP, [device("phone", expires_at=50)])
    bury(storage, APP, 0, {0: "token of phone"})
    assert restore(storage, APP, ["phone"], 50) == {"phone": UNKNOWN}
    assert restore(storage, APP, ["phone"], 49) == {"phone": RESTORED}
    assert expire(storage, APP, 50) == 1
    assert audit.check(storage, APP) == {}


def test_of_two_devices_that_had_the_same_token_the_first_named_comes_back(storage):
    for slot, name in enumerate(["a", "b"]):
        register(storage, APP, [device(name, token="t")])
        bury(storage, APP, 0, {slot: "t"}, now_ms=slot)
    assert restore(storage, APP, names(storage), 5) == {"b": RESTORED, "a": SUPERSEDED}
    assert [each.device_id for each in audit.check(storage, APP).values()] == ["b"]


def test_entries_that_a_crash_left_do_not_keep_a_device_from_being_restored(storage):
    register(storage, APP, [device("ghost", token="t")])
    # Its record never was written, or its entries not removed.
    storage.registry.delete(keys.records(APP, 0), *storage.registry.scan_iter(keys.index_prefix(APP, 0) + "*"))
    by_token = audit.directory(storage, APP, "token")
    register(storage, APP, [device("phone", token="t")])
    bury(storage, APP, 0, {1: "t"})
    [(bucket, field)] = by_token
    storage.registry.hset(bucket, field, 0)
    assert restore(storage, APP, ["phone"], 5) == {"phone": RESTORED}
    assert audit.directory(storage, APP, "token") == {(bucket, field): 1}


def test_a_whole_chunk_is_restored_in_batches(storage):
    everybody = [device(f"d{i}", channels=("default", f"c{i % 3}")) for i in range(5000)]
    register(storage, APP, everybody)
    bury(storage, APP, 0, {i: each.token for i, each in enumerate(everybody)})
    assert count(storage, APP) == 0
    assert set(restore(storage, APP, names(storage, limit=None), 9).values()) == {RESTORED}
    assert len(audit.check(storage, APP)) == count(storage, APP, OS.IOS) == 5000


def test_who_was_removed_long_ago_is_forgotten(storage):
    fill(storage, 6)
    assert forget_removed(storage, APP, 2) == 3
    assert names(storage) == ["d5", "d4", "d3"]
    assert restore(storage, APP, ["d2"], 9) == {"d2": UNKNOWN}
    audit.check(storage, APP)
    assert forget_removed(storage, APP, 99, limit=2) == 2
    assert forget_removed(storage, APP, 99) == 1
    assert audit.check(storage, APP) == {}
    assert register(storage, APP, [device("d0")]) == [6]


def test_many_are_listed_in_order_whenever_they_were_removed(storage):
    """More than are read at a time, and more than that in one millisecond."""
    everybody = [device(f"d{i}") for i in range(3000)]
    register(storage, APP, everybody)
    times = [0, *[5] * 2500, *range(10, 509)]
    for ms in dict.fromkeys(times):
        bury(storage, APP, 0, {i: everybody[i].token for i, at in enumerate(times) if at == ms}, now_ms=ms)
    found = [*removed(storage, APP, limit=None)]
    assert [each.removed_at for each in found] == sorted(times, reverse=True)
    assert len({each.device.device_id for each in found}) == 3000
    assert len(names(storage, since_ms=5, limit=None)) == 2999
    assert len(names(storage, since_ms=508, limit=None)) == 1
    assert names(storage, since_ms=509) == []


def test_the_oldest_are_forgotten_when_they_are_too_many(storage):
    fill(storage, 6)
    assert forget_removed(storage, APP, -1, most=6) == 0
    assert forget_removed(storage, APP, -1, most=4) == 2
    assert names(storage) == ["d5", "d4", "d3", "d2"]
    assert forget_removed(storage, APP, -1, most=0) == 4
    assert audit.check(storage, APP) == {}
    assert REMOVED_MAX == 1_000_000


def test_removing_twice_is_removing_once(storage):
    register(storage, APP, [device("phone")])
    bury(storage, APP, 0, {0: "token of phone"}, now_ms=1)
    assert bury(storage, APP, 0, {0: "token of phone"}, now_ms=2) == 0
    assert [each.removed_at for each in removed(storage, APP)] == [1]


def test_a_device_that_is_removed_again_is_listed_once(storage):
    register(storage, APP, [device("phone")])
    bury(storage, APP, 0, {0: "token of phone"}, now_ms=1)
    restore(storage, APP, ["phone"], 2)
    bury(storage, APP, 0, {0: "token of phone"}, now_ms=3, reason="again")
    assert [(each.removed_at, each.reason) for each in removed(storage, APP)] == [(3, "again")]


def test_a_full_redis_still_lets_dead_devices_go(storage):
    register(storage, APP, [device("phone")])
    limit = storage.registry.config_get("maxmemory")["maxmemory"]
    storage.registry.config_set("maxmemory", 1)
    try:
        assert bury(storage, APP, 0, {0: "token of phone"}) == 1
    finally:
        storage.registry.config_set("maxmemory", limit)
    assert names(storage) == ["phone"]
    assert audit.check(storage, APP) == {}


def test_a_removed_device_has_no_strikes_when_it_comes_back(storage):
    register(storage, APP, [device("phone")])
    strike(storage, APP, 0, {0: ("token of phone", "r")}, (3, 10.0), now_ms=0)
    bury(storage, APP, 0, {0: "token of phone"})
    restore(storage, APP, ["phone"], 5)
    assert struck(storage, APP, 0, [0]) == {}
    audit.check(storage, APP)
