"""The Lua scripts, read from `lua/`. A line `--#include name` is replaced by that file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lua"
_INCLUDE = re.compile(r"^--#include (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text and the digest Redis knows it by."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """The script `lua/<name>.lua`."""
    text = _text(name)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def all_scripts() -> list[Script]:
    """Every script that can be called; files whose name starts with an underscore are only included."""
    return [script(path.stem) for path in sorted(_FOLDER.glob("[!_]*.lua"))]


def _text(name: str) -> str:
    text = (_FOLDER / f"{name}.lua").read_text("utf-8")
    return _INCLUDE.sub(lambda match: _text(match[1]), text)
