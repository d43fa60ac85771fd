"""What FCM's answers mean. Errors are told apart by `FcmError.errorCode`, then by the HTTP status.

Source: Firebase documentation, "ErrorCode" (REST reference) and "FCM error codes".
"""

from __future__ import annotations

from typing import Any

from clarion.providers.answer import FRONT_END, json_object, word
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

ACCEPTED = Result(Verdict.ACCEPTED)

#: Our word for INVALID_ARGUMENT where FCM blames the token.
INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105  # a reason
#: By `FcmError.errorCode`.
BY_ERROR_CODE = {
    "UNREGISTERED": Verdict.UNREGISTERED,
    "INVALID_ARGUMENT": Verdict.REJECTED,
    INVALID_TOKEN: Verdict.SUSPECT,
    "SENDER_ID_MISMATCH": Verdict.SUSPECT,
    "THIRD_PARTY_AUTH_ERROR": Verdict.REJECTED,
    "APNS_AUTH_ERROR": Verdict.REJECTED,
    "QUOTA_EXCEEDED": Verdict.THROTTLED,
    "UNAVAILABLE": Verdict.RETRY,
    "INTERNAL": Verdict.RETRY,
    "UNSPECIFIED_ERROR": Verdict.UNKNOWN,
}

#: By HTTP status, for answers without an error code: verdict, and the reason when the answer names none.
BY_STATUS = FRONT_END | {
    400: (Verdict.REJECTED, "INVALID_ARGUMENT"),
    401: (Verdict.BEARER, "UNAUTHENTICATED"),
    403: (Verdict.CREDENTIAL, "PERMISSION_DENIED"),
    404: (Verdict.CREDENTIAL, "NOT_FOUND"),
    413: (Verdict.REJECTED, "PAYLOAD_TOO_LARGE"),
    429: (Verdict.THROTTLED, "RESOURCE_EXHAUSTED"),
    500: (Verdict.RETRY, "INTERNAL"),
    503: (Verdict.RETRY, "UNAVAILABLE"),
}

#: The field that FCM blames when it is the token that it cannot read.
TOKEN_FIELD = "message.token"  # noqa: S105  # a field's name


def classify(answer: Answer) -> Result:
    """What an answer other than 200 means."""
    error = json_object(answer.body).get("error")
    error = error if isinstance(error, dict) else {}
    details = _objects(error.get("details"))
    code = next(filter(None, (word(detail.get("errorCode")) for detail in details)), None)
    if code is not None:
        if code == "INVALID_ARGUMENT" and _blames_token(details):
            code = INVALID_TOKEN
        return Result(BY_ERROR_CODE.get(code, Verdict.UNKNOWN), code, answer.retry_after_s)
    verdict, reason = BY_STATUS.get(answer.status, (Verdict.UNKNOWN, f"HTTP_{answer.status}"))
    return Result(verdict, word(error.get("status")) or reason, answer.retry_after_s)


def _blames_token(details: list[dict[str, Any]]) -> bool:
    violations = (violation for detail in details for violation in _objects(detail.get("fieldViolations")))
    return any(violation.get("field") == TOKEN_FIELD for violation in violations)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
