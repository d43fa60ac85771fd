"""Header blocks, read back by another implementation's decoder."""

from __future__ import annotations

import email.utils
import time

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.delivery.engine.http2.block import RequestBlocks
from clarion.delivery.engine.http2.response import ResponseBlocks
from tests.unit.engine.peer import block

LINES = ("content-type: application/json", "Authorization: Bearer secret")
OTHER = ("apns-topic: com.example", "x-big: " + "b" * 3000)


def fields(lines: tuple[str, ...], path: str, length: int) -> list[tuple[str, str]]:
    ours = [(line.partition(":")[0].lower(), line.partition(":")[2].strip()) for line in lines]
    pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", "h.example"), (":path", path)]
    return [*pseudo, ("user-agent", "clarion"), *ours, ("content-length", str(length))]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([LINES, OTHER, (), tuple(f"x-{n}: {'v' * 700}" for n in range(9))]),
            st.sampled_from([b"/send", b"/" + b"d" * 126, b"/" + b"d" * 400]),
            st.integers(0, 5000),
            st.none() | st.sampled_from([0, 100, 4096, 65_536]),
        ),
        max_size=20,
    )
)
def test_every_block_says_what_was_asked_for(requests):
    encoder, decoder = RequestBlocks("h.example", "clarion"), hpack.Decoder()
    for lines, path, length, table in requests:
        if table is not None:
            decoder.max_allowed_table_size = table
            encoder.limit_table(table)
        read = decoder.decode(encoder.encode(lines, path, length))
        assert read == fields(lines, path.decode(), length)


def test_the_second_block_of_the_same_request_is_short():
    encoder = RequestBlocks("h.example", "clarion")
    first, second, third = (encoder.encode(LINES, b"/send", 2) for _ in range(3))
    assert len(second) < len(first) / 3
    assert second == third


def test_a_block_is_decoded_once_and_a_retry_after_date_each_time():
    blocks = ResponseBlocks(["apns-id"])
    plain = block((":status", "200"), ("apns-id", "A-1"), ("x", "y"))
    assert blocks.decode(plain) is blocks.decode(plain)
    assert blocks.decode(plain).headers == {"apns-id": "A-1"}
    late = block((":status", "503"), ("retry-after", email.utils.formatdate(time.time() + 90, usegmt=True)))
    first, second = blocks.decode(late).retry_after_s, blocks.decode(late).retry_after_s
    assert first is not None
    assert second is not None
    assert 60 < second < first <= 91


def test_a_success_asks_for_no_pause():
    assert ResponseBlocks(()).decode(block((":status", "200"), ("retry-after", "9"))).retry_after_s is None


def test_an_entry_that_would_fill_the_table_is_never_kept_by_the_decoder():
    encoder, blocks = hpack.Encoder(), ResponseBlocks(())  # an encoder that knows nothing of the peer's settings
    assert blocks.decode(encoder.encode([(":status", "200"), ("x-a", "b")])).status == 200
    with pytest.raises(hpack.HPACKError):
        blocks.decode(encoder.encode([(":status", "200"), ("x-a", "b")]))
