"""What an HTTP/2 client sees when the connection itself fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.settings import SettingCodes

from tests.contract.simulator.peer import Peer
from tests.simulation import Simulation


@pytest.fixture
def peer(simulation: Simulation, bearer: dict[str, str]) -> Iterator[Peer]:
    with Peer(simulation, bearer["authorization"].removeprefix("Bearer ")) as peer:
        yield peer


def test_many_requests_on_one_connection_are_all_answered(peer: Peer) -> None:
    streams = peer.send(*(f"device-{number}" for number in range(90)))
    assert [peer.answer(stream)[0] for stream in streams] == [200] * 90


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("RESET", ErrorCodes.CANCEL),
        ("RESET;code=5", ErrorCodes.STREAM_CLOSED),
        ("REFUSED_STREAM", ErrorCodes.REFUSED_STREAM),
        ("INTERNAL_ERROR", ErrorCodes.INTERNAL_ERROR),
    ],
)
def test_a_reset_stream_gets_no_answer_and_the_connection_lives(
    peer: Peer, simulation: Simulation, scenario: str, code: ErrorCodes
) -> None:
    (broken,) = peer.send(f"sim:{scenario}:a")
    assert peer.wait(StreamReset, broken).error_code == code
    assert not peer.of(ResponseReceived, broken)
    (fine,) = peer.send("b")
    assert peer.answer(fine)[0] == 200
    assert simulation.counts()["accepted"] == 1


def test_a_late_reset_comes_in_the_middle_of_the_answer(peer: Peer, simulation: Simulation) -> None:
    (stream,) = peer.send("sim:RESET_LATE:a")
    peer.wait(StreamReset, stream)
    assert peer.of(ResponseReceived, stream)
    assert len(peer.of(DataReceived, stream)) == 1
    assert not peer.of(StreamEnded, stream)
    assert simulation.counts()["accepted"] == 1


def test_an_early_reset_comes_before_the_request_is_sent(peer: Peer, simulation: Simulation) -> None:
    simulation.rules({"fault": "RESET_EARLY;code=7", "count": 1})
    stream = peer.open()
    peer.flush()
    assert peer.wait(StreamReset, stream).error_code == ErrorCodes.REFUSED_STREAM
    (fine,) = peer.send("b")
    assert peer.answer(fine)[0] == 200
    assert simulation.counts()["outcomes"] == {"RESET_EARLY": 1, "OK": 1}


@pytest.mark.parametrize("scenario", ["DROP", "DROP_LATE"])
def test_a_dropped_connection_is_a_tcp_reset(peer: Peer, scenario: str) -> None:
    peer.send(f"sim:{scenario}:a")
    assert peer.wait_end() == "reset"


def test_an_early_drop_comes_before_the_request_is_sent(peer: Peer, simulation: Simulation) -> None:
    simulation.rules({"fault": "DROP_EARLY", "project": "first"})
    peer.open()
    peer.flush()
    assert peer.wait_end() == "reset"


def test_a_black_hole_never_answers_while_others_do(peer: Peer, simulation: Simulation) -> None:
    hole, fine = peer.send("sim:BLACKHOLE:a", "b")
    assert peer.answer(fine)[0] == 200
    with pytest.raises(TimeoutError):
        peer.wait(ResponseReceived, hole, within_s=0.3)
    assert simulation.counts()["connections"]["streams_open"] == 1


def test_a_black_hole_ends_when_the_client_gives_up(peer: Peer, simulation: Simulation) -> None:
    hole, fine = peer.send("sim:BLACKHOLE:a", "b")
    peer.answer(fine)
    peer.h2.reset_stream(hole, ErrorCodes.CANCEL)
    (last,) = peer.send("c")
    assert peer.answer(last)[0] == 200
    assert simulation.counts()["connections"]["streams_open"] == 0


def test_goaway_excludes_its_stream_finishes_the_lower_ones_and_closes(peer: Peer, simulation: Simulation) -> None:
    slow, excluded = peer.send("sim:OK;ms=300:a", "sim:GOAWAY:b")
    gone = peer.wait(ConnectionTerminated)
    assert (gone.error_code, gone.last_stream_id) == (ErrorCodes.NO_ERROR, slow)
    assert gone.additional_data == b"session_timed_out"
    assert peer.wait_end() == "fin"
    assert ("DataFrame", slow) in peer.frames
    assert ("HeadersFrame", excluded) not in peer.frames
    assert simulation.ledger()["sim:GOAWAY:b"]["accepted"] == 0
    assert simulation.counts()["accepted"] == 1


def test_goaway_never_denies_a_request_that_was_processed(peer: Peer, simulation: Simulation) -> None:
    first, second = peer.send("sim:GOAWAY;ms=200:a", "sim:OK;ms=400:b")
    assert peer.wait(StreamReset, first).error_code == ErrorCodes.REFUSED_STREAM
    assert peer.wait(ConnectionTerminated).last_stream_id == second
    assert simulation.ledger()["sim:OK;ms=400:b"]["accepted"] == 1


def test_goaway_covered_includes_its_stream(peer: Peer, simulation: Simulation) -> None:
    (stream,) = peer.send("sim:GOAWAY_COVERED:a")
    gone = peer.wait(ConnectionTerminated)
    assert (gone.error_code, gone.last_stream_id) == (ErrorCodes.NO_ERROR, stream)
    assert peer.wait_end() == "fin"
    assert ("DataFrame", stream) in peer.frames
    assert simulation.counts()["accepted"] == 1


@pytest.mark.parametrize(
    ("scenario", "code", "debug"),
    [
        ("GOAWAY_TOO_MANY_STREAMS", ErrorCodes.PROTOCOL_ERROR, b"exceeded_max_concurrent_streams"),
        ("GOAWAY_TOO_MANY_PINGS", ErrorCodes.ENHANCE_YOUR_CALM, b"too_many_pings"),
        ("GOAWAY_TOO_MANY_PINGS;code=2;debug=why", ErrorCodes.INTERNAL_ERROR, b"why"),
    ],
)
def test_an_abrupt_goaway_closes_at_once(
    peer: Peer, simulation: Simulation, scenario: str, code: ErrorCodes, debug: bytes
) -> None:
    peer.send("sim:OK;ms=5000:a", f"sim:{scenario}:b", "c")
    gone = peer.wait(ConnectionTerminated)
    assert (gone.error_code, gone.additional_data) == (code, debug)
    peer.wait_end()
    assert "c" not in simulation.ledger()


def test_more_streams_than_announced_end_the_connection(peer: Peer, simulation: Simulation) -> None:
    peer.events.clear()
    simulation.profile(max_concurrent_streams=2)
    peer.wait(RemoteSettingsChanged)
    peer.send("sim:OK;ms=5000:a", "sim:OK;ms=5000:b")
    # make our own client forget the limit
    peer.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 100
    peer.h2.remote_settings.acknowledge()
    peer.send("c")
    gone = peer.wait(ConnectionTerminated)
    assert gone.error_code == ErrorCodes.PROTOCOL_ERROR
    assert gone.additional_data == b"exceeded_max_concurrent_streams"


def test_settings_change_in_mid_connection(peer: Peer) -> None:
    peer.events.clear()
    (stream,) = peer.send("sim:SETTINGS;max_streams=7:a")
    changed = peer.wait(RemoteSettingsChanged).changed_settings
    assert changed[SettingCodes.MAX_CONCURRENT_STREAMS].new_value == 7
    assert peer.answer(stream)[0] == 200


def test_a_new_stream_limit_reaches_live_connections(peer: Peer, simulation: Simulation) -> None:
    peer.events.clear()
    simulation.profile(max_concurrent_streams=5)
    changed = peer.wait(RemoteSettingsChanged).changed_settings
    assert changed[SettingCodes.MAX_CONCURRENT_STREAMS].new_value == 5


def test_a_slow_body_comes_in_two_frames(peer: Peer) -> None:
    (stream,) = peer.send("sim:SLOW_BODY;ms=50:a")
    assert peer.answer(stream)[0] == 200
    assert len(peer.of(DataReceived, stream)) == 2


def test_slow_headers_come_after_faster_answers(peer: Peer) -> None:
    slow, fast = peer.send("sim:SLOW_HEADERS;ms=100:a", "b")
    peer.answer(fast)
    assert not peer.of(ResponseReceived, slow)
    assert peer.answer(slow)[0] == 200


def test_a_body_larger_than_a_tiny_window_is_still_received(simulation: Simulation, bearer: dict[str, str]) -> None:
    simulation.profile(initial_window_size=16)
    with Peer(simulation, bearer["authorization"].removeprefix("Bearer ")) as peer:
        body = b'{"message": {"token": "a", "data": {"k": "' + b"v" * 60 + b'"}}}'
        stream = peer.open()
        while body:
            while not (room := peer.h2.local_flow_control_window(stream)):
                peer.events.clear()
                peer.wait(WindowUpdated)
            part, body = body[:room], body[room:]
            peer.h2.send_data(stream, part, end_stream=not body)
            peer.flush()
        assert peer.answer(stream)[0] == 200


def test_an_answer_waits_for_the_clients_window(simulation: Simulation, bearer: dict[str, str]) -> None:
    with Peer(simulation, bearer["authorization"].removeprefix("Bearer ")) as peer:
        peer.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
        (stream,) = peer.send("a")
        peer.wait(DataReceived, stream)
        assert sum(len(event.data or b"") for event in peer.of(DataReceived, stream)) == 10
        peer.h2.increment_flow_control_window(1_000, stream)
        peer.flush()
        assert peer.answer(stream)[0] == 200


def test_pings_are_answered_and_counted(peer: Peer, simulation: Simulation) -> None:
    peer.h2.ping(b"12345678")
    peer.flush()
    assert peer.wait(PingAckReceived).ping_data == b"12345678"
    assert simulation.counts()["connections"]["pings"] == 1


def test_an_idle_connection_times_out(simulation: Simulation, bearer: dict[str, str]) -> None:
    simulation.profile(idle_timeout_s=0.05)
    with Peer(simulation, bearer["authorization"].removeprefix("Bearer ")) as peer:
        assert peer.wait(ConnectionTerminated).additional_data == b"session_timed_out"
        assert peer.wait_end() == "fin"


@pytest.mark.parametrize(("action", "end"), [("goaway", "fin"), ("drop", "reset")])
def test_the_control_plane_ends_live_connections(peer: Peer, simulation: Simulation, action: str, end: str) -> None:
    assert simulation.connections(action) >= 1
    assert peer.wait_end() == end


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00\x04\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02",
        b"\x00\x00\x01\x01\x05\x00\x00\x00\x01\xff",
        b"\x00\x00\x01\x01\x05\x00\x00\x00\x02\x88",
        b"\x00\x00\x05\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
        b"\x00\x00\x01\x09\x04\x00\x00\x00\x01\x88",
    ],
    ids=["push", "bad headers", "even stream", "bad settings", "huge frame", "lone continuation"],
)
def test_a_broken_frame_ends_the_connection_with_goaway(peer: Peer, simulation: Simulation, garbage: bytes) -> None:
    peer.write(garbage)
    assert peer.wait(ConnectionTerminated).error_code != ErrorCodes.NO_ERROR
    peer.wait_end()
    assert simulation.errors() == ""
