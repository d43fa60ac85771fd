"""`clarion status`, `cancel` and `messages`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from clarion.clock import wall_clock_ms
from clarion.errors import UnknownMessage
from clarion.message import State
from clarion.registry import SLOT_BITS, SLOT_MASK, read
from clarion.status import Progress, outcomes, recent
from clarion.storage import Storage
from cli import access, book, follow, screen
from cli.exit_code import ExitCode
from cli.option import AppOption, JSONOption, LimitOption, MessageArgument

#: Records read at a time.
_BATCH = 2_000


def status(
    message: MessageArgument,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it is over.")] = False,
    devices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write each device's outcome to FILE, as JSON Lines.", dir_okay=False),
    ] = None,
    app: AppOption = None,
    as_json: JSONOption = False,
) -> None:
    """Show where a message stands, and its books: who was reached, and who not and why."""
    with access.access(app) as way:
        progress = way.transport.progress(message)
        if watch:
            show = follow.lines if as_json else follow.watch
            progress = show(lambda: way.transport.progress(message))
        if not watch or not as_json:
            _show(progress, as_json=as_json)
        if devices is not None:
            written = write_outcomes(devices, way.storage, way.app.id, message)
            screen.err.print(f"{screen.number(written)} outcomes written to {devices}")
        if watch:
            _end(progress)


def cancel(message: MessageArgument, app: AppOption = None, as_json: JSONOption = False) -> None:
    """Cancel a message that is scheduled or under way, with its runs; what is in flight still arrives."""
    with access.access(app) as way:
        with unless_over(way, message, "cancelled"):
            way.transport.cancel(message)
        progress = way.transport.progress(message)
    if as_json:
        screen.emit(book.progress_document(progress))
    else:
        screen.out.print(f"{message}: {book.cancellation(progress)}")


@contextmanager
def unless_over(way: access.Access, message_id: str, what: str) -> Iterator[None]:
    """Say of a message that can no longer be stopped or moved where it stands, and fail.

    Raises:
        UnknownMessage: there never was such a message, or it is forgotten.
    """
    try:
        yield
    except UnknownMessage:
        # It says the same of a message that is over. Whoever asks about one that never was gets it again here.
        ended = way.transport.progress(message_id)
        screen.complain(f"{message_id} can no longer be {what}: it is {ended.state}.")
        raise typer.Exit(ExitCode.FAILED) from None


def messages(limit: LimitOption = 20, app: AppOption = None, as_json: JSONOption = False) -> None:
    """List the latest messages, newest first; `clarion schedule list` has what waits for its time."""
    with access.access(app) as way:
        latest = recent(way.storage, way.app.id, limit)
    if as_json:
        screen.emit([book.headline_document(each) for each in latest])
    elif latest:
        for line in book.headline_lines(latest):
            screen.out.print(line)
    else:
        screen.err.print("no messages")


def report_end(progress: Progress, *, as_json: bool) -> None:
    """Show how a message that was followed ended; the command fails if it was not published."""
    if not as_json:
        _show(progress, as_json=False)
    _end(progress)


def _end(progress: Progress) -> None:
    if progress.state is not State.PUBLISHED:
        raise typer.Exit(ExitCode.FAILED)


def _show(progress: Progress, *, as_json: bool) -> None:
    if as_json:
        screen.emit(book.progress_document(progress))
        return
    message_id = progress.status.message_id
    screen.out.print(f"{message_id}: {book.summary(progress, wall_clock_ms())}")
    if progress.status.error_message:
        screen.out.print(progress.status.error_message)
    if progress.runs is None:
        screen.out.print(book.books_table(progress))
    else:
        screen.err.print(f"its runs have the books: clarion schedule show {message_id}")


def write_outcomes(file: Path, storage: Storage, app: str, message_id: str) -> int:
    """Write the outcome of each device of a message to `file`, as JSON Lines; returns how many.

    Raises:
        typer.BadParameter: the file cannot be written.
    """
    written = 0
    try:
        with file.open("wb") as lines:
            for line in device_outcomes(storage, app, message_id):
                lines.write(msgspec.json.encode(line) + b"\n")
                written += 1
    except OSError as error:
        raise typer.BadParameter(f"--devices {file}: {error.strerror}") from None
    return written


def device_outcomes(storage: Storage, app: str, message_id: str) -> Iterator[dict[str, Any]]:
    """Each device of a message with its outcome. Of one that has left the registry only the ordinal is known."""
    for chunk, in_chunk in groupby(outcomes(storage, app, message_id), lambda item: item[0] >> SLOT_BITS):
        cells = list(in_chunk)
        for start in range(0, len(cells), _BATCH):
            batch = cells[start : start + _BATCH]
            records = read(storage, app, chunk, [ordinal & SLOT_MASK for ordinal, _ in batch])
            for (ordinal, entry), record in zip(batch, records, strict=True):
                outcome, provider, reason = (*entry.split("|", 2), "", "")[:3]
                yield {
                    "ordinal": ordinal,
                    "deviceId": None if record is None else record.device_id,
                    "os": None if record is None else record.os.value,
                    "outcome": outcome,
                    "provider": provider,
                    "reason": reason,
                }
