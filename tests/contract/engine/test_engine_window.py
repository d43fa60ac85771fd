"""How the window opens with what connections have proven."""

from __future__ import annotations

from clarion.delivery.engine.option import EngineOptions
from clarion.delivery.engine.window import Window

OPTIONS = EngineOptions(connections_max=3, streams_per_connection=10, streams_before_answer=1, grow_above_s=0.01)


def proven(connections: int) -> Window:
    window = Window(OPTIONS)
    window.prove()
    for _ in range(connections - 1):
        window.grow(0)
        window.prove()
    return window


def turn(window: Window, waited_s: float) -> bool:
    for _ in range(2):  # the rest of one turn, and a whole one
        window.is_due = False
        window.count(window.room, waited_s)
    return window.is_due


def test_one_request_goes_first_and_its_answer_opens_the_connection():
    window = Window(OPTIONS)
    assert window.room == 1
    window.prove()
    assert (window.room, window.connections) == (10, 1)


def test_a_turn_of_waiting_asks_for_growth():
    assert turn(proven(1), 0.05)


def test_a_turn_of_working_does_not():
    assert not turn(proven(1), 0.001)


def test_nothing_is_asked_for_while_a_connection_is_unproven():
    window = proven(1)
    window.grow(0)
    assert (window.room, window.connections) == (11, 2)
    assert not turn(window, 0.05)


def test_the_number_of_connections_has_a_limit():
    window = proven(3)
    window.grow(0)
    assert (window.room, window.connections) == (30, 3)


def test_what_the_server_does_not_take_is_taken_back_before_a_connection_is_added():
    window = proven(1)
    window.grow(held_back=6)
    assert (window.room, window.connections) == (4, 1)
    window.grow(0)
    assert (window.room, window.connections) == (5, 2)
    window.prove()
    assert window.room == 8


def test_with_all_connections_open_more_streams_are_tried_again():
    window = proven(3)
    window.grow(held_back=27)
    assert window.room == 3
    for room in (6, 12, 24, 30, 30):
        window.grow(0)
        assert window.room == room


def test_a_lost_connection_is_counted_once_and_must_be_proven_anew():
    window = proven(2)
    for _ in range(5):
        window.lose(connection=7)
    assert (window.room, window.connections) == (11, 2)
    window.prove()
    assert window.room == 20


def test_after_a_restart_everything_must_be_proven():
    window = proven(3)
    window.restart()
    assert window.room == 1
