"""The simulator says every row of the documents' tables, and ours have all their words; nothing more on either side."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

import clarion.providers.apns.outcome as apns
import clarion.providers.fcm.outcome as fcm
import clarion.providers.hms.outcome as hms
import clarion.providers.webpush.outcome as webpush
import clarion.providers.wns.outcome as wns
import simulator.apns.error
import simulator.fcm.error
import simulator.hms.error
import simulator.hms.token
import simulator.webpush.error
import simulator.wns.error
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer as OurAnswer
from simulator.exchange import Answer
from simulator.fault import Errors
from simulator.scenario import Scenario
from tests.contract.provider.document import Row, documented

PROVIDERS = ("fcm", "apns", "webpush", "wns", "hms")
#: The rows of each file: one that is lost by accident is missed.
COUNTS = {"fcm": 15, "apns": 39, "webpush": 55, "wns": 13, "hms": 31}


TABLES = {provider: documented(provider) for provider in PROVIDERS}
ROWS = [(name, row) for name in PROVIDERS for row in TABLES[name]]
#: All but those of a token endpoint, which are none of the outcomes of a message.
OUTCOMES = [(name, row) for name, row in ROWS if row.kind != "sub_error"]


def called(value: object) -> str:
    return "-".join(map(str, value))[:60] if isinstance(value, Row) else str(value)


# -- the simulator --------------------------------------------------------------------------------------------------


def document_of(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        return {}
    assert isinstance(content, dict)
    return content


def said_by_fcm(answer: Answer) -> tuple[str, str]:
    error = document_of(answer).get("error")
    if not isinstance(error, dict):
        return "", ""
    codes = [detail["errorCode"] for detail in error.get("details", ()) if "errorCode" in detail]
    return ("errorCode", codes[0]) if codes else ("status", error["status"])


def said_by_others(answer: Answer) -> tuple[str, str]:
    """A member of the JSON, a text, a header of WNS: `kind` and word."""
    document, headers = document_of(answer), dict(answer.headers)
    for name in ("reason", "errno", "code", "sub_error"):
        if name in document:
            return name, str(document[name])
    if headers.get(b"content-type", b"").startswith(b"text/plain"):
        return "text", answer.body.decode().strip()
    status = headers.get(b"x-wns-notificationstatus", b"").decode()
    return ("X-WNS-Status", status) if status else ("", "")


class Said(NamedTuple):
    """An answer of the simulator, by its scenario, and what it says."""

    scenario: str
    answer: Answer
    kind: str
    reason: str


def says(said: Said, row: Row) -> bool:
    return row.status in (None, said.answer.status) and (row.kind, row.reason) == (said.kind, said.reason)


#: What has names, and the names.
SOURCES: list[tuple[str, Errors, list[Mapping[str, object]]]] = [
    ("fcm", simulator.fcm.error.of_scenario, [simulator.fcm.error.ROWS, simulator.fcm.error.RAW]),
    ("apns", simulator.apns.error.of_scenario, [simulator.apns.error.REASONS, simulator.apns.error.RAW]),
    (
        "webpush",
        simulator.webpush.error.of_scenario,
        [getattr(simulator.webpush.error, name) for name in ("MOZILLA", "APPLE", "CHROME", "BARE", "RAW")],
    ),
    ("wns", simulator.wns.error.of_scenario, [simulator.wns.error.ROWS]),
    ("hms", simulator.hms.error.of_scenario, [simulator.hms.error.ROWS, simulator.hms.error.BARE]),
    ("hms", simulator.hms.token.of_scenario, [simulator.hms.token.FAULTS]),
]


def simulated() -> Iterator[tuple[str, Said]]:
    """Every answer that a scenario gives, with its provider."""
    for provider, build, tables in SOURCES:
        for name in (name for table in tables for name in table):
            answer = build(Scenario(name, {}), "project")
            assert answer is not None
            yield provider, Said(name, answer, *(said_by_fcm if provider == "fcm" else said_by_others)(answer))
    for name, answer in (
        ("success", simulator.hms.error.success(1)),
        ("partial", simulator.hms.error.partial(2, ["a"])),
    ):
        yield "hms", Said(name, answer, *said_by_others(answer))


ALL_SAID = list(simulated())
SIMULATED = {provider: [said for name, said in ALL_SAID if name == provider] for provider in PROVIDERS}
#: What the simulator can say beside the documents: bodies nobody can read, and what only a broken sender meets.
BEYOND = {
    # A front end answers 502 and 504 with HTML or with JSON; only the status is documented.
    "fcm": {"BAD_GATEWAY", "GATEWAY_TIMEOUT", "NOT_FOUND_HTML", "EMPTY_ERROR", "NOT_JSON", "EMPTY_SUCCESS"}
    | {"NOT_JSON_SUCCESS"},
    "apns": {"EMPTY_ERROR", "NOT_JSON", "BAD_GATEWAY_HTML"},
    "webpush": {"HTTP_200", "HTTP_204", "HTTP_418"},
    "wns": set(),
    # The numbers of the last three are not documented.
    "hms": {"EMPTY_SUCCESS", "NOT_JSON_SUCCESS", "UNSUPPORTED_GRANT_TYPE", "INTERNAL", "FLOW_CONTROL"},
}


def test_no_row_is_lost_or_there_twice() -> None:
    assert {provider: len(table) for provider, table in TABLES.items()} == COUNTS
    assert {provider: len(set(table)) for provider, table in TABLES.items()} == COUNTS


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=called)
def test_every_documented_answer_is_one_of_the_simulators(provider: str, row: Row) -> None:
    assert any(says(said, row) for said in SIMULATED[provider])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_simulator_says_is_documented(provider: str) -> None:
    unknown = [said for said in SIMULATED[provider] if not any(says(said, row) for row in TABLES[provider])]
    assert {said.scenario for said in unknown} == BEYOND[provider]


# -- our tables -----------------------------------------------------------------------------------------------------

#: Provider -> where a word stands -> the words that our tables have.
OURS: dict[str, dict[str, set[str]]] = {
    "fcm": {"errorCode": set(fcm.BY_ERROR_CODE) - {fcm.INVALID_TOKEN}},
    "apns": {"reason": {*apns.BY_REASON, *apns.BY_CHANNEL_REASON}},
    "webpush": {"reason": set(webpush.APPLE), "errno": {str(number) for number in webpush.MOZILLA}},
    "wns": {"X-WNS-Status": set(wns.BY_NOTIFICATION_STATUS)},
    "hms": {"code": set(hms.BY_CODE)},
}
CLASSIFY: dict[str, Callable[[OurAnswer], Result]] = {
    "fcm": fcm.classify,
    "apns": apns.classify,
    "webpush": webpush.classify,
    "wns": wns.classify,
    "hms": hms.classify,
}


@pytest.mark.parametrize(("provider", "kind"), [(provider, kind) for provider, kinds in OURS.items() for kind in kinds])
def test_our_tables_have_every_documented_word_and_no_other(provider: str, kind: str) -> None:
    assert OURS[provider][kind] == {row.reason for row in TABLES[provider] if row.kind == kind}


def test_our_words_from_chrome_are_each_found_in_one_documented_text() -> None:
    texts = [row.reason.lower() for row in TABLES["webpush"] if row.kind == "text"]
    found = [[text for text in texts if words in text] for words in webpush.CHROME]
    assert sorted(found) == sorted([text] for text in texts)


@pytest.mark.parametrize(("provider", "row"), OUTCOMES, ids=called)
def test_we_know_what_every_documented_answer_means(provider: str, row: Row) -> None:
    for said in (each for each in SIMULATED[provider] if says(each, row)):
        headers = {name.decode(): value.decode() for name, value in said.answer.headers}
        result = CLASSIFY[provider](OurAnswer(0, said.answer.status, said.answer.body, headers=headers))
        assert result.verdict is not Verdict.UNKNOWN or row.reason == "UNSPECIFIED_ERROR"
        assert not result.reason.startswith("HTTP_")
