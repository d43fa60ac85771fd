from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clarion.registry.bitmap import BITMAP_BYTES, FULL, count_of, from_bytes, from_slots, slots_of, to_bytes, union

slots = st.sets(st.integers(0, 65_535), max_size=50)


@given(slots)
def test_slots_survive_being_a_bitmap(members):
    data = to_bytes(from_slots(members))
    assert len(data) == BITMAP_BYTES
    assert slots_of(data) == sorted(members)
    assert count_of(data) == len(members)
    assert from_bytes(data) == from_slots(members)


@given(slots, slots)
def test_combining_bitmaps_combines_their_slots(one, other):
    a, b = from_slots(one), from_slots(other)
    assert slots_of(to_bytes(a & b)) == sorted(one & other)
    assert slots_of(to_bytes(union([a, b]))) == sorted(one | other)
    assert slots_of(to_bytes(a & (FULL ^ b))) == sorted(one - other)


def test_slot_0_is_the_highest_bit_of_byte_0():
    assert to_bytes(from_slots([0]))[:2] == b"\x80\x00"
    assert to_bytes(from_slots([65_535]))[-2:] == b"\x00\x01"


def test_a_short_bitmap_is_empty_at_its_end():
    assert from_bytes(b"\x40") == from_slots([1])


def test_every_slot_of_a_full_chunk_is_found():
    assert slots_of(to_bytes(FULL)) == list(range(65_536))


def test_the_union_of_nothing_is_nobody():
    assert slots_of(to_bytes(union([]))) == []
