"""Every error FCM answers with: google.rpc envelopes, and the raw bodies of Google's front end."""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.exchange import JSON_HEADERS, Answer, Header
from simulator.scenario import Scenario

_TYPE = "type.googleapis.com/"
_HTML_HEADERS: tuple[Header, ...] = ((b"content-type", b"text/html; charset=UTF-8"),)


class Violation(msgspec.Struct, frozen=True):
    """One entry of google.rpc.BadRequest.field_violations."""

    field: str
    description: str


class Refusal(Exception):
    """FCM refuses a request before it reaches a token."""

    def __init__(self, outcome: str, answer: Answer) -> None:
        super().__init__(outcome)
        #: the name under which it is counted
        self.outcome = outcome
        self.answer = answer


class Row(msgspec.Struct, frozen=True):
    """One documented error: HTTP status, google.rpc status, message, FcmError code and further details."""

    http: int
    status: str
    message: str
    error_code: str | None = None
    details: tuple[dict[str, Any], ...] = ()


def _bad_request(*violations: Violation) -> dict[str, Any]:
    listed = [
        {"field": v.field, "description": v.description} if v.field else {"description": v.description}
        for v in violations
    ]
    return {"@type": _TYPE + "google.rpc.BadRequest", "fieldViolations": listed}


def _apns_error(reason: str) -> dict[str, Any]:
    return {"@type": _TYPE + "google.firebase.fcm.v1.ApnsError", "statusCode": 403, "reason": reason}


def _error_info(reason: str) -> dict[str, Any]:
    return {
        "@type": _TYPE + "google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "fcm.googleapis.com", "method": "google.firebase.fcm.v1.FcmService.SendMessage"},
    }


_INVALID_REGISTRATION = "The registration token is not a valid FCM registration token"
_BAD_KEY = "Invalid data payload key: gcm"
_NOT_FOUND = "Requested entity was not found."
_THIRD_PARTY = "Auth error from APNS or Web Push Service"
_UNAUTHENTICATED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


def _quota_failure(subject: str) -> dict[str, Any]:
    violation = {"subject": subject, "description": f"Message rate of the {subject} exceeded"}
    return {"@type": _TYPE + "google.rpc.QuotaFailure", "violations": [violation]}


#: Scenario name -> google.rpc error. `reason=` replaces an ApnsError's reason.
ROWS: dict[str, Row] = {
    "INVALID_ARGUMENT": Row(
        400, "INVALID_ARGUMENT", _BAD_KEY, "INVALID_ARGUMENT", (_bad_request(Violation("message.data", _BAD_KEY)),)
    ),
    "INVALID_ARGUMENT_TOKEN": Row(
        400,
        "INVALID_ARGUMENT",
        _INVALID_REGISTRATION,
        "INVALID_ARGUMENT",
        (_bad_request(Violation("message.token", _INVALID_REGISTRATION)),),
    ),
    "INVALID_ARGUMENT_BARE": Row(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "UNAUTHENTICATED": Row(
        401, "UNAUTHENTICATED", _UNAUTHENTICATED, None, (_error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED"),)
    ),
    "THIRD_PARTY_AUTH_ERROR": Row(
        401, "UNAUTHENTICATED", _THIRD_PARTY, "THIRD_PARTY_AUTH_ERROR", (_apns_error("InvalidProviderToken"),)
    ),
    "APNS_AUTH_ERROR": Row(
        401, "UNAUTHENTICATED", _THIRD_PARTY, "APNS_AUTH_ERROR", (_apns_error("BadEnvironmentKeyInToken"),)
    ),
    "SENDER_ID_MISMATCH": Row(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"),
    "PERMISSION_DENIED": Row(
        403,
        "PERMISSION_DENIED",
        "Permission 'cloudmessaging.messages.create' denied on resource "
        "'//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist).",
        None,
        (_error_info("IAM_PERMISSION_DENIED"),),
    ),
    "SERVICE_DISABLED": Row(
        403,
        "PERMISSION_DENIED",
        "Firebase Cloud Messaging API has not been used in project {project} before or it is disabled.",
        None,
        (_error_info("SERVICE_DISABLED"),),
    ),
    "UNREGISTERED": Row(404, "NOT_FOUND", _NOT_FOUND, "UNREGISTERED"),
    "NOT_FOUND": Row(404, "NOT_FOUND", _NOT_FOUND),
    "QUOTA_EXCEEDED": Row(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute' "
        "of service 'fcm.googleapis.com'.",
        "QUOTA_EXCEEDED",
        (_quota_failure("project"),),
    ),
    # In what form FCM says it of one device is not documented.
    "DEVICE_QUOTA_EXCEEDED": Row(
        429, "RESOURCE_EXHAUSTED", "Device message rate exceeded.", "QUOTA_EXCEEDED", (_quota_failure("device"),)
    ),
    "INTERNAL": Row(500, "INTERNAL", "Internal error encountered.", "INTERNAL"),
    "UNAVAILABLE": Row(503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE"),
    "BAD_GATEWAY": Row(502, "UNAVAILABLE", "Please try again in 30 seconds."),
    "GATEWAY_TIMEOUT": Row(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    "UNSPECIFIED_ERROR": Row(500, "UNKNOWN", "Unknown error.", "UNSPECIFIED_ERROR"),
}


def _html(status: int, title: str, text: str) -> Answer:
    body = f"<!DOCTYPE html>\n<html lang=en>\n<title>Error {status} ({title})!!1</title>\n<p><b>{status}.</b> {text}\n"
    return Answer(status, body.encode(), _HTML_HEADERS)


#: Scenario name -> a response that is no google.rpc error.
RAW: dict[str, Answer] = {
    "BAD_GATEWAY_HTML": _html(
        502, "Server Error", "The server encountered a temporary error. Please try again in 30 seconds."
    ),
    "GATEWAY_TIMEOUT_HTML": _html(504, "Gateway Timeout", "The server took too long. Please try again in 30 seconds."),
    "NOT_FOUND_HTML": _html(404, "Not Found", "The requested URL was not found on this server."),
    "EMPTY_ERROR": Answer(503, b"", ()),
    "NOT_JSON": Answer(500, b'{"error": {"code": 500, "mess'),
    "EMPTY_SUCCESS": Answer(200, b"", ()),
    "NOT_JSON_SUCCESS": Answer(200, b"<html>OK</html>"),
}

#: Options of the scenarios above, beside those of every error.
OPTIONS = frozenset({"reason"})


def envelope(row: Row, headers: tuple[Header, ...] = ()) -> Answer:
    """Return a row as FCM writes it."""
    details: list[dict[str, Any]] = []
    if row.error_code is not None:
        details.append({"@type": _TYPE + "google.firebase.fcm.v1.FcmError", "errorCode": row.error_code})
    details.extend(row.details)
    error: dict[str, Any] = {"code": row.http, "message": row.message, "status": row.status}
    if details:
        error["details"] = details
    return Answer(row.http, msgspec.json.encode({"error": error}), JSON_HEADERS + headers)


def invalid_argument(violation: Violation) -> Refusal:
    """Return 400 for a body that FCM understood and refuses (row 1)."""
    row = Row(400, "INVALID_ARGUMENT", violation.description, "INVALID_ARGUMENT", (_bad_request(violation),))
    return Refusal("INVALID_ARGUMENT", envelope(row))


def malformed(*violations: Violation) -> Refusal:
    """Return 400 for a body that does not fit the schema, or is too big (row 2: no FcmError)."""
    if not violations:
        return Refusal("INVALID_ARGUMENT", envelope(ROWS["INVALID_ARGUMENT_BARE"]))
    message = "\n".join(violation.description for violation in violations)
    row = Row(400, "INVALID_ARGUMENT", message, None, (_bad_request(*violations),))
    return Refusal("INVALID_ARGUMENT", envelope(row))


def of_scenario(scenario: Scenario, project: str) -> Answer | None:
    """Return the error of a scenario in `project`, or None when its name is not an error of FCM."""
    row = ROWS.get(scenario.name)
    if row is None:
        return RAW.get(scenario.name)
    reason = scenario.options.get("reason")
    changed = Row(
        # the body says it too
        int(scenario.number("status", row.http)),
        row.status,
        row.message.replace("{project}", project),
        row.error_code,
        tuple({**detail, "reason": reason} if reason and "reason" in detail else detail for detail in row.details),
    )
    return envelope(changed)
