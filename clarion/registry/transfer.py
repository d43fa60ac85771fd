"""Bringing devices in from a file and out to one, a million at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from clarion.errors import InvalidField, Misconfigured
from clarion.registry.device import Device
from clarion.registry.enrolment import BATCH, enrol
from clarion.registry.lookup import scan
from clarion.registry.registration import parse
from clarion.registry.row import Format, Row, format_of, header, read_rows, write_row
from clarion.storage import Storage

#: Reasons kept in memory; the rejects file has every bad line.
REASONS_MAX = 1000
_EXPORT_LINES = 10_000


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come. Written beside the input as `<input>.checkpoint` while it is under way.

    Attributes:
        app: the application's id.
        size: of the input, bytes.
        modified: of the input, ns since 1970. Another input is not continued but begun.
        offset: bytes that are done.
        line: lines that are done.
        registered: devices registered.
        rejected: bad lines.
        rejects_bytes: length of the rejects file.
    """

    app: str
    size: int
    modified: int
    offset: int = 0
    line: int = 0
    registered: int = 0
    rejected: int = 0
    rejects_bytes: int = 0


class Import(NamedTuple):
    """What an import has done.

    Attributes:
        registered: devices registered.
        rejected: bad lines.
        reasons: line number and reason of the first bad lines of this run.
        rejects: the file with the bad lines as they were; None when there was none.
    """

    registered: int
    rejected: int
    reasons: list[tuple[int, str]]
    rejects: Path | None


class _Batch(NamedTuple):
    devices: list[Device]
    bad: list[Row]
    #: Bytes and lines that are done with this batch.
    end: int
    line: int


def import_devices(
    storage: Storage,
    app: str,
    path: Path,
    *,
    now_ms: int,
    form: Format | None = None,
    progress: Callable[[Position], None] | None = None,
) -> Import:
    """Register the devices of a file. Bad lines are put aside, in `<input>.rejects`.

    An import that was interrupted continues where it was when it is called again with the same file.

    Args:
        storage: where to.
        app: the application's id.
        path: the input.
        now_ms: epoch milliseconds, the time of registration.
        form: the input's format; None goes by its name.
        progress: called after each few thousand lines.

    Raises:
        InvalidField: the format is not known, or a CSV has no usable header.
        Misconfigured: a file cannot be read or written.
        Unavailable: Redis cannot be reached or is full; call again to continue.
    """
    form = format_of(path, form)
    rejects, checkpoint = _beside(path, "rejects"), _beside(path, "checkpoint")
    reasons: list[tuple[int, str]] = []
    with _files(path, rejects) as (source, aside):
        position = _start(path, app, checkpoint)
        aside.truncate(min(position.rejects_bytes, aside.tell()))
        batches = _batches(read_rows(source, form, position.offset, position.line), now_ms)
        for batch in _registered(storage, app, batches):
            aside.writelines(row.raw if row.raw.endswith(b"\n") else row.raw + b"\n" for row in batch.bad)
            aside.flush()
            reasons += [(row.line, row.reason) for row in batch.bad[: REASONS_MAX - len(reasons)]]
            position = msgspec.structs.replace(
                position,
                offset=batch.end,
                line=batch.line,
                registered=position.registered + len(batch.devices),
                rejected=position.rejected + len(batch.bad),
                rejects_bytes=aside.tell(),
            )
            _save(checkpoint, position)
            if progress is not None:
                progress(position)
    checkpoint.unlink(missing_ok=True)
    if not position.rejected:
        rejects.unlink()
    return Import(position.registered, position.rejected, reasons, rejects if position.rejected else None)


def _batches(rows: Iterable[Row], now_ms: int) -> Iterator[_Batch]:
    devices: list[Device] = []
    bad: list[Row] = []
    row = None
    for row in rows:
        if row.fields is None:
            bad.append(row)
        else:
            try:
                devices.append(parse(row.fields, now_ms=now_ms))
            except InvalidField as error:
                bad.append(row._replace(reason=error.message))
        if len(devices) + len(bad) == BATCH:
            yield _Batch(devices, bad, row.end, row.last_line())
            devices, bad = [], []
    if row is not None and (devices or bad):
        yield _Batch(devices, bad, row.end, row.last_line())


def _registered(storage: Storage, app: str, batches: Iterable[_Batch]) -> Iterator[_Batch]:
    """The batches in order, each after it is registered."""
    taken: deque[_Batch] = deque()

    def devices() -> Iterator[list[Device]]:
        for batch in batches:
            taken.append(batch)
            yield batch.devices

    for _ in enrol(storage, app, devices()):
        yield taken.popleft()


def export_devices(
    storage: Storage,
    app: str,
    path: Path,
    *,
    form: Format | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write every device to a file, which `import_devices` can read. The file appears when it is complete.

    Args:
        storage: where from.
        app: the application's id.
        path: the output.
        form: its format; None goes by its name.
        progress: called with the number of devices, after each few thousand.

    Returns:
        How many devices were written.

    Raises:
        InvalidField: the format is not known.
        Misconfigured: the file cannot be written.
        Unavailable: Redis cannot be reached.
    """
    form = format_of(path, form)
    partial = _beside(path, "partial")
    count = 0
    try:
        with open(partial, "wb", opener=_private) as file:
            file.write(header(form))
            for count, device in enumerate(scan(storage, app), 1):
                file.write(write_row(device, form))
                if progress is not None and count % _EXPORT_LINES == 0:
                    progress(count)
        partial.replace(path)
    except OSError as error:
        raise _unusable(error) from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _private(path: str, flags: int) -> int:
    """Open a file that holds tokens: nobody but its owner reads it."""
    return os.open(path, flags, 0o600)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


@contextmanager
def _files(path: Path, rejects: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    try:
        with path.open("rb") as source, open(rejects, "ab", opener=_private) as aside:
            yield source, aside
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError) -> Misconfigured:
    return Misconfigured(f"Cannot use the file {error.filename}: {error.strerror}.")


def _start(path: Path, app: str, checkpoint: Path) -> Position:
    """Where an earlier import of the same input stopped, else its beginning."""
    found = path.stat()
    begin = Position(app=app, size=found.st_size, modified=found.st_mtime_ns)
    try:
        saved = msgspec.json.decode(checkpoint.read_bytes(), type=Position)
    except (FileNotFoundError, msgspec.DecodeError):
        return begin
    same = (saved.app, saved.size, saved.modified) == (begin.app, begin.size, begin.modified)
    return saved if same else begin


def _save(checkpoint: Path, position: Position) -> None:
    partial = _beside(checkpoint, "partial")
    with open(partial, "wb", opener=_private) as file:
        file.write(msgspec.json.encode(position))
    partial.replace(checkpoint)
