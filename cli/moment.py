"""Times on the command line: so long, so long from now, or a date and time."""

from __future__ import annotations

import re

import typer

_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_duration = re.compile("([0-9]{1,9})([smhd]?)").fullmatch


def parse_duration(option: str, text: str | None) -> int | None:
    """The whole seconds that `90`, `90s`, `10m`, `2h` or `1d` stand for; None for None.

    Raises:
        typer.BadParameter: names the option; the text is none of these.
    """
    if text is None:
        return None
    seconds = _seconds(text)
    if seconds is None:
        raise typer.BadParameter(f"{option} {text}: expected seconds, or 90s, 10m, 2h, 1d")
    return seconds


def parse_moment(option: str, text: str | None, *, now_ms: int, local: bool) -> int | str | None:
    """The instant (epoch ms) that `+90s`, `+10m`, `+2h` or `+1d` from now is; other texts stay what they are.

    Args:
        option: what it is called.
        text: what was given for it; None when nothing was.
        now_ms: epoch milliseconds.
        local: it is what each device's own clock shows, and no instant.

    Raises:
        typer.BadParameter: names the option; the sign is followed by something else, or there is no instant.
    """
    if text is None or not text.startswith("+"):
        return text
    seconds = _seconds(text[1:])
    if seconds is None:
        raise typer.BadParameter(f"{option} {text}: expected a date and time, or +90s, +10m, +2h, +1d")
    if local:
        raise typer.BadParameter(f"{option} {text}: expected a date and time, because of --local-time")
    return now_ms + seconds * 1000


def _seconds(text: str) -> int | None:
    found = _duration(text)
    return None if found is None else int(found[1]) * _UNITS_S[found[2]]
