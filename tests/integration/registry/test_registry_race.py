"""Registrations and removals that meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from clarion.errors import UnknownDeviceToUnregister
from clarion.registry import OS, Device, forget_removed, register, removed, restore, unregister
from tests.integration.registry import audit
from tests.integration.registry.burial import bury

APP = "app"
ROUNDS = 60


def device(name, token, **changes):
    return Device(token=token, device_id=name, os=OS.ANDROID, **changes)


def together(*calls):
    """Run the calls at the same time; returns their results, raises what they raised."""
    barrier = Barrier(len(calls))

    def start(call):
        barrier.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(timeout=60) for done in [pool.submit(start, call) for call in calls]]


def leave(storage, name):
    try:
        unregister(storage, APP, name, None, 0)
    except UnknownDeviceToUnregister:
        return False
    return True


def rounds(storage, *calls):
    """Each call gets the number of the round; after each round the registry must agree with itself."""
    for number in range(ROUNDS):
        together(*[partial(call, number) for call in calls])
        audit.check(storage, APP, strays=True)


def test_two_new_registrations_of_one_device_make_one_record(storage):
    for number in range(ROUNDS):
        name = f"d{number}"
        together(
            lambda name=name: register(storage, APP, [device(name, f"{name} a", channels=("a",))]),
            lambda name=name: register(storage, APP, [device(name, f"{name} b", channels=("b",))]),
        )
        assert len(audit.check(storage, APP, strays=True)) == number + 1


def test_two_new_devices_with_one_token_make_one_record(storage):
    for number in range(ROUNDS):
        token = f"t{number}"
        together(
            lambda token=token: register(storage, APP, [device(f"a {token}", token)]),
            lambda token=token: register(storage, APP, [device(f"b {token}", token)]),
        )
        assert len(audit.check(storage, APP, strays=True)) == number + 1


def test_a_token_that_two_known_devices_fight_for_ends_on_one_of_them(storage):
    for _ in range(ROUNDS):
        together(*[lambda name=name: register(storage, APP, [device(name, "t")]) for name in ("a", "b", "c")])
        assert len(audit.check(storage, APP, strays=True)) == 1


def test_batches_that_overlap_in_ids_and_tokens_agree_in_the_end(storage):
    def batch(shift, step):
        return [device(f"d{i}", f"t{(i * step + shift) % 40}", channels=(f"c{shift}", "default")) for i in range(40)]

    for number in range(ROUNDS // 3):
        together(
            lambda number=number: register(storage, APP, batch(number, 1)),
            lambda number=number: register(storage, APP, batch(number + 7, 3)),
        )
        assert len(audit.check(storage, APP, strays=True)) >= 1


@pytest.mark.parametrize("token", ["the same", "another"])
def test_a_device_that_registers_while_it_is_unregistered_is_whole_or_gone(storage, token):
    register(storage, APP, [device("a", "the same")])
    rounds(
        storage,
        lambda _: register(storage, APP, [device("a", token, expires_at=5)]),
        lambda _: leave(storage, "a"),
        lambda _: leave(storage, "a"),
    )


def test_a_device_that_renews_its_token_survives_the_death_of_the_old_one(storage):
    for number in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", f"old {number}")])
        together(
            lambda number=number: register(storage, APP, [device("a", f"new {number}")]),
            lambda number=number, at=ordinal: bury(storage, APP, 0, {at: f"old {number}"}),
        )
        [found] = audit.check(storage, APP, strays=True).values()
        assert found.token == f"new {number}"


def test_a_device_that_unregisters_while_it_is_removed_is_not_listed(storage):
    for _ in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", "t")])
        together(
            lambda: leave(storage, "a"),
            lambda at=ordinal: bury(storage, APP, 0, {at: "t"}),
            lambda at=ordinal: bury(storage, APP, 0, {at: "t"}),
        )
        assert list(removed(storage, APP)) == []
        assert audit.check(storage, APP, strays=True) == {}


def test_a_device_that_several_remove_is_listed_once(storage):
    for _ in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", "t")])
        together(*[lambda at=ordinal: bury(storage, APP, 0, {at: "t"}) for _ in range(3)])
        assert [each.device.device_id for each in removed(storage, APP)] == ["a"]
        assert audit.check(storage, APP, strays=True) == {}


def test_a_device_that_registers_while_it_is_restored_is_what_it_registered_as(storage):
    for number in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", "old")])
        bury(storage, APP, 0, {ordinal: "old"})
        together(
            lambda: restore(storage, APP, ["a"], 5),
            lambda number=number: register(storage, APP, [device("a", f"new {number}")]),
        )
        [found] = audit.check(storage, APP, strays=True).values()
        assert found.token == f"new {number}"


def test_a_token_that_another_device_registers_while_its_former_one_is_restored_stays_there(storage):
    for _ in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("old", "t")])
        bury(storage, APP, 0, {ordinal: "t"})
        together(
            lambda: restore(storage, APP, ["old"], 5),
            lambda: register(storage, APP, [device("new", "t")]),
        )
        [found] = audit.check(storage, APP, strays=True).values()
        assert found.device_id == "new"
        unregister(storage, APP, "new", None, 0)


def test_a_device_that_unregisters_while_it_is_restored_is_whole_or_gone(storage):
    register(storage, APP, [device("a", "t")])
    for _ in range(ROUNDS):
        for ordinal in audit.check(storage, APP, strays=True):
            bury(storage, APP, 0, {ordinal: "t"})
        together(lambda: restore(storage, APP, ["a"], 5), lambda: leave(storage, "a"))
        if not audit.check(storage, APP, strays=True):
            assert list(removed(storage, APP)) == []
            register(storage, APP, [device("a", "t")])


def test_restored_twice_at_once_a_device_is_registered_once(storage):
    for _ in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", "t")])
        bury(storage, APP, 0, {ordinal: "t"})
        together(*[lambda now=now: restore(storage, APP, ["a"], now) for now in (5, 5, 6)])
        assert len(audit.check(storage, APP, strays=True)) == 1


def test_a_device_that_is_forgotten_while_it_is_restored_is_whole_or_gone(storage):
    for _ in range(ROUNDS):
        [ordinal] = register(storage, APP, [device("a", "t")])
        bury(storage, APP, 0, {ordinal & 0xFFFF: "t"})
        together(lambda: restore(storage, APP, ["a"], 5), lambda: forget_removed(storage, APP, 9))
        assert len(audit.check(storage, APP, strays=True)) <= 1
        leave(storage, "a")
