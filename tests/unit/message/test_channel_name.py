from __future__ import annotations

import pytest

from clarion.errors import InvalidField
from clarion.message.channel import check_channel


@pytest.mark.parametrize(
    "name", ["default", "a b", "x" * 255, "Größe", "频道", "...", "a.b", "🥣", "👩‍🚀", "a|b", "100%"]
)
def test_letters_of_any_script_spaces_and_signs_make_a_name(name):
    assert check_channel(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 256, "a/b", "/", ".", "..", "a\nb", "\x00", "\x7f", "\x85", "\ud800", None, 5, b"a"]
)
def test_what_a_url_or_a_line_cannot_carry_is_no_name(name):
    with pytest.raises(InvalidField) as caught:
        check_channel(name)
    assert caught.value.field == "channel"
