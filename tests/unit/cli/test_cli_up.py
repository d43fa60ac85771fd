from __future__ import annotations

import socket


def test_a_port_that_is_taken_is_named_before_anything_starts(clarion, monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("CLARION_FLOWER_PORT", str(port))
        ended = clarion("up")
    assert ended.code == 2
    assert ended.err == (
        f"clarion: CLARION_FLOWER_PORT: 127.0.0.1 port {port}: Address already in use; choose another.\n"
    )
    assert list(tmp_path.iterdir()) == []
