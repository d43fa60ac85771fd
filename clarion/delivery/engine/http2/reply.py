"""Answers in HTTP/1.1, read in whatever pieces they come: RFC 9112."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clarion.delivery.engine.http2.carrier import BODY_MAX_BYTES, HEAD_MAX_BYTES
from clarion.delivery.engine.http2.response import Response, read_response

_STATUS_LINE = re.compile(rb"HTTP/1\.(\d) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,6})[ \t]*(?:;[^\r\n]*)?")
_END = b"\r\n"
_OK, _SWITCHED = 200, 101
#: Never followed by a body.
_BODILESS = (204, 304)


class ReplyReader:
    """Reads one answer after the other.

    Args:
        wanted: lower-case names of the headers to keep.

    Attributes:
        stays: whether the connection may be used for another request after this answer.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self.stays = True
        self._wanted = tuple(wanted)
        self._in = bytearray()
        self._next()

    def _next(self) -> None:
        self._response: Response | None = None
        self._body = bytearray()
        self._is_chunked = False
        #: How long the body is; None: until the connection ends.
        self._length: int | None = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing has come of the next answer."""
        return self._response is None and not self._in

    def take(self, data: bytes) -> tuple[Response, bytes] | None:
        """Take what was read, b"" at the end; returns the answer once it is whole.

        Raises:
            ValueError: it is no HTTP/1.1, or too long.
        """
        self._in += data
        while self._response is None:
            if not self._read_head():
                return None
        if self._is_chunked:
            is_whole = self._read_chunks()
        elif self._length is None:
            self._body += self._in
            self._in.clear()
            is_whole = not data
        else:
            is_whole = len(self._in) >= self._length
            if is_whole:
                self._body, self._in = self._in[: self._length], self._in[self._length :]
        if len(self._body) + len(self._in) > BODY_MAX_BYTES + HEAD_MAX_BYTES:
            raise ValueError("an answer too long")
        if not is_whole:
            return None
        answer = self._response, bytes(self._body)
        self._next()
        return answer

    def _read_head(self) -> bool:
        """Read the status line and the header; whether they were there."""
        head, end, rest = self._in.partition(_END * 2)
        if len(head) > HEAD_MAX_BYTES:
            raise ValueError("a header too long")
        if not end:
            return False
        self._in = rest
        first, *lines = bytes(head).split(_END)
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise ValueError("not a status line")
        status, fields = int(found[2]), _fields(lines)
        if status >= _OK:
            self._response = read_response(status, fields, self._wanted)
            self._frame(status, fields, is_old=found[1] == b"0")
        elif status == _SWITCHED:
            raise ValueError("a protocol that nobody asked for")
        return True

    def _frame(self, status: int, fields: dict[bytes, bytes], *, is_old: bool) -> None:
        """How long the body is, and whether the connection stays: §6.3, §9.3."""
        coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
        if status in _BODILESS:
            self._length = 0
        elif coding is not None:
            if coding.lower() != b"chunked" or is_old or length is not None:
                raise ValueError("a body of unknown length")
            self._is_chunked = True
        elif length is not None:
            self._length = _read_length(length)
        else:
            self._length = None
        options = {option.strip().lower() for option in fields.get(b"connection", b"").split(b",")}
        self.stays = not is_old and self._length is not None and b"close" not in options

    def _read_chunks(self) -> bool:
        """Take the chunks that are there; whether that is all of them."""
        while (end := self._in.find(_END)) >= 0:
            found = _CHUNK_SIZE.fullmatch(self._in, 0, end)
            if found is None:
                raise ValueError("not a chunk")
            size, start = int(found[1], 16), end + len(_END)
            if size == 0:
                stop = self._in.find(_END * 2, end)
                if stop > end:
                    _fields(bytes(self._in[start:stop]).split(_END))  # trailers: nobody looks at what they say
                if stop >= 0:
                    del self._in[: stop + 2 * len(_END)]
                return stop >= 0
            stop = start + size
            if len(self._in) < stop + len(_END):
                return False
            if self._in[stop : stop + len(_END)] != _END:
                raise ValueError("a chunk of another length")
            self._body += self._in[start:stop]
            del self._in[: stop + len(_END)]
        return False


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise ValueError("not a header line")
        name, value = found[1].lower(), found[2]
        fields[name] = b", ".join((fields[name], value)) if name in fields else value
    return fields


def _read_length(value: bytes) -> int:
    lengths = {length.strip() for length in value.split(b",")}
    (length,) = lengths if len(lengths) == 1 else (b"",)
    if not length.isdigit() or int(length) > BODY_MAX_BYTES:
        raise ValueError("a body of unknown length, or too long")
    return int(length)
