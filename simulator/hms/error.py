"""Every answer of HMS: business codes in JSON, and bare HTTP statuses."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from simulator.exchange import JSON_HEADERS, Answer
from simulator.scenario import Scenario

SUCCESS, PARTIAL, ALL_ILLEGAL = "80000000", "80100000", "80300007"
#: A token with this scenario is not HMS', and the others of its request do not suffer for it.
ILLEGAL = "ILLEGAL"

#: Business code, which is also the scenario's name -> HTTP status and message. Huawei does not document the pairing.
ROWS: dict[str, tuple[int, str]] = {
    "80100001": (400, "Some request parameters are incorrect"),
    "80100003": (400, "Incorrect message structure"),
    "80100004": (400, "The message expiration time is earlier than the current time, or the ttl is incorrect"),
    "80100013": (400, "The collapse_key message field is incorrect"),
    "80100016": (400, "The message contains sensitive information"),
    "80100017": (400, "A maximum of 100 topic-based messages can be sent at the same time"),
    "80100018": (400, "The signature of the content review is incorrect"),
    "80200001": (401, "OAuth authentication error"),
    "80200003": (401, "OAuth token expired"),
    "80200005": (401, "JWT expired"),
    "80300002": (400, "The current app does not have the permission to send messages"),
    ALL_ILLEGAL: (400, "All tokens are invalid"),
    "80300008": (400, "The message body size exceeds the default value"),
    "80300010": (400, "The number of tokens in the message body exceeds the default value, or a field is misspelt"),
    "80300011": (400, "You are not authorized to send high-priority notification messages"),
    "80300013": (400, "The receipt address is incorrect"),
    "80600003": (500, "Failed to request the OAuth service"),
    "81000001": (500, "System internal error"),
}

#: Scenario name -> an answer without a business code.
BARE: dict[str, Answer] = {
    **{f"HTTP_{status}": Answer(status, b"", ()) for status in (400, 401, 404, 500, 502, 503)},
    "EMPTY_SUCCESS": Answer(200, b"", ()),
    "NOT_JSON_SUCCESS": Answer(200, b"<html>OK</html>"),
}
#: Those of them that a device gets its message with.
DELIVERED = frozenset({"EMPTY_SUCCESS", "NOT_JSON_SUCCESS"})


class Refusal(Exception):
    """HMS refuses a request."""

    def __init__(self, outcome: str, answer: Answer) -> None:
        super().__init__(outcome)
        #: the name under which it is counted
        self.outcome = outcome
        self.answer = answer


def refusal(code: str, message: str | None = None) -> Refusal:
    """Return the refusal with a business code, and in other words than usual if they are given."""
    status, usual = ROWS[code]
    return Refusal(code, _coded(status, code, message or usual))


def success(serial: int) -> Answer:
    """Return the answer when all is well."""
    return _coded(HTTPStatus.OK, SUCCESS, "Success", f"{serial:024d}")


def partial(tokens: int, illegal: Sequence[str]) -> Answer:
    """Return the answer when some of `tokens` tokens are illegal: JSON inside of a string."""
    report = {"success": tokens - len(illegal), "failure": len(illegal), "illegal_tokens": illegal}
    return _coded(HTTPStatus.OK, PARTIAL, msgspec.json.encode(report).decode())


def of_scenario(scenario: Scenario, _: str = "") -> Answer | None:
    """Return the answer of a scenario, or None when its name is not one of HMS."""
    code = ALL_ILLEGAL if scenario.name == ILLEGAL else scenario.name
    if code not in ROWS:
        return BARE.get(code)
    status, message = ROWS[code]
    return _coded(status, code, message)


def _coded(status: int, code: str, message: str, request_id: str = "0" * 24) -> Answer:
    content: dict[str, Any] = {"code": code, "msg": message, "requestId": request_id}
    return Answer(status, msgspec.json.encode(content), JSON_HEADERS)
