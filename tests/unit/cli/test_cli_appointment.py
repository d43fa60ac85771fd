from __future__ import annotations

import pytest

from api import schedule_model
from clarion.calendar.repeat import Repeat
from clarion.message import State
from clarion.schedule.appointment import Appointment, Run, Timetable
from cli.appointment import appointment_lines, repetition, timetable_lines
from cli.screen import document
from tests.unit.cli.progress import MESSAGE_ID

#: 2026-07-01T12:00:00Z, and how long before it the first zone's clocks show noon.
NOON_MS, LEAD_MS = 1_782_907_200_000, 14 * 3_600_000
BERLIN = Repeat(cron="0 14 * * *", zone="Europe/Berlin")


def appointment(**given):
    return Appointment(
        **{
            "message_id": MESSAGE_ID,
            "channel": "news",
            "state": State.SCHEDULED,
            "due_ms": NOON_MS,
            "accepted_ms": 1_000,
        }
        | given
    )


def aliases(model):
    return {field.alias for field in model.model_fields.values()}


def test_the_json_has_the_words_of_the_http_api():
    run = Run(due_ms=1, at_ms=2, late_ms=1)
    shown = document(Timetable(appointment=appointment(repeat=BERLIN), history=(run,), upcoming=(3, 4)))
    assert set(shown) == aliases(schedule_model.Timetable)
    assert set(shown["appointment"]) == aliases(schedule_model.Appointment)
    assert set(shown["appointment"]["repeat"]) == aliases(schedule_model.Repetition)
    assert set(shown["history"][0]) == aliases(schedule_model.Run)
    assert shown["upcoming"] == [3, 4]


@pytest.mark.parametrize(
    ("repeat", "words"),
    [
        (None, "once"),
        (Repeat(every_ms=90_000), "every 90 s"),
        (Repeat(every_ms=86_400_000, count=1_000), "every 1 d, 1 000 times"),
        (Repeat(every_ms=86_400_000, count=1), "every 1 d, 1 time"),
        (BERLIN, "0 14 * * * (Europe/Berlin)"),
        (
            Repeat(cron="@daily", zone="Asia/Tokyo", expires_ms=NOON_MS),
            "@daily (Asia/Tokyo), until 2026-07-01 21:00:00+09:00",
        ),
    ],
)
def test_a_repetition_is_told_in_words(repeat, words):
    assert repetition(appointment(repeat=repeat)) == words


def test_a_repetition_by_local_time_has_no_zone():
    told = repetition(appointment(local=True, repeat=Repeat(cron="@daily", expires_ms=NOON_MS)))
    assert told == "@daily (local), until 2026-07-01 12:00:00"


def test_a_message_by_local_time_is_due_when_clocks_show_it():
    (_, line) = appointment_lines([appointment(local=True, due_ms=NOON_MS - LEAD_MS)], 0)
    assert line.startswith("2026-07-01 12:00:00 local  scheduled  news     once      message:")
    (_, line) = appointment_lines([appointment(due_ms=None, state=State.PAUSED)], 0)
    assert line.split() == ["-", "paused", "news", "once", MESSAGE_ID]


def test_instants_of_cron_are_shown_in_its_zone():
    runs = (Run(due_ms=NOON_MS, at_ms=NOON_MS + 180_000, late_ms=180_000, message_id="message:1", missed=2),)
    found = Timetable(
        appointment=appointment(repeat=BERLIN, runs=1, missed=2), history=runs, upcoming=(NOON_MS + 86_400_000,)
    )
    head, *lines = timetable_lines(found, 0)
    assert head.startswith(
        f"{MESSAGE_ID}: scheduled, channel news, 0 14 * * * (Europe/Berlin), 1 run, 2 missed, due 2026-07-01"
    )
    assert lines == [
        "next",
        "  Thu 2026-07-02 14:00:00+02:00",
        "so far",
        "  2026-07-01 14:00:00+02:00  message:1, late by 3 min, 2 missed",
    ]


@pytest.mark.parametrize(("late_ms", "words"), [(0, ""), (5_000, ""), (6_000, ", late by 6 s")])
def test_a_run_by_local_time_is_late_against_the_first_zone(late_ms, words):
    run = Run(due_ms=NOON_MS, at_ms=NOON_MS - LEAD_MS + late_ms, late_ms=late_ms, message_id="message:1")
    repeat = Repeat(every_ms=86_400_000)
    found = Timetable(appointment=appointment(local=True, repeat=repeat), history=(run,), upcoming=())
    assert list(timetable_lines(found, 0))[-1] == f"  2026-07-01 12:00:00  message:1{words}"


def test_what_nobody_came_to_is_overdue_and_the_next_one():
    late_ms = NOON_MS + 7_300_000
    this = appointment(repeat=BERLIN)
    (_, line) = appointment_lines([this], late_ms)
    assert ", overdue by 2 h  scheduled  " in line
    found = Timetable(appointment=this, history=(), upcoming=(NOON_MS, NOON_MS + 86_400_000))
    head, *lines = timetable_lines(found, late_ms)
    assert head.endswith(", overdue by 2 h")
    assert lines == [
        "next",
        "  Wed 2026-07-01 14:00:00+02:00, overdue by 2 h",
        "  Thu 2026-07-02 14:00:00+02:00",
    ]


def test_what_is_paused_says_for_how_long():
    this = appointment(state=State.PAUSED, paused_ms=NOON_MS)
    (_, line) = appointment_lines([this], NOON_MS + 3 * 86_400_000)
    assert "  paused for 3 d  news  " in line
    head, *_ = timetable_lines(Timetable(appointment=this, history=(), upcoming=(NOON_MS,)), NOON_MS + 3 * 86_400_000)
    assert head.startswith(f"{MESSAGE_ID}: paused for 3 d, channel news, ")
