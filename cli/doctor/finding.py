"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    #: As it should be.
    OK = "ok"
    #: It works, and something should be done.
    WARN = "warn"
    #: It does not work, or will lose something.
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was looked at, how it is, and what to do; `advice` is empty when all is well."""

    check: str
    level: Level
    says: str
    advice: str = ""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, says)


def warn(check: str, says: str, advice: str) -> Finding:
    """It works, and something should be done."""
    return Finding(check, Level.WARN, says, advice)


def fail(check: str, says: str, advice: str) -> Finding:
    """It does not work, or will lose something."""
    return Finding(check, Level.FAIL, says, advice)
