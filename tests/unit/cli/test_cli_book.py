from __future__ import annotations

from io import StringIO

from rich.console import Console

from api.progress_model import BookEntry, Books, Progress, RecentMessage
from clarion.message import PublishStatus, State
from clarion.standing import Standing
from clarion.standing import State as Gate
from clarion.status import Headline
from cli import clock
from cli.book import books_table, cancellation, headline_document, headline_lines, progress_document, summary
from tests.unit.cli.progress import MESSAGE_ID, progress


def aliases(model):
    return {field.alias for field in model.model_fields.values()}


def printed(renderable):
    console = Console(file=StringIO(), width=100)
    console.print(renderable)
    return console.file.getvalue()


def test_the_json_of_a_message_has_the_words_of_the_http_api():
    document = progress_document(progress(accepted=3, dead=1))
    assert set(document) == aliases(Progress)
    assert set(document["books"]) == aliases(Books)
    assert set(document["books"]["entries"][0]) == aliases(BookEntry)


def test_the_json_of_a_message_says_of_what_holds_it_no_more_than_the_http_api():
    held = Standing(provider="fcm", credential="secret", systems=("ANDROID",), rate_per_s=1, state=Gate.PARKED)
    assert progress_document(progress(pending=1, held=(held,)))["held"] == [
        {"provider": "fcm", "state": "parked", "reason": ""}
    ]


def test_the_json_of_a_list_of_messages_has_the_words_of_the_http_api():
    headline = Headline(
        message_id=MESSAGE_ID, status=PublishStatus.PUBLISHED, state=State.PUBLISHED, audience=3, accepted_ms=1_000
    )
    assert set(headline_document(headline)) == aliases(RecentMessage)


def test_the_table_has_each_outcome_and_ends_with_the_audience():
    lines = [line.split() for line in printed(books_table(progress(accepted=12_345, dead=2, pending=1))).splitlines()]
    assert lines[1:] == [
        ["accepted", "fcm", "12", "345"],
        ["unregistered", "fcm", "UNREGISTERED", "2"],
        ["pending", "1"],
        ["audience", "12", "348"],
    ]


def test_the_summary_says_how_long_it_took():
    assert summary(progress(accepted=1), 0) == "published, took 2.00 s"


def test_the_summary_of_an_open_message_says_what_is_open():
    words = summary(progress(State.DELIVERING, accepted=1, pending=1, unmatched=("a",)), 0)
    assert words == "published, delivering, 1 open shard, 1 device id that nobody answers to"


def test_an_id_in_a_list_is_never_cut():
    headline = Headline(
        message_id=MESSAGE_ID, status=PublishStatus.IN_PROGRESS, state=State.DELIVERING, audience=10**9, accepted_ms=0
    )
    (_, line) = headline_lines([headline])
    assert line.endswith(f"in progress  1 000 000 000  {MESSAGE_ID}")


def test_the_summary_of_a_message_that_waits_says_until_when():
    waits = {"status": PublishStatus.SCHEDULED, "began_ms": None, "due_ms": 1_782_907_200_000}
    at = clock.instant(1_782_907_200_000)
    assert summary(progress(State.SCHEDULED, **waits), 0) == f"scheduled, due {at}"
    assert summary(progress(State.PAUSED, **waits), 0) == f"scheduled, paused, due {at}"
    repeated = summary(progress(State.SCHEDULED, runs=3, missed=1, **waits), 0)
    assert repeated == f"scheduled, next run due {at}, 3 runs, 1 missed"


def test_the_summary_of_a_message_under_way_says_how_fast_and_until_when():
    words = summary(
        progress(
            State.DELIVERING,
            accepted=1,
            pending=1,
            parent=MESSAGE_ID,
            rate_per_s=0.251,
            limit_per_s=12_345.0,
            ends_ms=1_782_907_200_000,
        ),
        0,
    )
    at = clock.instant(1_782_907_200_000)
    run = f"a run of {MESSAGE_ID}"
    assert words.endswith(f", {run}, 1 open shard, 0.25/s, at most 12 345/s, ends about {at}")


def test_a_cancel_tells_how_much_was_done_before():
    assert cancellation(progress(State.CANCELLED, began_ms=None)) == "cancelled"
    assert cancellation(progress(State.CANCELLING, accepted=1_234)) == "cancelled; 1 234 were sent before"
    assert cancellation(progress(State.CANCELLED, runs=12, began_ms=None)) == "cancelled after 12 runs"
    assert cancellation(progress(State.CANCELLED, runs=1, began_ms=None)) == "cancelled after 1 run"


def test_the_summary_says_what_is_late_and_since_when_it_is_paused():
    waits = {"status": PublishStatus.SCHEDULED, "began_ms": None, "due_ms": 1_782_907_200_000}
    at, later_ms = clock.instant(1_782_907_200_000), 1_782_907_200_000 + 3 * 86_400_000
    assert summary(progress(State.SCHEDULED, **waits), later_ms) == f"scheduled, due {at}, overdue by 3 d"
    paused = summary(progress(State.PAUSED, paused_ms=1_782_907_200_000, **waits), later_ms)
    assert paused == f"scheduled, paused for 3 d, due {at}"


def test_a_paused_message_is_listed_as_such():
    headline = Headline(
        message_id=MESSAGE_ID, status=PublishStatus.IN_PROGRESS, state=State.PAUSED, audience=1, accepted_ms=0
    )
    (_, line) = headline_lines([headline])
    assert line.split()[2:] == ["paused", "1", MESSAGE_ID]
