"""What a connection makes of what its peer says: RFC 9113, case by case."""

from __future__ import annotations

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given
from hypothesis import strategies as st

from clarion.delivery.engine import Failure, Request
from clarion.delivery.engine.http2 import connection as module
from clarion.delivery.engine.http2.carrier import ConnectionOver
from clarion.delivery.engine.http2.stream import Stream
from tests.unit.engine.conftest import LINES
from tests.unit.engine.peer import block

OK = block((":status", "200"))
MAX_STREAMS, WINDOW, FRAME = 3, 4, 5
REFUSED, CANCEL = 7, 8


def headers(stream: int = 1, data: bytes = OK, *flags: str) -> HeadersFrame:
    return HeadersFrame(stream, data, flags=["END_HEADERS", *flags])


def data(stream: int = 1, body: bytes = b"{}", *flags: str) -> DataFrame:
    return DataFrame(stream, body, flags=["END_STREAM", *flags])


def settings(values: dict[int, int]) -> SettingsFrame:
    return SettingsFrame(0, settings=values)


def raw(length: int, kind: int, payload: bytes, flags: int = 0, stream: int = 0) -> bytes:
    return length.to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def test_the_first_bytes_forbid_pushes_and_a_header_table(make_peer):
    peer = make_peer()
    assert bytes(peer.connection.link._out).startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00")
    peer._at = 24
    first, window = peer.written()
    peer.connection.link.close()
    assert (first.settings[1], first.settings[2]) == (0, 0)
    assert window.window_increment == (1 << 31) - 1 - 65535


def test_settings_are_acknowledged_before_and_after_the_first_request(peer, begin):
    peer.say(settings({MAX_STREAMS: 1000}))
    begin()
    peer.say(settings({}))
    kinds = [type(frame) for frame in peer.written()]
    assert kinds == [SettingsFrame, HeadersFrame, DataFrame, SettingsFrame]
    assert peer.connection.allowance.streams == 100


def test_without_settings_only_one_stream_is_allowed_and_without_a_limit_ours_is(peer):
    assert peer.connection.allowance.streams == 1
    peer.say(settings({}))
    assert peer.connection.allowance.streams == 100


def test_a_limit_may_fall_to_nothing_and_rise_again(peer, begin):
    peer.say(settings({MAX_STREAMS: 10}))
    begin(), begin()
    peer.say(settings({MAX_STREAMS: 0}))
    assert (peer.connection.allowance.streams, peer.connection.room, peer.answers) == (0, 0, [])
    peer.say(settings({MAX_STREAMS: 5}))
    assert peer.connection.allowance.streams == 5


def test_a_body_waits_for_the_streams_window(peer, begin):
    peer.say(settings({WINDOW: 3}))
    stream = begin(b"0123456789")
    peer.say(WindowUpdateFrame(1, window_increment=5))
    parts = [frame for frame in peer.written() if isinstance(frame, DataFrame)]
    assert [part.data for part in parts] == [b"012", b"34567"]
    assert not any("END_STREAM" in part.flags for part in parts)
    assert (stream.end_at, peer.connection.room) == (0, 0)
    peer.say(WindowUpdateFrame(1, window_increment=100))
    (last,) = peer.written()
    assert (last.data, set(last.flags)) == (b"89", {"END_STREAM"})
    assert stream.end_at == peer.connection.link.queued


def test_a_window_may_become_negative(peer, begin):
    peer.say(settings({WINDOW: 5}))
    begin(b"0123456789")
    peer.say(settings({WINDOW: 0}))
    peer.written()
    peer.say(WindowUpdateFrame(1, window_increment=5))
    assert peer.written() == []
    peer.say(settings({WINDOW: 100}))
    assert [frame.data for frame in peer.written() if isinstance(frame, DataFrame)] == [b"56789"]


def test_a_body_waits_for_the_connections_window(peer, begin):
    peer.say(settings({WINDOW: 1 << 20, FRAME: 1 << 20}))
    begin(b"x" * 65_530), begin(b"0123456789")
    peer.written()
    peer.say(WindowUpdateFrame(0, window_increment=50))
    assert [frame.data for frame in peer.written()] == [b"56789"]


def test_an_empty_body_needs_no_window(peer, begin):
    peer.say(settings({WINDOW: 0}))
    begin(b"")
    (frame,) = [frame for frame in peer.written() if not isinstance(frame, SettingsFrame)]
    assert "END_STREAM" in frame.flags


def test_long_headers_and_bodies_are_cut_to_the_peers_frame_size(peer, begin):
    begin(b"x" * 20_000, (*LINES, "x-long: " + "y" * 20_000))
    kinds = [(type(frame), frame.body_len, sorted(frame.flags)) for frame in peer.written()]
    assert [kind for kind, _, _ in kinds] == [HeadersFrame, ContinuationFrame, DataFrame, DataFrame]
    assert max(length for _, length, _ in kinds) == 16_384
    assert [flags for _, _, flags in kinds] == [[], ["END_HEADERS"], [], ["END_STREAM"]]


def test_padding_priority_and_continuation_are_taken_off(peer, begin):
    begin()
    first = HeadersFrame(1, OK[:1], pad_length=3, flags=["PADDED", "PRIORITY"], stream_weight=7)
    peer.say(first, ContinuationFrame(1, OK[1:], flags=["END_HEADERS"]))
    padded = DataFrame(1, b"answer", pad_length=9, flags=["PADDED", "END_STREAM"])
    peer.say(padded)
    (answer,) = peer.answers
    assert (answer.status, answer.body) == (200, b"answer")


def test_a_frame_in_single_bytes_is_a_frame(peer, begin):
    begin()
    for byte in headers().serialize() + data().serialize():
        peer.connection.take(bytes((byte,)))
    assert peer.answers[0].body == b"{}"


def test_interim_answers_and_trailers_are_passed_over(peer, begin):
    begin()
    trailers = HeadersFrame(1, block(("x-sum", "1")), flags=["END_HEADERS", "END_STREAM"])
    peer.say(headers(1, block((":status", "103"))), headers(), DataFrame(1, b"{}"), trailers)
    (answer,) = peer.answers
    assert (answer.status, answer.body) == (200, b"{}")


@pytest.mark.parametrize("end", [data(), headers(1, block((":status", "100")), "END_STREAM")], ids=["data", "interim"])
def test_an_end_without_an_answer_is_ambiguous(peer, begin, end):
    begin()
    peer.say(end)
    assert [(answer.failure, answer.reason) for answer in peer.answers] == [(Failure.AMBIGUOUS, "PROTOCOL")]


def test_what_comes_after_the_end_is_passed_over(peer, begin):
    begin()
    peer.say(headers(), data(), data(1, b"more"), headers(), RstStreamFrame(1, error_code=0))
    assert [answer.body for answer in peer.answers] == [b"{}"]
    assert peer.connection.streams == {}


def test_an_answer_before_the_bodys_end_cancels_the_rest(peer, begin):
    peer.say(settings({WINDOW: 3}))
    begin(b"0123456789")
    peer.written()
    peer.say(headers(1, block((":status", "413")), "END_STREAM"))
    (reset,) = peer.written()
    assert isinstance(reset, RstStreamFrame)
    peer.say(WindowUpdateFrame(1, window_increment=100), WindowUpdateFrame(0, window_increment=100))
    assert (peer.written(), [answer.status for answer in peer.answers]) == ([], [413])


@pytest.mark.parametrize("code", [0, 1, 2, CANCEL, 11])
def test_a_reset_before_the_answer_is_ambiguous(peer, begin, code):
    begin()
    peer.say(RstStreamFrame(1, error_code=code))
    assert [(answer.failure, answer.reason) for answer in peer.answers] == [(Failure.AMBIGUOUS, "RESET")]


def test_a_refusal_gives_the_stream_back(peer, begin):
    stream = begin()
    peer.say(RstStreamFrame(1, error_code=REFUSED))
    assert (peer.connection.refused, peer.answers) == ([(stream, "REFUSED_STREAM")], [])


def test_a_reset_of_half_a_request_gives_it_back(peer, begin):
    peer.say(settings({WINDOW: 3}))
    stream = begin(b"0123456789")
    peer.say(RstStreamFrame(1, error_code=2))
    assert peer.connection.refused == [(stream, "REFUSED_STREAM")]


def test_two_goaways_drain_first_and_refuse_then(peer, begin):
    first, second = begin(), begin()
    peer.say(GoAwayFrame(0, last_stream_id=(1 << 31) - 1))
    assert peer.connection.draining
    assert peer.connection.refused == []
    peer.say(GoAwayFrame(0, last_stream_id=1))
    assert peer.connection.refused == [(second, "REFUSED_STREAM")]
    assert list(peer.connection.streams.values()) == [first]
    peer.say(headers(), data())
    assert [answer.status for answer in peer.answers] == [200]


def test_a_ping_is_answered_and_its_answer_is_not(peer):
    peer.say(PingFrame(0, b"12345678"), PingFrame(0, b"12345678", flags=["ACK"]))
    (pong,) = peer.written()
    assert (pong.opaque_data, set(pong.flags)) == (b"12345678", {"ACK"})


def test_unknown_frames_and_settings_are_passed_over(peer, begin):
    begin()
    peer.connection.take(raw(5, 0xBA, b"hello", 0xFF, 1) + raw(12, 4, b"\x00\x99" + bytes(4) + b"\x00\x06" + bytes(4)))
    peer.say(headers(), data())
    assert [answer.status for answer in peer.answers] == [200]


BROKEN = {
    "too long": raw(16_385, 0, b""),
    "http/1.1": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "hpack": raw(1, 1, b"\xff", 0x4, 1),
    "no such entry": raw(1, 1, b"\xbe", 0x4, 1),
    "larger table": raw(3, 1, b"\x3f\xe1\x1f", 0x4, 1),
    "status": headers(1, block((":status", "fine"))).serialize(),
    "padding of data": raw(3, 0, b"\x05ab", 0x8, 1),
    "padding of headers": raw(0, 1, b"", 0xC, 1),
    "push": PushPromiseFrame(1, 2, b"", flags=["END_HEADERS"]).serialize(),
    "stray continuation": ContinuationFrame(1, OK, flags=["END_HEADERS"]).serialize(),
    "interrupted block": HeadersFrame(1, OK).serialize() + PingFrame(0, bytes(8)).serialize(),
    "block of another": HeadersFrame(1, OK).serialize() + ContinuationFrame(3, OK).serialize(),
    "endless block": HeadersFrame(1, OK).serialize() + ContinuationFrame(1, bytes(16_384)).serialize() * 5,
    "short setting": raw(5, 4, bytes(5)),
    "frame size": settings({FRAME: 1}).serialize(),
    "window size": settings({WINDOW: 1 << 31}).serialize(),
    "window of nothing": raw(4, 8, bytes(4)),
    "window too large": raw(4, 8, b"\x7f\xff\xff\xff"),
    "window of a byte": raw(1, 8, b"\x01"),
    "long ping": raw(9, 6, bytes(9)),
    "short reset": raw(3, 3, bytes(3), 0, 1),
    "short goaway": raw(3, 7, bytes(3)),
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_what_is_not_http2_ends_the_connection(peer, begin, said):
    begin()
    with pytest.raises(ConnectionOver):
        peer.connection.take(said)
    assert peer.answers == []


def test_a_body_without_end_is_cut_off(peer, begin):
    begin()
    peer.say(headers())
    for _ in range(65):
        peer.connection.take(DataFrame(1, bytes(16_384)).serialize())
    assert peer.reasons() == ["PROTOCOL"]
    assert peer.connection.streams == {}


@pytest.mark.parametrize("line", ["x: a\r\nb: c", "x: a\nb", "x", ": x", "x: \x00", "é: x"])
def test_a_line_that_is_no_header_leaves_no_trace(peer, begin, line):
    before = peer.connection.link.queued
    with pytest.raises(ValueError, match="header line"):
        begin(b"{}", (*LINES, line))
    assert (peer.connection.streams, peer.connection.link.queued) == ({}, before)
    assert begin().number == 1


def test_when_stream_numbers_run_out_the_connection_drains(peer, begin, monkeypatch):
    monkeypatch.setattr(module, "NUMBER_MAX", 4)
    begin(), begin()
    assert not peer.connection.draining
    begin()
    assert peer.connection.draining


def test_a_late_request_is_ambiguous_and_the_silent_line_is_not_used_again(peer, begin):
    begin()
    assert peer.connection.expire(9.0) == 10.0
    assert peer.connection.expire(10.0) == float("inf")
    assert [(answer.failure, answer.reason) for answer in peer.answers] == [(Failure.AMBIGUOUS, "TIMEOUT")]
    assert peer.connection.draining


def test_a_late_request_without_its_end_is_not_sent(peer, begin):
    peer.say(settings({WINDOW: 3}))
    begin(b"0123456789")
    peer.connection.expire(10.0)
    assert peer.answers[0].failure is Failure.NOT_SENT
    assert peer.connection.allowance.is_known


def test_what_the_kernel_did_not_take_whole_may_go_elsewhere_when_the_line_is_lost(peer, begin):
    first, second = begin(), begin()
    peer.connection.link.written = first.end_at  # as `flush` counts it
    peer.connection.lose()
    assert peer.connection.refused == [(second, "LOST")]
    assert [(answer.failure, answer.reason) for answer in peer.answers] == [(Failure.AMBIGUOUS, "LOST")]


FRAMES = st.builds(
    lambda kind, flags, stream, payload: raw(len(payload), kind, payload, flags, stream),
    st.integers(0, 10),
    st.integers(0, 255),
    st.sampled_from([0, 1, 3, 5, 7, (1 << 32) - 1]),
    st.binary(max_size=40) | st.just(OK),
)


@given(said=st.lists(FRAMES | st.binary(max_size=60), max_size=12), cut=st.integers(1, 50))
def test_whatever_a_peer_says_each_request_ends_once(make_peer, said, cut):
    peer = make_peer(timeout_s=10.0)
    streams = [Stream(Request(n, "", LINES, b"x" * n), b"/", 10.0) for n in (0, 5, 70_000)]
    for stream in streams:
        peer.connection.begin(stream)
    everything = b"".join(said)
    try:
        for at in range(0, len(everything), cut):
            peer.connection.take(everything[at : at + cut])
    except ConnectionOver:
        pass
    peer.connection.lose()
    peer.connection.link.close()
    ended = [answer.tag for answer in peer.answers] + [stream.request.tag for stream, _ in peer.connection.refused]
    assert sorted(ended) == [0, 5, 70_000]
