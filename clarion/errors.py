"""Every error Clarion raises on purpose.

    ClarionError                    code, message, error_data: what the wire answers
     ├── InvalidField       90001   a value that cannot be used; names the field and what was expected
     │    ├── InvalidRepeat  5003   how often, how long, or by which cron it is repeated
     │    └── InvalidSchedule 5030  publishAt
     ├── NotJSON            90002   a body that is not a JSON object
     ├── BodyTooLarge       90003   a body over the limit
     ├── WrongApplication    2002   unknown application id or API key
     ├── PermissionDenied    5007   the key lacks the scope, or is not bound to the channel
     ├── UnknownDevice       5000   5001 when the device was to be unregistered
     ├── UnknownMessage      5040   no such message, or it is already cancelled or over, or has started
     ├── IdempotencyConflict 90004  the idempotency key was used for another publish
     ├── NotProvided        90005   asked for something this release does not do
     ├── Unavailable        90006   Redis cannot be reached or refuses writes; repeat with an idempotency key
     ├── Misconfigured      90007   a setting, credential or file that cannot be used
     └── RemoteError                a server's error under an unknown code

Codes below 90000 are Backendless' own; the others are Clarion's.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ClarionError(Exception):
    """Root of the tree: an integer `code`, a sentence, and optional machine-readable data."""

    code: ClassVar[int] = 90000

    def __init__(self, message: str, **error_data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.error_data = error_data


class InvalidField(ClarionError):
    """A value that cannot be used: `field` names it, `expected` says what would do."""

    code: ClassVar[int] = 90001

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"Invalid {field}: expected {expected}.", field=field, expected=expected)
        self.field = field


class InvalidRepeat(InvalidField):
    """The repetition of a publish does not hold together."""

    code: ClassVar[int] = 5003


class InvalidSchedule(InvalidField):
    """The time a publish is to start at cannot be used."""

    code: ClassVar[int] = 5030


class NotJSON(ClarionError):
    """The request's body is not a JSON object."""

    code: ClassVar[int] = 90002


class BodyTooLarge(ClarionError):
    """The request's body, or the message in it, is over the limit."""

    code: ClassVar[int] = 90003


class WrongApplication(ClarionError):
    """No application answers to that id and key. Which of the two is wrong is not told."""

    code: ClassVar[int] = 2002

    def __init__(self) -> None:
        super().__init__("Wrong application info: no application has this application id and API key.")


class PermissionDenied(ClarionError):
    """The key does not carry the scope, or is not bound to the channel."""

    code: ClassVar[int] = 5007


class UnknownDevice(ClarionError):
    """No device is registered under that id."""

    code: ClassVar[int] = 5000

    def __init__(self, device_id: str) -> None:
        super().__init__("Unable to retrieve device registration - unknown device ID.", deviceId=device_id)


class UnknownDeviceToUnregister(UnknownDevice):
    """No device is registered under the id that was to be unregistered."""

    code: ClassVar[int] = 5001

    def __init__(self, device_id: str) -> None:
        ClarionError.__init__(self, "Unable to cancel device registration - unknown device ID.", deviceId=device_id)


class UnknownMessage(ClarionError):
    """There is no such message, or what was asked for comes too late.

    One that is cancelled or over can not be cancelled, paused or resumed; one that has started can not be rescheduled.
    """

    code: ClassVar[int] = 5040

    def __init__(self, message_id: str) -> None:
        super().__init__("Message has already been canceled or does not exist.", messageId=message_id)


class IdempotencyConflict(ClarionError):
    """The idempotency key belongs to a publish with another content."""

    code: ClassVar[int] = 90004


class NotProvided(ClarionError):
    """The request is understood, and this release does not do it."""

    code: ClassVar[int] = 90005


class Unavailable(ClarionError):
    """The store cannot be reached or refuses writes. If only its answer was lost, the call may have taken effect."""

    code: ClassVar[int] = 90006


class Misconfigured(ClarionError):
    """A setting, credential or file that cannot be used."""

    code: ClassVar[int] = 90007


class RemoteError(ClarionError):
    """An error that a server reported under a code that this release does not know."""


def from_wire(code: int, message: str, error_data: dict[str, Any]) -> ClarionError:
    """The error that a server reported, as the class that has its code."""
    kind = _by_code(ClarionError).get(code, RemoteError)
    error = kind.__new__(kind)
    ClarionError.__init__(error, message, **error_data)
    if kind is RemoteError:
        error.error_data |= {"code": code}
    return error


def _by_code(kind: type[ClarionError]) -> dict[int, type[ClarionError]]:
    found = {} if kind in (ClarionError, RemoteError) else {kind.code: kind}
    for subclass in kind.__subclasses__():
        found |= _by_code(subclass)
    return found
