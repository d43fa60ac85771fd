"""Single header fields: what is written another implementation reads, and what is found it finds too."""

from __future__ import annotations

import hpack
import pytest
from hpack.hpack import decode_integer
from hypothesis import given
from hypothesis import strategies as st

from clarion.delivery.engine.http2.field import Finder, integer, literal

NAMES = [b":status", b"retry-after", b"apns-id", b"x-wns-status", b"content-type", b"date", b"server", b"x"]
WANTED = [b":status", b"retry-after", b"apns-id", b"content-type", b"x-never-there"]
VALUES = st.sampled_from([b"200", b"410", b"", b"60", b"v" * 300]) | st.binary(max_size=200)
SHAPES = st.sampled_from([hpack.HeaderTuple, hpack.NeverIndexedHeaderTuple])


def decoder() -> hpack.Decoder:
    """Another implementation, told to keep no table."""
    one = hpack.Decoder()
    one.header_table.maxsize = one.max_allowed_table_size = 0
    return one


def encoder() -> hpack.Encoder:
    one = hpack.Encoder()
    one.header_table_size = 0
    return one


def wanted(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in fields if name in WANTED]


BLOCKS = st.builds(
    lambda fields, *, huffman, is_first: (encoder().encode if is_first else used().encode)(fields, huffman=huffman),
    st.lists(st.builds(lambda shape, *field: shape(*field), SHAPES, st.sampled_from(NAMES), VALUES), max_size=8),
    huffman=st.booleans(),
    is_first=st.booleans(),
)


def used() -> hpack.Encoder:
    """One that has already said that its table is empty."""
    one = encoder()
    one.encode([])
    return one


@given(BLOCKS)
def test_what_is_looked_for_is_found(block):
    assert Finder(WANTED).find(block) == wanted(decoder().decode(block, raw=True))


@given(st.lists(BLOCKS, max_size=8), st.data())
def test_what_was_found_before_changes_nothing(blocks, data):
    finder = Finder(WANTED)
    for block in blocks:
        # The same again, and the same but for its last bytes.
        for again in (block, block, block[: data.draw(st.integers(0, len(block)))] + data.draw(st.binary(max_size=9))):
            try:
                expected = Finder(WANTED).find(again)
            except hpack.HPACKError:
                with pytest.raises(hpack.HPACKError):
                    finder.find(again)
            else:
                assert finder.find(again) == expected


@given(
    block=BLOCKS | st.binary(max_size=60), at=st.integers(0, 400), noise=st.binary(max_size=4), end=st.integers(0, 400)
)
def test_in_any_bytes_the_same_is_found_if_another_implementation_takes_them(block, at, noise, end):
    broken = (block[:at] + noise + block[at + len(noise) :])[:end]
    try:
        expected = wanted(decoder().decode(broken, raw=True))
    except hpack.HPACKError:
        expected = None
    try:
        found = Finder(WANTED).find(broken)
    except hpack.HPACKError:
        found = None
    # What nobody looks at is not decoded: an error in its Huffman code is passed over.
    assert found == expected or expected is None


BROKEN = ["80", "be", "ff00", "7f0000", "3fe11f", "8820", "4005616263", "00", "047f", "0001780561626364", "ff" * 13]


@pytest.mark.parametrize("block", BROKEN)
def test_a_block_that_is_none_is_an_error(block):
    with pytest.raises(hpack.HPACKError):
        Finder(WANTED).find(bytes.fromhex(block))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["apns-id", "X-WNS-Tag", "Topic", "x" * 130]),
            st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=300),
        ),
        max_size=5,
    )
)
def test_a_literal_is_read_back(fields):
    block = b"".join(literal(f"{name}: {value}") for name, value in fields)
    read = hpack.Decoder().decode(block)
    assert read == [(name.lower(), value.strip()) for name, value in fields]
    assert all(type(field) is hpack.HeaderTuple for field in read)


@pytest.mark.parametrize("line", ["x: a\r\nb: c", "x: a\nb", "x", ": x", "x: \x00", "é: x", "a b: c", "x : y", ""])
def test_a_line_that_is_no_header_is_no_literal(line):
    with pytest.raises(ValueError, match="header line"):
        literal(line)


@given(st.integers(0, 1 << 30), st.integers(1, 8))
def test_an_integer_is_read_back(value, bits):
    encoded = integer(value, bits)
    assert decode_integer(encoded, bits) == (value, len(encoded))
