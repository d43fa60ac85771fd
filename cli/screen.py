"""What a command writes: for people with rich, for scripts as JSON. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from rich.console import Console

#: Answers. Names of channels and devices are printed as they are, never read as rich's markup.
out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
#: Progress, hints and errors.
err = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)

#: With fewer devices a second, their fractions tell.
_FEW = 10


def emit(document: Any) -> None:
    """Write one JSON document, on one line."""
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    sys.stdout.flush()


def complain(message: str) -> None:
    """Say on stderr what went wrong."""
    err.print(f"clarion: {message}", style="red" if err.is_terminal else None)


def number(count: float) -> str:
    """A count as people read it: `12 345`."""
    return f"{count:,.0f}".replace(",", " ")


def rate(per_s: float) -> str:
    """Devices a second as people read it: `1 234/s`, `0.25/s`."""
    return f"{per_s:.2g}/s" if per_s < _FEW else f"{number(per_s)}/s"
