"""Devices as lines of a file: JSON Lines, or CSV with the wire's names as columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from clarion.errors import InvalidField
from clarion.registry.device import Device

COLUMNS = (
    "deviceToken",
    "deviceId",
    "os",
    "osVersion",
    "channels",
    "userId",
    "expiration",
    "properties",
    "environment",
    "timeZone",
)
_SEPARATOR = "|"
_NAME = re.compile(r"(?:\\[\\|]|[^|])*")
_ESCAPED = re.compile(r"\\([\\|])")
_json = msgspec.json.Decoder()


class Format(StrEnum):
    """What a file of devices may look like."""

    #: One JSON object a line, with the fields of a registration.
    JSONL = "jsonl"
    #: A header, then one device a row; channels separated by `|` (`\\|` within a name), properties as JSON.
    CSV = "csv"


_SUFFIXES = {".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".json": Format.JSONL, ".csv": Format.CSV}


class Row(NamedTuple):
    """One row that was read: its fields, or why there are none."""

    #: Its first line, counted from 1.
    line: int
    raw: bytes
    #: Where the row ends, in bytes from the start of the file.
    end: int
    fields: Mapping[str, Any] | None
    reason: str = ""

    def last_line(self) -> int:
        """The number of the row's last line."""
        return self.line - 1 + max(1, self.raw.count(b"\n"))


def format_of(path: Path, given: Format | None = None) -> Format:
    """The format that was asked for, or the one the file's name tells.

    Raises:
        InvalidField: the name tells nothing.
    """
    found = given or _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise InvalidField("format", f"one of {', '.join(Format)}, or a file name that ends in .jsonl or .csv")
    return found


class Source:
    """The lines of a file that were taken since the last row: a CSV row may span several."""

    def __init__(self, file: BinaryIO, line: int) -> None:
        """Read on from where `file` stands, after `line` lines."""
        self.file = file
        self.line = line
        self.taken: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        for raw in self.file:
            self.line += 1
            self.taken.append(raw)
            yield raw.decode("utf-8", "surrogateescape")

    def raw(self) -> bytes:
        """What was taken since the last call."""
        raw = b"".join(self.taken)
        self.taken.clear()
        return raw


def read_rows(file: BinaryIO, form: Format, offset: int = 0, line: int = 0) -> Iterator[Row]:
    """The rows of a file from a row's end on (`Row.end`, `Row.last_line`), or from its beginning, without empty lines.

    Raises:
        InvalidField: a CSV file without the columns a device must have.
    """
    if form is Format.JSONL:
        file.seek(offset)
        return _read_jsonl(file, offset, line)
    file.seek(0)
    source = Source(file, 0)
    columns = next(csv.reader(source), [])
    columns = [name.strip().removeprefix("\ufeff") for name in columns]
    if not {"deviceToken", "deviceId", "os"} <= set(columns):
        raise InvalidField("columns", f"a header with deviceToken, deviceId and os; known are {', '.join(COLUMNS)}")
    start = len(source.raw())
    file.seek(offset or start)
    return _read_csv(Source(file, line or source.line), columns, offset or start)


def _read_jsonl(file: BinaryIO, end: int, done: int) -> Iterator[Row]:
    for line, raw in enumerate(file, done + 1):
        end += len(raw)
        if raw.isspace():
            continue
        try:
            fields = _json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield Row(line, raw, end, None, "not JSON")
            continue
        if isinstance(fields, dict):
            yield Row(line, raw, end, fields)
        else:
            yield Row(line, raw, end, None, "not a JSON object")


def _read_csv(source: Source, columns: Sequence[str], end: int) -> Iterator[Row]:
    reader = csv.reader(source)
    while True:
        first = source.line + 1
        reason = ""
        cells: list[str] | None
        try:
            cells = next(reader, None)
        except csv.Error:
            cells, reason = [], "not CSV"
        raw = source.raw()
        end += len(raw)
        if cells is None:
            return
        if reason or len(cells) > len(columns):
            yield Row(first, raw, end, None, reason or "more cells than columns")
        elif cells:
            yield _csv_row(first, raw, end, dict(zip(columns, cells, strict=False)))


def _csv_row(line: int, raw: bytes, end: int, cells: dict[str, str]) -> Row:
    fields: dict[str, Any] = {name: cell for name, cell in cells.items() if cell != ""}
    try:
        if "channels" in fields:
            fields["channels"] = _split(fields["channels"])
        if "expiration" in fields:
            fields["expiration"] = float(fields["expiration"])
        if "properties" in fields:
            fields["properties"] = _json.decode(fields["properties"])
    except (ValueError, msgspec.DecodeError, RecursionError):
        return Row(line, raw, end, None, "expiration is not a number, or properties are not JSON")
    return Row(line, raw, end, fields)


def _split(cell: str) -> list[str]:
    if "\\" not in cell:
        return cell.split(_SEPARATOR)
    names = []
    at = 0
    while at <= len(cell):
        match = _NAME.match(cell, at)
        assert match is not None  # it matches the empty name too
        names.append(_ESCAPED.sub(r"\1", match[0]))
        at = match.end() + 1
    return names


def header(form: Format) -> bytes:
    """What a file begins with."""
    return _csv_line(COLUMNS) if form is Format.CSV else b""


def write_row(device: Device, form: Format) -> bytes:
    """One device's line."""
    if form is Format.CSV:
        return _csv_line(
            (
                device.token,
                device.device_id,
                device.os.value,
                device.os_version,
                _SEPARATOR.join([name.replace("\\", r"\\").replace("|", r"\|") for name in device.channels]),
                device.user_id or "",
                "" if device.expires_at is None else str(device.expires_at),
                msgspec.json.encode(device.properties).decode() if device.properties else "",
                device.environment or "",
                device.zone or "",
            )
        )
    values = (
        device.token,
        device.device_id,
        device.os.value,
        device.os_version or None,
        device.channels,
        device.user_id,
        device.expires_at,
        device.properties or None,
        device.environment,
        device.zone,
    )
    fields = {name: value for name, value in zip(COLUMNS, values, strict=True) if value is not None}
    return msgspec.json.encode(fields) + b"\n"


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
