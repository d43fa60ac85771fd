"""docs/appearance.md says every part of the form, every header, and the limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarion.message import Appearance
from clarion.message.appearance import Button
from clarion.message.form import BADGE_MAX, PROVIDERS, TITLE_MAX, URL_MAX, camel
from clarion.message.look import HEADERS, PREFIXES

DOCUMENT = (Path(__file__).parents[3] / "docs" / "appearance.md").read_text()
PARTS = [*Appearance.__struct_fields__, *Button.__struct_fields__, *map(camel, Appearance.__struct_fields__)]
WORDS = {header for table in HEADERS.values() for header in table} | set(PREFIXES["WEB"]) | set(PROVIDERS)


@pytest.mark.parametrize("word", sorted({*PARTS, *WORDS}))
def test_it_says_every_word(word):
    assert f"`{word}`" in DOCUMENT


@pytest.mark.parametrize("limit", [TITLE_MAX, URL_MAX, BADGE_MAX])
def test_it_says_the_limits(limit):
    assert f"{limit:,}".replace(",", " ") in DOCUMENT
