"""Every answer of WNS: statuses with headers that say more, and empty bodies."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from simulator.exchange import Answer, Header
from simulator.scenario import Scenario

#: Two names of one header: what the service sends, and what the documents say.
WIRE_STATUS, DOCUMENTED_STATUS = b"x-wns-notificationstatus", b"x-wns-status"
#: Options of the scenarios, beside those of every error.
OPTIONS = frozenset({"continue_after", "spelling", "connection"})
#: Scenarios that say 200 and bring nothing to the device.
HELD_BACK = frozenset({"DROPPED", "CHANNEL_THROTTLED"})


class Row(msgspec.Struct, frozen=True):
    """One documented answer: HTTP status, what became of the notification, what went wrong."""

    http: int
    notification: str = ""
    description: str = ""


#: Scenario name -> answer.
ROWS: dict[str, Row] = {
    "RECEIVED": Row(200, "received"),
    "DROPPED": Row(200, "dropped"),
    "CHANNEL_THROTTLED": Row(200, "channelthrottled"),
    "BAD_REQUEST": Row(400, "", "One or more headers were specified incorrectly or conflict with another header."),
    "UNAUTHORIZED": Row(401, "", "The cloud service did not present a valid authentication ticket."),
    "FORBIDDEN": Row(403, "", "The cloud service is not authorized to send a notification to this URI."),
    "NOT_FOUND": Row(404, "", "The channel URI is not valid or is not recognized by WNS."),
    "METHOD_NOT_ALLOWED": Row(405, "", "Invalid method; only POST is allowed."),
    "NOT_ACCEPTABLE": Row(406, "", "The cloud service exceeded its throttle limit."),
    "GONE": Row(410, "", "The channel expired."),
    "PAYLOAD_TOO_LARGE": Row(413, "", "The notification payload exceeds the 5000 byte size limit."),
    "INTERNAL": Row(500, "", "An internal failure caused notification delivery to fail."),
    "UNAVAILABLE": Row(503, "", "The server is currently unavailable."),
}


class Refusal(Exception):
    """WNS refuses a request before it reaches a channel."""

    def __init__(
        self, row: str, description: str = "", *, status: int | None = None, outcome: str | None = None
    ) -> None:
        """Take a row's name; what is wrong, another status and another outcome, where they are not the row's."""
        super().__init__(row)
        #: the name under which it is counted
        self.outcome = outcome or row
        known = ROWS[row]
        self.answer = answer(Row(status or known.http, known.notification, description or known.description))


def answer(row: Row, *headers: Header, spelling: bytes = WIRE_STATUS) -> Answer:
    """Return a row as WNS sends it."""
    told: list[Header] = [(b"x-wns-debug-trace", b"SIMULATOR")]
    if row.notification:
        told.append((spelling, row.notification.encode()))
    if row.description:
        told.append((b"x-wns-error-description", row.description.encode()))
    return Answer(row.http, b"", (*told, *headers))


def of_scenario(scenario: Scenario, _: str = "") -> Answer | None:
    """Return the answer of a scenario, or None when its name is not one of WNS.

    Raises:
        ValueError: `spelling` is neither `wire` nor `documented`.
    """
    row = ROWS.get(scenario.name)
    if row is None:
        return None
    spellings = {"wire": WIRE_STATUS, "documented": DOCUMENTED_STATUS}
    spelling = spellings.get(scenario.options.get("spelling", "wire"))
    if spelling is None:
        raise ValueError("spelling must be wire or documented")
    headers: list[Header] = []
    if "continue_after" in scenario.options:
        headers.append((b"x-wns-continue-after", scenario.options["continue_after"].encode()))
    if row.http == HTTPStatus.OK:
        headers.append((b"x-wns-deviceconnectionstatus", scenario.options.get("connection", "connected").encode()))
    return answer(row, *headers, spelling=spelling)
