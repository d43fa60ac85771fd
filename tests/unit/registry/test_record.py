from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.message import PushBroadcast
from clarion.registry import OS, Device
from clarion.registry.record import Record, decode, encode, pack_id, unpack_id
from clarion.registry.term import terms

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
devices = st.builds(
    Device,
    token=texts,
    device_id=texts | st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper()),
    os=st.sampled_from(OS),
    os_version=st.text(max_size=5),
    channels=st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple),
    registered_at=st.integers(0, 2**45),
    expires_at=st.none() | st.integers(0, 2**45),
    user_id=st.none() | texts,
    properties=st.dictionaries(
        texts, st.none() | st.integers(-(2**63), 2**64 - 1) | st.lists(st.booleans()), max_size=3
    ),
    environment=st.none() | st.sampled_from(["production", "sandbox"]),
    zone=st.none() | st.sampled_from(["Europe/Berlin", "UTC"]),
)


@given(devices)
def test_a_device_survives_being_stored(device):
    record = decode(encode(device))
    assert record.device() == device
    assert (record.device_id, record.os, record.channels) == (device.device_id, device.os, device.channels)
    assert terms(record) == terms(device)


@given(devices)
def test_a_record_starts_with_one_byte_and_its_token(device):
    """Scripts recognise the token by that."""
    assert encode(device)[1:].startswith(msgspec.msgpack.encode(device.token))


@given(st.text("0123456789abcdefABCDEF- ", min_size=36, max_size=36) | st.uuids().map(str))
def test_any_device_id_survives_being_packed(device_id):
    assert unpack_id(pack_id(device_id)) == device_id


@pytest.mark.parametrize(
    ("device_id", "size"),
    [
        ("01234567-89ab-cdef-0123-456789abcdef", 17),
        ("01234567-89AB-CDEF-0123-456789ABCDEF", 17),
        ("01234567-0000-0000-0000-000000000000", 17),
        ("01234567-89AB-CDEF-0123-456789abcdef", 37),
        ("0123456789ab-cdef-0123-456789abcdef-", 37),
        ("        -89ab-cdef-0123-456789abcdef", 37),
        ("short", 6),
    ],
)
def test_uuids_are_packed_into_half_their_size_and_nothing_else_is(device_id, size):
    packed = pack_id(device_id)
    assert len(packed) == size
    assert unpack_id(packed) == device_id


def test_a_plain_device_takes_no_more_than_it_must():
    device = Device(
        "t" * 163, "01234567-89ab-cdef-0123-456789abcdef", OS.ANDROID, "14", ("default", "channel-07"), 2**40
    )
    assert len(encode(device)) <= 220


@pytest.mark.parametrize("environment", [None, "sandbox"])
@pytest.mark.parametrize("user_id", [None, "u"])
def test_a_device_without_a_zone_takes_no_byte_for_it(environment, user_id):
    device = Device("t", "d", OS.IOS, registered_at=5, user_id=user_id, environment=environment)
    rest = [None, user_id, {}, environment][: 4 if environment else 3 if user_id else 0]
    assert encode(device) == msgspec.msgpack.encode(["t", pack_id("d"), 1, "", ["default"], 5, *rest])


@pytest.mark.parametrize("rest", [[], [None, "u", {}], [None, "u", {}, "sandbox"]])
def test_records_of_a_release_with_fewer_fields_are_read(rest):
    old = msgspec.msgpack.encode(["t", pack_id("d"), 1, "", ["default"], 5, *rest])
    assert decode(old) == Record("t", pack_id("d"), 1, "", ("default",), 5, *rest)


def test_records_of_a_release_with_more_fields_are_read():
    newer = msgspec.msgpack.encode(["t", pack_id("d"), 1, "", ["default"], 5, None, None, {}, None, "UTC", [1]])
    assert decode(newer).zone == "UTC"


def test_every_operating_system_has_a_bit():
    assert {os.value for os in OS} == {bit.name for bit in PushBroadcast}


def test_a_device_is_indexed_by_system_and_channels():
    assert terms(Device("t", "d", OS.HMS, channels=("a", "b:c"))) == ("os:HMS", "channel:a", "channel:b:c")
