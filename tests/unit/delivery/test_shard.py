from __future__ import annotations

from clarion.delivery.shard import Shard, cut


def test_shards_hold_every_slot_once_and_no_more_than_their_size():
    slots = list(range(3, 5000, 7))
    shards = list(cut(4, slots, 100))
    held = [[slot for slot in slots if shard.first <= slot <= shard.last] for shard in shards]
    assert [slot for part in held for slot in part] == slots
    assert all(len(part) <= 100 for part in held)
    assert {shard.chunk for shard in shards} == {4}


def test_an_empty_audience_has_no_shards():
    assert list(cut(0, [], 100)) == []


def test_a_reference_names_its_shard():
    shard = Shard(3, 17, 65_535)
    assert shard.reference == "3.17.65535"
    assert Shard.parse(shard.reference) == shard
