"""What a command writes: for people with rich, for scripts as JSON. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from rich.console import Console

from clarion.message.form import camel

#: Answers. Names of channels and devices are printed as they are, never read as rich's markup.
out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
#: Progress, hints and errors.
err = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)

#: With fewer devices a second, their fractions tell.
_FEW = 10


def emit(value: Any) -> None:
    """Write one JSON document, on one line."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def document(value: Any) -> Any:
    """A struct with all of its members, under the names that they have on the wire."""
    if isinstance(value, msgspec.Struct):
        return {camel(name): document(getattr(value, name)) for name in value.__struct_fields__}
    return [document(each) for each in value] if isinstance(value, list | tuple) else value


def complain(message: str) -> None:
    """Say on stderr what went wrong."""
    err.print(f"clarion: {message}", style="red" if err.is_terminal else None)


def number(count: float) -> str:
    """A count as people read it: `12 345`."""
    return f"{count:,.0f}".replace(",", " ")


def counted(count: int, what: str) -> str:
    """So many of something: `1 run`, `2 000 runs`."""
    return f"{number(count)} {what}" if count == 1 else f"{number(count)} {what}s"


def rate(per_s: float) -> str:
    """Devices a second as people read it: `1 234/s`, `0.25/s`."""
    return f"{per_s:.2g}/s" if per_s < _FEW else f"{number(per_s)}/s"
