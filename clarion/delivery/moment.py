"""Whose moment has come: by local time, and outside quiet hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from clarion.calendar.hours import QuietHours, quiet_from, quiet_until
from clarion.calendar.zone import instant_ms, is_zone
from clarion.delivery import retry
from clarion.delivery.ledger import TIME
from clarion.delivery.run import Run
from clarion.message import Message, Outcome
from clarion.registry import Record


class Part(NamedTuple):
    """Devices (by slot) of one operating system, and what they get."""

    os: str
    message: Message
    devices: Mapping[int, Record]


class Moment(NamedTuple):
    """What becomes of a message in a zone (epoch ms, by Redis' clock).

    Attributes:
        starts_ms: when it starts there: its time to live counts from this.
        due_ms: when it may be sent, now or later; None when its time to live has ended by then.
        until_ms: when quiet hours begin after that; None when there are none.
        is_new: whether it came since the shard was looked through before.
    """

    starts_ms: int
    due_ms: int | None
    until_ms: int | None
    is_new: bool = False


def moment(message: Message, zone: str, quiet: QuietHours | None, now_ms: int) -> Moment:
    """What becomes of `message` in a zone (IANA name) at `now_ms` or after it."""
    due_ms, until_ms = now_ms, None
    if message.local:
        there_ms = instant_ms(message.begins_ms, zone)
        due_ms, message = max(there_ms, now_ms), starting(message, max(there_ms, message.accepted_ms))
    if quiet is not None:
        due_ms = quiet_until(quiet, zone, due_ms) or due_ms
        until_ms = quiet_from(quiet, zone, due_ms)
    return Moment(message.begins_ms, due_ms if due_ms < retry.ends_ms(message) else None, until_ms)


def starting(message: Message, starts_ms: int) -> Message:
    """The message as it is in a zone where it starts at that instant; its time to live counts from it."""
    return msgspec.structs.replace(message, starts_ms=starts_ms, local=False)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of those a run is for.

    Attributes:
        run: the attempt at the shard.
        quiet: when nothing is sent.
        now_ms: epoch milliseconds, by Redis' clock.
        moments: what is known of a zone: it is asked once, not for each of its devices.
    """

    run: Run
    quiet: QuietHours | None
    now_ms: int
    moments: dict[str | None, Moment] = field(default_factory=dict)

    def parts(self, by_os: Mapping[str, Mapping[int, Record]], *, waits: bool) -> list[Part]:
        """Who of a provider's devices is to be sent to now; the others have expired, or their time has not come.

        Args:
            by_os: the devices by operating system and slot.
            waits: whether those who were tried before have to wait: then only those whose time came since then.
        """
        groups: defaultdict[tuple[str, int], dict[int, Record]] = defaultdict(dict)
        for os, devices in by_os.items():
            for slot, device in devices.items():
                there = self.moments.get(device.zone) or self._moment(device.zone)
                if there.due_ms is None:
                    self.run.settle(slot, Outcome.EXPIRED)
                elif there.due_ms > self.now_ms:
                    self.run.deferred.add(slot)
                elif there.is_new or not waits:
                    groups[os, there.starts_ms][slot] = device
        message = self.run.message
        return [
            Part(os, starting(message, starts_ms) if message.local else message, devices)
            for (os, starts_ms), devices in groups.items()
        ]

    def _moment(self, zone: str | None) -> Moment:
        """What becomes of it in the zone of a registration; without one that can be read, in the application's."""
        run, since_ms = self.run, self.run.wait(TIME).since_ms
        name = zone if zone is not None and is_zone(zone) else run.app.time_zone
        there = moment(run.message, name, self.quiet, self.now_ms)
        if there.due_ms is not None and there.due_ms > self.now_ms:
            run.defer(there.due_ms, self.now_ms)
        elif there.due_ms is not None and there.until_ms is not None:
            run.until_ms = min(there.until_ms, run.until_ms or there.until_ms)
        if since_ms and there.due_ms == self.now_ms:
            then_ms = moment(run.message, name, self.quiet, since_ms).due_ms
            there = there._replace(is_new=then_ms is not None and then_ms > since_ms)
            run.joined = run.joined or there.is_new
        self.moments[zone] = there
        return there


def clocks(run: Run) -> Clocks | None:
    """The clocks that a run has to look at; None when its message goes to everybody at once."""
    quiet = run.message.quiet or run.app.quiet_hours
    if quiet is not None and quiet.begin == quiet.end:
        quiet = None
    return None if quiet is None and not run.message.local else Clocks(run, quiet, run.now_ms())
