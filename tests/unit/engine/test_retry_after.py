from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clarion.delivery.engine.retry_after import read_retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("37", 37.0),
        ("999999", 21_600.0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 03:05:05 -0000", 60.0),
        ("Fri, 02 Jan 2026 03:04:05 GMT", None),
        ("0", None),
        ("-5", None),
        ("²", None),
        ("", None),
        ("soon", None),
    ],
)
def test_a_pause_is_seconds_or_a_date_and_else_nothing(value, seconds):
    assert read_retry_after(value, NOW) == seconds
