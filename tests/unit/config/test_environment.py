from __future__ import annotations

import ast

import pytest

from config.fleet import ROOT

READERS = {"environ", "environb", "getenv", "getenvb"}


def reads(source):
    """The lines that reach for the environment: as an attribute (`os.environ`), or imported by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in READERS:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and READERS & {alias.name for alias in node.names}:
            yield node.lineno


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['A']", "import os as o\no.getenv('A')", "\nfrom os import path, environ as e"]
)
def test_a_reader_is_found_however_it_is_written(source):
    assert list(reads(source)) == [2]


def test_the_product_never_reads_the_environment():
    sources = (ROOT / "clarion").rglob("*.py")
    assert [f"{file.relative_to(ROOT)}:{line}" for file in sources for line in reads(file.read_text())] == []
