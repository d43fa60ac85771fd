"""Header blocks are read as hpack, which others wrote and use, writes and reads them."""

from __future__ import annotations

import contextlib

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange import DUPLICATED
from simulator.http2.frame import Breach
from simulator.http2.header import HeaderReader

NAMES = st.sampled_from([b":path", b":method", b"authorization", b"apns-id", b"x-long" * 30, b"\xff"])
VALUES = st.binary(max_size=20) | st.sampled_from([b"POST", b"/", b"v" * 200, b"w" * 3000])
KINDS = st.sampled_from([hpack.HeaderTuple, hpack.NeverIndexedHeaderTuple])
FIELDS = st.builds(lambda kind, name, value: kind(name, value), KINDS, NAMES, VALUES)
BLOCKS = st.lists(
    st.tuples(
        st.lists(FIELDS, max_size=6, unique_by=lambda field: field[0]),
        st.booleans(),
        st.none() | st.sampled_from([0, 100, 4096]),
    ),
    max_size=8,
)


@given(BLOCKS)
def test_blocks_are_read_as_they_were_written(blocks: list[tuple[list[hpack.HeaderTuple], bool, int | None]]) -> None:
    encoder, reader = hpack.Encoder(), HeaderReader()
    for fields, huffman, table_size in blocks:
        if table_size is not None:
            encoder.header_table_size = table_size
        block = encoder.encode(fields, huffman=huffman)
        assert reader.read(block) == dict(fields)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_comes_is_read_as_hpack_reads_it_or_ends_the_connection(blocks: list[bytes]) -> None:
    decoder, reader = hpack.Decoder(), HeaderReader()
    for block in blocks:
        expected: dict[bytes, bytes] | None = None
        with contextlib.suppress(hpack.HPACKError):
            fields = decoder.decode(block, raw=True)
            expected = {bytes(name): bytes(value) for name, value in fields}
        try:
            found = reader.read(block)
        except Breach:
            return
        found.pop(DUPLICATED, None)
        assert found == expected


def test_a_header_that_comes_twice_is_marked() -> None:
    block = hpack.Encoder().encode([(b"a", b"1"), (b"a", b"2")])
    assert HeaderReader().read(block) == {b"a": b"2", DUPLICATED: b""}


@pytest.mark.parametrize(
    "block", [b"\x80", b"\xff", b"\xbf\xff\xff\xff\xff\x7f", b"\x82\x20", b"\x3f\xe2\x1f", b"\x00\x05a"]
)
def test_a_bad_block_ends_the_connection(block: bytes) -> None:
    with pytest.raises(Breach):
        HeaderReader().read(block)
