from __future__ import annotations

import pytest

from clarion.message import Appearance
from clarion.providers.base import ContentRefused
from clarion.providers.content import ContentTooLong, fit


def written(shown):
    return f"<{shown.title or ''}{shown.body}>".encode()


def test_what_fits_is_left_alone():
    assert fit("P", 7, Appearance(body="hello", truncate=True), written) == b"<hello>"


def test_what_is_too_long_is_refused_with_size_limit_and_provider():
    with pytest.raises(ContentTooLong) as caught:
        fit("P", 6, Appearance(body="hello"), written)
    assert str(caught.value) == "P carries at most 6 bytes; the message has 7."
    assert (caught.value.limit_bytes, caught.value.size_bytes) == (6, 7)


@pytest.mark.parametrize("limit", range(5, 60))
@pytest.mark.parametrize("text", ["x" * 60, "ü" * 40, "e\u0301" * 30, "👩‍👩‍👧" * 4])
def test_what_may_be_cut_is_cut_as_little_as_it_must(text, limit):
    cut = fit("P", limit, Appearance(body=text, truncate=True), written)
    kept = cut.decode()[1:-2]
    assert len(cut) <= limit
    assert cut.decode()[-2:] == "…>"
    assert text.startswith(kept)
    units = {"x": 1, "ü": 1, "e": 2}.get(text[0], 5)
    assert len(kept) % units == 0
    assert len(f"<{text[: len(kept) + units]}…>".encode()) > limit


def test_what_cutting_does_not_help_is_refused():
    with pytest.raises(ContentRefused, match="the message has 16"):
        fit("P", 10, Appearance(title="long title", body="body", truncate=True), written)
    with pytest.raises(ContentRefused):
        fit("P", 1, Appearance(body="", truncate=True), written)


def test_a_size_may_be_measured_otherwise():
    cut = fit(
        "P", 8, Appearance(body="hello", truncate=True), lambda shown: shown, size=lambda shown: 2 * len(shown.body)
    )
    assert cut.body == "hel…"
