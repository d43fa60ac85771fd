"""What APNs' answers mean. Errors are told apart by `reason`, then by the HTTP status.

Source: Apple, "Handling notification responses from APNs" and "Sending channel management requests to APNs".
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

_REASON = re.compile("[A-Za-z0-9]{1,64}")

ACCEPTED = Result(Verdict.ACCEPTED)
BAD_DEVICE_TOKEN = "BadDeviceToken"  # noqa: S105  # a reason's name

#: By `reason`.
BY_REASON = {
    "BadCollapseId": Verdict.REJECTED,
    BAD_DEVICE_TOKEN: Verdict.SUSPECT,
    "BadExpirationDate": Verdict.REJECTED,
    "BadMessageId": Verdict.REJECTED,
    "BadPriority": Verdict.REJECTED,
    "BadTopic": Verdict.CREDENTIAL,
    "DeviceTokenNotForTopic": Verdict.SUSPECT,
    "DuplicateHeaders": Verdict.REJECTED,
    "IdleTimeout": Verdict.RETRY,
    "InvalidPushType": Verdict.REJECTED,
    "MissingDeviceToken": Verdict.REJECTED,
    "MissingTopic": Verdict.CREDENTIAL,
    "PayloadEmpty": Verdict.REJECTED,
    "TopicDisallowed": Verdict.CREDENTIAL,
    "BadCertificate": Verdict.CREDENTIAL,
    "BadCertificateEnvironment": Verdict.CREDENTIAL,
    # Apple's pages write the first one, its servers were seen to write the second.
    "BadEnvironmentKeyIdInToken": Verdict.CREDENTIAL,
    "BadEnvironmentKeyInToken": Verdict.CREDENTIAL,
    "ExpiredProviderToken": Verdict.BEARER,
    "Forbidden": Verdict.CREDENTIAL,
    "InvalidProviderToken": Verdict.CREDENTIAL,
    "MissingProviderToken": Verdict.CREDENTIAL,
    "UnrelatedKeyIdInToken": Verdict.CREDENTIAL,
    "BadPath": Verdict.REJECTED,
    "MethodNotAllowed": Verdict.REJECTED,
    "ExpiredToken": Verdict.UNREGISTERED,
    "Unregistered": Verdict.UNREGISTERED,
    "PayloadTooLarge": Verdict.REJECTED,
    "TooManyProviderTokenUpdates": Verdict.THROTTLED,
    "TooManyRequests": Verdict.RETRY,
    "InternalServerError": Verdict.RETRY,
    "ServiceUnavailable": Verdict.RETRY,
    "Shutdown": Verdict.RETRY,
}

#: The same, of broadcasts and of the channels they go to.
BY_CHANNEL_REASON = {
    "BadChannelId": Verdict.REJECTED,
    "CannotCreateChannelConfig": Verdict.REJECTED,
    "ChannelNotRegistered": Verdict.REJECTED,
    "FeatureNotEnabled": Verdict.REJECTED,
    "MissingChannelId": Verdict.REJECTED,
    "MissingPushType": Verdict.REJECTED,
}

#: By HTTP status, for answers whose reason is not known, or that have none.
BY_STATUS = {
    413: Verdict.REJECTED,
    429: Verdict.RETRY,
    500: Verdict.RETRY,
    502: Verdict.RETRY,
    503: Verdict.RETRY,
    504: Verdict.RETRY,
}

_VERDICTS = BY_REASON | BY_CHANNEL_REASON


def classify(answer: Answer) -> Result:
    """What an answer other than 200 means."""
    error = _error(answer.body)
    reason = _word(error.get("reason"))
    verdict = _VERDICTS.get(reason or "") or BY_STATUS.get(answer.status, Verdict.UNKNOWN)
    return Result(
        verdict,
        reason or f"HTTP_{answer.status}",
        answer.retry_after_s,
        dead_since_ms=_instant(error.get("timestamp")) if verdict is Verdict.UNREGISTERED else None,
        elsewhere=reason == BAD_DEVICE_TOKEN,
    )


def _error(body: bytes) -> dict[str, Any]:
    try:
        error = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return error if isinstance(error, dict) else {}


def _instant(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _word(value: Any) -> str | None:
    """A reason goes into the books and the logs: only what looks like one."""
    return value if isinstance(value, str) and _REASON.fullmatch(value) else None
