"""Times on the command line: so long, so long from now or ago, or a date and time."""

from __future__ import annotations

import re
from datetime import datetime

import typer

#: What a time may be, in the words of the options' help.
TIME = "a date and time (ISO 8601), epoch milliseconds, or +90s, +10m, +2h, +1d from now"

_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_duration = re.compile("([0-9]{1,9})([smhd]?)").fullmatch
_milliseconds = re.compile("[0-9]{1,15}").fullmatch


def parse_duration(option: str, text: str | None) -> int | None:
    """The whole seconds, 1 at least, that `90`, `90s`, `10m`, `2h` or `1d` stand for; None for None.

    Raises:
        typer.BadParameter: names the option; the text is none of these.
    """
    if text is None:
        return None
    seconds = _seconds(text)
    if not seconds:
        raise typer.BadParameter(f"{option} {text}: expected seconds, or 90s, 10m, 2h, 1d; 1 second at least")
    return seconds


def parse_moment(option: str, text: str | None, *, now_ms: int, local: bool) -> int | str | None:
    """The instant (epoch ms) that `+90s`, `+10m`, `+2h` or `+1d` from now is, or digits are; other texts stay.

    Args:
        option: what it is called.
        text: what was given for it; None when nothing was.
        now_ms: epoch milliseconds.
        local: it is what each device's own clock shows, and no instant.

    Raises:
        typer.BadParameter: names the option; the sign is followed by something else, or there is no instant.
    """
    if text is None or not text.startswith("+"):
        return text if text is None or not _milliseconds(text) else int(text)
    seconds = _seconds(text[1:])
    if seconds is None:
        raise typer.BadParameter(f"{option} {text}: expected a date and time, or +90s, +10m, +2h, +1d")
    if local:
        raise typer.BadParameter(f"{option} {text}: expected a date and time, because of --local-time")
    return now_ms + seconds * 1000


def parse_since(text: str | None, *, now_ms: int) -> int | None:
    """The instant (epoch ms) that `--since` means: so long ago, or a date and time, local unless it has an offset.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text is None:
        return None
    ago_s = None if text.isdecimal() else _seconds(text)
    if ago_s is not None and ago_s * 1000 <= now_ms:
        return now_ms - ago_s * 1000
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"--since {text}: expected 30m, 2h, 3d, or a date and time in ISO 8601") from None


def _seconds(text: str) -> int | None:
    found = _duration(text)
    return None if found is None else int(found[1]) * _UNITS_S[found[2]]
