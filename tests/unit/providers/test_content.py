from __future__ import annotations

import pytest

from clarion.message import Appearance, Message, Target
from clarion.providers.base import ContentRefused
from clarion.providers.content import ContentTooLong, collapse_digest, collapse_id, fit, looks, merged, remaining_s


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


def message(**fields):
    given = {"id": "message:1", "app": "demo", "body": "Hello", "target": Target(channel="default"), "accepted_ms": 0}
    return Message(**given | fields)


@pytest.mark.parametrize(
    ("ours", "given", "expected"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 3}}}, {"a": {"b": {"c": 3, "d": 2}}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": 1}, {"a": None}, {}),
        ({}, {"a": None, "b": {"c": None}}, {"a": None, "b": {"c": None}}),
    ],
)
def test_the_apps_own_members_join_ours(ours, given, expected):
    before = repr(ours)
    assert merged(ours, given) == expected
    assert repr(ours) == before


def test_a_header_that_cannot_be_used_is_content_refused():
    with pytest.raises(ContentRefused, match="ios-badge"):
        looks(message(headers={"ios-badge": "x"}), "IOS")


def test_what_is_left_of_a_life_is_never_less_than_nothing():
    assert remaining_s(message(), 5_000) is None
    assert [remaining_s(message(ttl_s=60), now_ms) for now_ms in (0, 1, 59_999, 61_000)] == [60, 59, 0, 0]


@pytest.mark.parametrize("key", ["k" * 65, "ü", "a b", "a\n"])
def test_a_collapse_key_that_no_header_has_is_its_digest(key):
    found = collapse_id(message(collapse_key=key))
    assert (len(found), found.isalnum()) == (64, True)
    assert found == collapse_digest(message(collapse_key=key), 32).hex()


def test_a_message_without_a_collapse_key_is_known_by_its_id():
    assert collapse_id(message()) == "message:1"
    assert collapse_id(message(collapse_key="scores")) == "scores"
    assert collapse_digest(message(), 8) != collapse_digest(message(id="message:2"), 8)
