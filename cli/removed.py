"""`clarion devices removed` and `clarion devices restore`: devices that providers' answers removed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated, Any

import typer

from clarion.clock import wall_clock_ms
from clarion.registry import Removed, Restoration
from clarion.registry import removed as list_removed
from clarion.registry import restore as restore_devices
from cli import access, screen
from cli.exit_code import ExitCode
from cli.moment import parse_since
from cli.option import AppOption, JSONOption

SinceOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only those removed since: 30m, 2h, 3d ago, or a date and time (ISO 8601)."),
]
ReasonOption = Annotated[str | None, typer.Option(metavar="REASON", help="Only those of this reason.")]

#: Devices that are named at the terminal because they were not restored.
_NAMED = 10


def removed(
    since: SinceOption = None,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """List devices that a provider's answers removed, newest first; --json writes one a line."""
    since_ms = parse_since(since, now_ms=wall_clock_ms())
    with access.access(app) as way:
        found = list_removed(way.storage, way.app.id, since_ms=since_ms, reason=reason, limit=limit)
        first = next(found, None)
        if first is None:
            screen.err.print("no removed devices")
            return
        if not as_json:
            screen.out.print(f"{'removed at':19}  {'provider':8}  {'reason':24}  device")
        for each in chain([first], found):
            if as_json:
                screen.emit(document(each))
            else:
                screen.out.print(line(each))


def restore(
    device: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="The app's names for devices.")] = None,
    since: SinceOption = None,
    reason: ReasonOption = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Register removed devices again: those that are named, or all of a reason or since a time.

    Whoever registered since, under the same id or with the same token, is left as it is. No question is asked: `clarion
    devices removed` with the same options shows who it would be. Ends with 3 when one of them is unknown.
    """
    if bool(device) == bool(since or reason):
        raise typer.BadParameter("say which devices: by their ids, or by --reason and --since")
    since_ms = parse_since(since, now_ms=wall_clock_ms())
    with access.access(app) as way:
        everybody = list_removed(way.storage, way.app.id, since_ms=since_ms, reason=reason, limit=None)
        ids = device or [each.device.device_id for each in everybody]
        outcome = restore_devices(way.storage, way.app.id, ids, wall_clock_ms())
    counts = Counter(outcome.values())
    if as_json:
        screen.emit({each.value: counts[each] for each in Restoration} | {"devices": outcome})
    else:
        _show(outcome, counts)
    raise typer.Exit(ExitCode.NOT_FOUND if counts[Restoration.UNKNOWN] else ExitCode.OK)


def _show(outcome: dict[str, Restoration], counts: Counter[Restoration]) -> None:
    words = [f"{screen.number(counts[each])} {each}" for each in Restoration]
    screen.out.print(f"of {screen.number(len(outcome))} devices: {', '.join(words)}")
    others = [(device_id, each) for device_id, each in outcome.items() if each is not Restoration.RESTORED]
    for device_id, each in others[:_NAMED]:
        screen.err.print(f"  {device_id}: {each}")


def document(each: Removed) -> dict[str, Any]:
    """A removed device, without its token."""
    return {
        "deviceId": each.device.device_id,
        "os": each.device.os.value,
        "channels": each.device.channels,
        "userId": each.device.user_id,
        "provider": each.provider,
        "reason": each.reason,
        "messageId": each.message_id,
        "removedMs": each.removed_at,
    }


def line(each: Removed) -> str:
    """A removed device at the terminal. A line rather than a table: an id must never be cut."""
    at = datetime.fromtimestamp(each.removed_at / 1000, UTC).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}  {each.provider:8}  {each.reason:24}  {each.device.device_id}"
