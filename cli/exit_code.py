"""How a command ends, as a number that scripts can rely on."""

from __future__ import annotations

from enum import IntEnum

from clarion.errors import (
    BodyTooLarge,
    ClarionError,
    InvalidField,
    Misconfigured,
    NotJSON,
    Unavailable,
    UnknownDevice,
    UnknownMessage,
)


class ExitCode(IntEnum):
    """What the number says."""

    #: It did what was asked.
    OK = 0
    #: The operation failed, or was refused.
    FAILED = 1
    #: An argument, a setting or a file cannot be used; nothing was done.
    USAGE = 2
    #: No such message or device.
    NOT_FOUND = 3
    #: Redis or a server cannot be reached.
    UNREACHABLE = 4
    #: Ctrl-C, or SIGTERM.
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[ClarionError], ExitCode], ...] = (
    (Misconfigured, ExitCode.USAGE),
    (InvalidField, ExitCode.USAGE),
    (NotJSON, ExitCode.USAGE),
    (BodyTooLarge, ExitCode.USAGE),
    (UnknownMessage, ExitCode.NOT_FOUND),
    (UnknownDevice, ExitCode.NOT_FOUND),
    (Unavailable, ExitCode.UNREACHABLE),
)


def exit_code(error: ClarionError) -> ExitCode:
    """How a command that met `error` ends."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ExitCode.FAILED)
