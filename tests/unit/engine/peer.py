"""The other end of a connection, frame by frame: says frames, and reads those that the connection has queued."""

from __future__ import annotations

import hpack
from hyperframe.frame import Frame

from clarion.delivery.engine import Answer
from clarion.delivery.engine.http2 import frame
from clarion.delivery.engine.http2.connection import Connection


class Peer:
    def __init__(self, connection: Connection, answers: list[Answer]) -> None:
        self.connection = connection
        self.answers = answers
        self._at = len(frame.PREFACE)
        self.written()

    def say(self, *frames: Frame) -> None:
        for one in frames:
            self.connection.take(one.serialize())

    def written(self) -> list[Frame]:
        """The frames queued since the last call."""
        out = bytes(self.connection.link._out)
        frames = []
        while self._at < len(out):
            one, length = Frame.parse_frame_header(memoryview(out)[self._at : self._at + 9])
            one.parse_body(memoryview(out)[self._at + 9 : self._at + 9 + length])
            self._at += 9 + length
            frames.append(one)
        return frames

    def reasons(self) -> list[str]:
        return [answer.reason for answer in self.answers]


def block(*fields: tuple[str, str]) -> bytes:
    """A header block that adds nothing to a table."""
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    return encoder.encode([hpack.NeverIndexedHeaderTuple(*field) for field in fields])
