"""Repetition: when the runs of a message are due, and what becomes of those that nobody started in time."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from clarion.calendar import cron

#: A run that is started within this of its instant is in time, milliseconds.
GRACE_MS = 5_000
#: So many missed instants of cron are counted at most, for each has to be looked for: many messages may have missed
#: runs in the same outage, and the ones that are in time must not wait for that.
MOST_MISSED = 50

_MINUTE_MS = 60_000


class Misfire(StrEnum):
    """What becomes of runs that nobody started in time, because no beat was there."""

    #: One run, late, for all of them.
    COALESCE = "coalesce"
    #: None: the next one comes at its time.
    SKIP = "skip"


class Repeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a message is repeated: by an interval, or by cron.

    Attributes:
        every_ms: from the start of one run to the start of the next.
        cron: five fields, instead of an interval.
        zone: IANA name of the zone that `cron` is read in.
        expires_ms: no run is due at this instant or later, and none that is late starts then; None is never.
        count: so many runs at most; None is without end.
        misfire: what becomes of runs that nobody started in time.
    """

    every_ms: int | None = None
    cron: str | None = None
    zone: str = "UTC"
    expires_ms: int | None = None
    count: int | None = None
    misfire: Misfire = Misfire.COALESCE


class Step(NamedTuple):
    """What is to be done when a run is due.

    Attributes:
        run_ms: the instant of the run to start now; None is no run.
        missed: how many instants are passed over; of cron at least so many, when it is `MOST_MISSED`.
        next_ms: the instant of the next run, later than now; None when it was the last.
    """

    run_ms: int | None
    missed: int
    next_ms: int | None


def first_ms(repeat: Repeat, begins_ms: int) -> int | None:
    """When the first run is due: at `begins_ms`, or by cron at its first time from then on; None when there is none."""
    if repeat.cron is None:
        return _unexpired(repeat, begins_ms)
    return _following(repeat, begins_ms, begins_ms - 1)


def following_ms(repeat: Repeat, due_ms: int) -> int | None:
    """When the run after the one of `due_ms` is due; None when that is at the expiry or later, or never."""
    return _following(repeat, due_ms, due_ms)


def step(repeat: Repeat, due_ms: int, now_ms: int, runs: int) -> Step:
    """What is to be done at `now_ms`, when a run has been due since `due_ms`.

    The run to start is that of the latest instant up to now, and it stands for the earlier ones. With `SKIP`, and once
    the repetition has expired, it is started only when it is no older than `GRACE_MS`.

    Args:
        repeat: the repetition.
        due_ms: the earliest instant that was neither run nor missed, as `first_ms` or `next_ms` gave it.
        now_ms: when nothing is due yet, nothing is done.
        runs: how many runs were started so far.
    """
    if _unexpired(repeat, due_ms) is None or (repeat.count is not None and runs >= repeat.count):
        return Step(None, 0, None)
    if now_ms < due_ms:
        return Step(None, 0, due_ms)
    until_ms = now_ms if repeat.expires_ms is None else min(now_ms, repeat.expires_ms - 1)
    latest_ms, earlier = _latest(repeat, due_ms, until_ms)
    next_ms = _following(repeat, due_ms, now_ms)
    late = now_ms - latest_ms > GRACE_MS
    if late and (repeat.misfire is Misfire.SKIP or until_ms < now_ms):
        return Step(None, earlier + 1 if repeat.cron is None else min(earlier + 1, MOST_MISSED), next_ms)
    last = repeat.count is not None and runs + 1 >= repeat.count
    return Step(latest_ms, earlier, None if last else next_ms)


def upcoming(repeat: Repeat, begins_ms: int, now_ms: int, limit: int) -> list[int]:
    """The instants of up to `limit` runs, and `count`: from `begins_ms` on, or after `now_ms` when that has passed."""
    due_ms = first_ms(repeat, begins_ms) if begins_ms >= now_ms else _following(repeat, begins_ms, now_ms)
    most = limit if repeat.count is None else min(limit, repeat.count)
    found: list[int] = []
    while due_ms is not None and len(found) < most:
        found.append(due_ms)
        due_ms = following_ms(repeat, due_ms)
    return found


def _unexpired(repeat: Repeat, due_ms: int | None) -> int | None:
    return None if due_ms is None or (repeat.expires_ms is not None and due_ms >= repeat.expires_ms) else due_ms


def _following(repeat: Repeat, due_ms: int, after_ms: int) -> int | None:
    """The first instant after `after_ms` in the rhythm of `due_ms`, which is not later."""
    if repeat.cron is not None:
        return _unexpired(repeat, cron.next_ms(repeat.cron, repeat.zone, after_ms))
    assert repeat.every_ms is not None
    return _unexpired(repeat, due_ms + ((after_ms - due_ms) // repeat.every_ms + 1) * repeat.every_ms)


def _latest(repeat: Repeat, due_ms: int, until_ms: int) -> tuple[int, int]:
    """The latest instant up to `until_ms` in the rhythm of `due_ms`, and how many come before it from `due_ms` on.

    Of cron, no more than `MOST_MISSED` are counted.
    """
    if repeat.cron is None:
        assert repeat.every_ms is not None
        steps = (until_ms - due_ms) // repeat.every_ms
        return due_ms + steps * repeat.every_ms, steps
    latest_ms = due_ms
    for earlier in range(MOST_MISSED):
        next_ms = cron.next_ms(repeat.cron, repeat.zone, latest_ms)
        if next_ms is None or next_ms > until_ms:
            return latest_ms, earlier
        latest_ms = next_ms
    apart_ms = (latest_ms - due_ms) // MOST_MISSED
    return _latest_match(repeat.cron, repeat.zone, latest_ms, until_ms, apart_ms), MOST_MISSED


def _latest_match(expression: str, zone: str, known_ms: int, until_ms: int, apart_ms: int) -> int:
    """The latest instant of cron up to `until_ms`.

    It is looked for before the end, ever further back, and then by halving; near it, one by one.

    Args:
        expression: the cron expression.
        zone: IANA name of its zone.
        known_ms: one of its instants, not after `until_ms`.
        until_ms: epoch milliseconds.
        apart_ms: how far apart they may be: where to look first.
    """
    end_ms, back_ms = until_ms, max(apart_ms, _MINUTE_MS)
    while end_ms - known_ms > _MINUTE_MS:
        middle_ms = max(end_ms - back_ms, (known_ms + end_ms) // 2)
        found_ms = cron.next_ms(expression, zone, middle_ms)
        if found_ms is None or found_ms > until_ms:
            end_ms, back_ms = middle_ms, back_ms * 2
        else:
            known_ms = found_ms
    while (found_ms := cron.next_ms(expression, zone, known_ms)) is not None and found_ms <= until_ms:
        known_ms = found_ms
    return known_ms
