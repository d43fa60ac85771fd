"""Whatever a client sends, an HTTP/2 session ends by a breach of protocol and never by an accident."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange import Limits
from simulator.http2 import frame
from simulator.http2.session import Session, Stream

FRAMES = st.builds(
    frame.frame, st.integers(0, 11), st.integers(0, 255), st.integers(0, 7), st.binary(max_size=40)
) | st.builds(
    # well-formed requests between the odd frames
    frame.frame,
    st.just(frame.HEADERS),
    st.sampled_from([frame.END_HEADERS, frame.END_HEADERS | frame.END_STREAM]),
    st.sampled_from([1, 3, 5, 7]),
    st.just(b"\x83\x86\x84"),
)


class Echo:
    """Answers each request with a body of 100 bytes and keeps count."""

    def __init__(self) -> None:
        self.session = Session(self, Limits(max_concurrent_streams=2))
        self.opened = self.closed = 0
        self.requests: set[int] = set()

    def stream_opened(self, _stream: Stream) -> None:
        self.opened += 1

    def request_complete(self, stream: Stream) -> None:
        assert stream.id not in self.requests
        self.requests.add(stream.id)
        self.session.send_headers(stream, b"\x88")
        self.session.send_data(stream, b"x" * 100, end=True)

    def stream_closed(self, _stream: Stream) -> None:
        self.closed += 1

    def pinged(self) -> None: ...

    def client_goes_away(self) -> None: ...


@given(st.lists(FRAMES, max_size=12), st.integers(1, 64))
def test_no_frames_whatever_surprise_a_session(frames: list[bytes], step: int) -> None:
    echo = Echo()
    echo.session.start()
    data = frame.PREFACE + b"".join(frames)
    with contextlib.suppress(frame.Breach):
        for start in range(0, len(data), step):
            echo.session.receive(data[start : start + step])
    assert echo.opened == echo.closed + len(echo.session.streams)


@given(st.binary(max_size=100))
def test_no_bytes_whatever_surprise_a_session(data: bytes) -> None:
    echo = Echo()
    with contextlib.suppress(frame.Breach):
        echo.session.receive(data)
        echo.session.receive(frame.PREFACE + data)
