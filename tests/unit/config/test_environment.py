from __future__ import annotations

import ast

from config.fleet import ROOT


def test_the_product_never_reads_the_environment():
    readers = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in (ROOT / "clarion").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
    ]
    assert readers == []
