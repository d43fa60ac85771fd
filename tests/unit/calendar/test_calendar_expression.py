"""What callers may write for cron."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clarion.calendar.cron import check_cron, next_ms

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/30 * * * *",
        "0 9 * * 1-5",
        "0 9 * * mon-fri",
        "0 0 29 2 *",
        "0 0 31 * *",
        "0 0 31 2 1",
        "0 0 l * *",
        "0 0 * * 1#5",
        "0 0 * * L5",
        "0 0 15W * *",
        "0 0 ? * ?",
        "5,35 8-18/2 1,15 JAN-Jun *",
        " 0\t0 * * * ",
        "@hourly",
        "@daily",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
        "@Daily",
    ],
)
def test_an_expression_of_five_fields_or_an_alias_is_cron(expression):
    check_cron(expression)
    assert next_ms(expression, BERLIN, 0) > 0


@pytest.mark.parametrize(
    "expression",
    [
        None,
        0,
        [],
        b"* * * * *",
        "",
        " ",
        "*",
        "* * * *",
        "* * * * * *",
        "* * * * * * *",
        "0 0 * * * 0 2030",
        "@reboot",
        "@every 5m",
        "@",
        "@@daily",
        "@daily @daily",
        "daily",
        "H * * * *",
        "h/15 * * * *",
        "H(0-5) * * * *",
        "R * * * *",
        "r/5 * * * *",
        "0 R * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * 0 *",
        "0 0 * * 8",
        "0 0 * * 1#6",
        "-1 * * * *",
        "*/0 * * * *",
        "1/0 * * * *",
        "1- * * * *",
        ", * * * *",
        "a b c d e",
        "0 0 * * 1,2#2",
        "0 0 1,15W * *",
        "99999999999999999999999 * * * *",
        "0-99999999999999999999/1 * * * *",
        "*\n* * * *",
        "*\u00a0* * * *",
        "0 ٠ * * *",
        "0 0 * * *; rm -rf /",
        pytest.param("0" + ",0" * 100 + " * * * *", id="200 characters"),
        pytest.param("* " * 1_000_000, id="two million characters"),
        pytest.param("*" * 1_000_000, id="a million stars"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(expression):
    with pytest.raises(ValueError, match="five fields of cron, or @hourly"):
        check_cron(expression)


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30 2 *", "* * 31 4,6,9,11 *", "0 0 31 6 ?"])
def test_an_expression_that_no_date_meets_is_refused(expression):
    with pytest.raises(ValueError, match="some date"):
        check_cron(expression)


FIELD = st.text("0123456789*,-/#?lLwWhHrRsunmonjan", min_size=1, max_size=8)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=120), st.lists(FIELD, min_size=5, max_size=5).map(" ".join)))
@example("? ? ? ? ?")
@example("* * ?/2 * *")
@example("* * l-5 * *")
@example("* * * * l#2")
@example("* * * * l9")
@example("* * l/2 * l#l")
@example("* * w1 2 *")
def test_whatever_is_written_it_is_due_some_time_or_a_value_error(expression):
    try:
        check_cron(expression)
    except ValueError:
        return
    assert next_ms(expression, BERLIN, 0) > 0
