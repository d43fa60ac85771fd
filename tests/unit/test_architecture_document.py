from __future__ import annotations

import re

from config.fleet import ROOT

DOCUMENT = (ROOT / "ARCHITECTURE.md").read_text()


def test_every_promise_names_tests_that_exist():
    rows = re.findall(r"^\| (P\d) \|.*\| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert [number for number, _ in rows] == [f"P{number}" for number in range(1, 9)]
    sources = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    for number, tests in rows:
        names = re.findall(r"`(test_\w+)`", tests)
        assert names, number
        assert [name for name in names if f"\ndef {name}(" not in sources] == []
        assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/.]+)`", tests))
