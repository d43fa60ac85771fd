"""What is wrong with the configuration, in one line that names the place and never shows the value."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

Path = tuple[int | str, ...]

_UNKNOWN = "extra_forbidden"
_WORDS = {_UNKNOWN: "not a name that is known here", "missing": "expected a value, found none"}


def dotted(path: Path) -> str:
    """A path into nested tables as people write it: `apps.demo.keys[0].scopes`."""
    steps = [step for step in path if step != "[key]"]  # pydantic's mark for "the name itself"
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def problem(error: ValidationError, name: Callable[[Path], str] = dotted) -> str:
    """What is wrong, as `place: what was expected`. Of several findings a name that is not known comes first.

    Args:
        error: pydantic's; its own words repeat no input, and its input is left out.
        name: turns the path of the offending value into the name its author knows.
    """
    findings = error.errors(include_input=False, include_url=False, include_context=False)
    # A misspelt name also makes the right one missing: the misspelling is the news.
    finding = min(findings, key=lambda finding: finding["type"] != _UNKNOWN)
    words = _WORDS.get(finding["type"], finding["msg"].removeprefix("Value error, ").rstrip("."))
    return f"{name(finding['loc'])}: {words}" if finding["loc"] else words
