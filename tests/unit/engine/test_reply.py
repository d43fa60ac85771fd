"""Answers in HTTP/1.1, in any pieces: read as another implementation reads them."""

from __future__ import annotations

import contextlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.delivery.engine.http2.reply import ReplyReader

WANTED = ("x-wns-status", "content-type")


def read(data: bytes, cut: int, *, ends: bool) -> tuple[int, dict[str, str], bytes] | None:
    """What our reader makes of `data` in pieces of `cut` bytes; None when that is no whole answer."""
    reader = ReplyReader(WANTED)
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    for piece in [*pieces, b""] if ends else pieces:
        answer = reader.take(piece)
        if answer is not None:
            return answer[0].status, answer[0].headers, answer[1]
    return None


def read_otherwise(data: bytes, *, ends: bool) -> tuple[int, dict[str, str], bytes] | None:
    """What h11 makes of it.

    Raises:
        ValueError: it is refused.
    """
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="POST", target="/", headers=[("host", "h"), ("content-length", "0")]))
    peer.send(h11.EndOfMessage())
    status, headers, body = 0, {}, b""
    try:
        peer.receive_data(data)
        if ends and data:
            peer.receive_data(b"")
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
                for name, value in event.headers:
                    if name.decode() in WANTED:
                        headers[name.decode()] = value.decode("latin-1")
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, headers, body
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError as error:
        raise ValueError from error


def written(status: int, body: bytes, framing: str, chunk: int, *, interim: bool) -> bytes:
    lines = [b"HTTP/1.1 %d Whatever it is" % status, b"X-WNS-Status: received", b"Date:"]
    end = body
    if framing == "length":
        lines.append(b"Content-Length:  %d " % len(body))
    elif framing == "chunks":
        lines.append(b"Transfer-Encoding: Chunked")
        chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        end = b"".join(b"%X\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\nX: y\r\n\r\n"
    before = b"HTTP/1.1 102 Processing\r\n\r\n" if interim else b""
    return before + b"\r\n".join(lines) + b"\r\n\r\n" + end


REPLIES = st.builds(
    written,
    st.sampled_from([200, 201, 400, 404, 410, 503]),
    st.sampled_from([b"", b"\r\n", b"0\r\n\r\n"]) | st.binary(max_size=300),
    st.sampled_from(["length", "chunks", "end"]),
    st.integers(1, 40),
    interim=st.booleans(),
)


@given(data=REPLIES, cut=st.integers(1, 500))
def test_an_answer_in_pieces_is_read_whole(data, cut):
    expected = read_otherwise(data, ends=True)
    assert expected is not None
    assert read(data, cut, ends=True) == expected


@given(data=REPLIES, at=st.integers(0, 300), noise=st.binary(max_size=3), cut=st.integers(1, 500), ends=st.booleans())
def test_what_another_implementation_refuses_is_never_an_answer(data, at, noise, cut, ends):
    broken = data[:at] + noise + data[at + len(noise) :]
    try:
        found = read(broken, cut, ends=ends)
    except ValueError:
        return
    if found is not None:
        assert found == read_otherwise(broken, ends=ends)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_arbitrary_bytes_are_no_answer_or_an_error(data, cut):
    with contextlib.suppress(ValueError):
        assert read(data, cut, ends=True) is None


HEAD = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "http2": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "status": b"HTTP/1.1 20 OK\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "huge length": HEAD + b"Content-Length: 99999999\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "compressed": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "folded": HEAD + b"X: y\r\n z\r\n\r\n",
    "space in a name": HEAD + b"X : y\r\n\r\n",
    "no chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
    "chunk too long": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "endless body": HEAD + b"\r\n" + bytes(1 << 21),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_not_http1_is_an_error(data):
    with pytest.raises(ValueError, match=r"a |an |not "):
        read(data, len(data), ends=False)


@pytest.mark.parametrize(
    ("data", "stays"),
    [
        (HEAD + b"Content-Length: 0\r\n\r\n", True),
        (HEAD + b"Content-Length: 0\r\nConnection: keep-alive, CLOSE\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", True),
    ],
)
def test_whether_the_connection_stays_is_what_the_server_says(data, stays):
    reader = ReplyReader(())
    assert reader.take(data) is not None
    assert (reader.stays, reader.is_idle) == (stays, True)


def test_what_follows_an_answer_is_noticed():
    reader = ReplyReader(())
    assert reader.take(HEAD + b"Content-Length: 0\r\n\r\nHTTP/1.1 408 Late\r\n") is not None
    assert not reader.is_idle
