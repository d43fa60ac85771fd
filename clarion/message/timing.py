"""When a message is sent, how often and how fast: whatever is wrong with that is found here, and named."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from clarion.app import Limits
from clarion.calendar.cron import check_cron
from clarion.calendar.hours import QuietHours, parse_hours
from clarion.calendar.instant import parse_instant
from clarion.calendar.repeat import Misfire, Repeat, first_ms
from clarion.calendar.zone import FIRST_ZONE_MS, LAST_ZONE_MS, is_zone
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message.field import flag, is_whole
from clarion.message.option import DeliveryOptions

_DAY_S = 86_400
EVERY_MAX_S = 366 * _DAY_S
COUNT_MAX = 1_000_000
#: One device in a hundred seconds.
RATE_MIN_PER_S = 0.01
#: More than any fleet sends.
RATE_MAX_PER_S = 1_000_000
SPREAD_MAX_S = 7 * _DAY_S


class Timing(NamedTuple):
    """What `Message` stores of it, under its names."""

    starts_ms: int | None
    local: bool
    repeat: Repeat | None
    frozen: bool
    quiet: QuietHours | None
    rate_per_s: float | None
    spread_s: int | None


class _Clock(NamedTuple):
    """Whose clock shows a time without an offset: a zone's, or with `local` each device's own."""

    zone: str | None
    local: bool


def check_timing(delivery: DeliveryOptions, limits: Limits, *, now_ms: int) -> Timing:
    """The time part of a message. Nothing in it depends on `now_ms`: repeated later, a publish is still the same.

    Args:
        delivery: what the caller gave.
        limits: the application's.
        now_ms: epoch milliseconds.

    Raises:
        InvalidSchedule: `publishAt` is no time, has passed, or is too far ahead.
        InvalidRepeat: the repetition does not hold together, or has no run.
        InvalidField: another option cannot be used.
    """
    clock = _clock(delivery)
    starts_ms = _start(delivery, clock, limits, now_ms)
    repeat = _repeat(delivery, clock)
    if repeat is not None:
        _check_first_run(repeat, now_ms if starts_ms is None else starts_ms, clock, limits, now_ms)
    rate_per_s, spread_s = _rate(delivery.rate_per_s), _spread(delivery.spread_over)
    if rate_per_s is not None and spread_s is not None:
        raise InvalidField("spreadOver", "only one of ratePerS and spreadOver")
    frozen, quiet = flag("freezeAudience", delivery.freeze_audience), _quiet(delivery.quiet_hours)
    return Timing(starts_ms, clock.local, repeat, frozen, quiet, rate_per_s, spread_s)


def check_start(delivery: DeliveryOptions, repeat: Repeat | None, limits: Limits, *, now_ms: int) -> int | None:
    """When a message that is published already is to start instead (as `Message.starts_ms`); None is now.

    Args:
        delivery: `publish_at`, `time_zone` and `local_time` of it count.
        repeat: how the message is repeated.
        limits: the application's.
        now_ms: epoch milliseconds.

    Raises:
        InvalidSchedule, InvalidRepeat, InvalidField: as `check_timing`.
    """
    clock = _clock(delivery)
    starts_ms = _start(delivery, clock, limits, now_ms)
    if repeat is not None:
        _check_first_run(repeat, now_ms if starts_ms is None else starts_ms, clock, limits, now_ms)
    return starts_ms


def _clock(delivery: DeliveryOptions) -> _Clock:
    local, zone = flag("localTime", delivery.local_time), delivery.time_zone
    if local and zone is not None:
        raise InvalidField("timeZone", "none beside localTime: the zones are the devices' own")
    if zone is not None and not is_zone(zone):
        raise InvalidField("timeZone", "the IANA name of a zone, such as Europe/Berlin")
    return _Clock(zone, local)


def _read(clock: _Clock, error: type[InvalidField], field: str, value: Any) -> int | None:
    try:
        return parse_instant(value, zone=clock.zone, local=clock.local)
    except ValueError as wrong:
        raise error(field, str(wrong)) from None


def _start(delivery: DeliveryOptions, clock: _Clock, limits: Limits, now_ms: int) -> int | None:
    starts_ms = _read(clock, InvalidSchedule, "publishAt", delivery.publish_at)
    if starts_ms is None:
        if clock.local:
            raise InvalidSchedule("publishAt", "a time, because of localTime")
        return None
    last_ms = starts_ms + LAST_ZONE_MS if clock.local else starts_ms
    if last_ms < now_ms - limits.schedule_grace_s * 1000:
        raise InvalidSchedule("publishAt", "a time that has not passed")
    if _is_too_far(starts_ms, clock, limits, now_ms):
        raise InvalidSchedule("publishAt", f"a time within the next {limits.schedule_ahead_s} seconds")
    return starts_ms


def _is_too_far(at_ms: int, clock: _Clock, limits: Limits, now_ms: int) -> bool:
    first_ms = at_ms - FIRST_ZONE_MS if clock.local else at_ms
    return first_ms > now_ms + limits.schedule_ahead_s * 1000


def _repeat(delivery: DeliveryOptions, clock: _Clock) -> Repeat | None:
    every_ms, cron = _every(delivery.repeat_every), _cron(delivery.repeat_cron)
    expires_ms = _read(clock, InvalidRepeat, "repeatExpiresAt", delivery.repeat_expires_at)
    count, misfire = _count(delivery.repeat_count), _misfire(delivery.misfire)
    if every_ms is None and cron is None:
        for field, value in (("repeatExpiresAt", expires_ms), ("repeatCount", count)):
            if value is not None:
                raise InvalidRepeat(field, "repeatEvery or repeatCron beside it")
        return None
    if every_ms is not None and cron is not None:
        raise InvalidRepeat("repeatCron", "only one of repeatEvery and repeatCron")
    repeat = Repeat(every_ms=every_ms, cron=cron, expires_ms=expires_ms, count=count, misfire=misfire)
    return repeat if cron is None or clock.zone is None else msgspec.structs.replace(repeat, zone=clock.zone)


def _check_first_run(repeat: Repeat, begins_ms: int, clock: _Clock, limits: Limits, now_ms: int) -> None:
    first = first_ms(msgspec.structs.replace(repeat, expires_ms=None), begins_ms)
    if first is None or (repeat.cron is not None and _is_too_far(first, clock, limits, now_ms)):
        raise InvalidRepeat("repeatCron", f"a first run within the next {limits.schedule_ahead_s} seconds")
    if repeat.expires_ms is not None and repeat.expires_ms <= first:
        raise InvalidRepeat("repeatExpiresAt", "a time after the first run")


def _every(value: Any) -> int | None:
    # SDKs send a zero for what was not set.
    if value is None or is_whole(value, 0, 0):
        return None
    if not is_whole(value, 1, EVERY_MAX_S):
        raise InvalidRepeat("repeatEvery", f"whole seconds from 1 to {EVERY_MAX_S}")
    return value * 1000


def _cron(value: Any) -> str | None:
    if value is None:
        return None
    try:
        check_cron(value)
    except ValueError as wrong:
        raise InvalidRepeat("repeatCron", str(wrong)) from None
    return str(value)


def _count(value: Any) -> int | None:
    if value is None or is_whole(value, 1, COUNT_MAX):
        return value
    raise InvalidRepeat("repeatCount", f"a whole number from 1 to {COUNT_MAX}")


def _misfire(value: Any) -> Misfire:
    try:
        return Misfire(value)
    except ValueError:
        raise InvalidRepeat("misfire", f"one of {', '.join(Misfire)}") from None


def _quiet(value: Any) -> QuietHours | None:
    if value is None:
        return None
    try:
        return parse_hours(value)
    except ValueError as wrong:
        raise InvalidField("quietHours", str(wrong)) from None


def _rate(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not RATE_MIN_PER_S <= value <= RATE_MAX_PER_S:
        raise InvalidField("ratePerS", f"devices a second, from {RATE_MIN_PER_S} to {RATE_MAX_PER_S}")
    return float(value)


def _spread(value: Any) -> int | None:
    if value is None or is_whole(value, 1, SPREAD_MAX_S):
        return value
    raise InvalidField("spreadOver", f"whole seconds from 1 to {SPREAD_MAX_S}")
