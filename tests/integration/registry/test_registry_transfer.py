"""Devices from files and into files."""

from __future__ import annotations

import msgspec
import pytest

from clarion.errors import InvalidField, Misconfigured
from clarion.registry import OS, Device, find, register, scan
from clarion.registry.enrolment import BATCH
from clarion.registry.row import Format
from clarion.registry.transfer import REASONS_MAX, export_devices, import_devices
from tests.integration.registry import audit

APP = "app"
NOW = 1_700_000_000_000


def line(number, **changes):
    fields = {"deviceToken": f"t{number}", "deviceId": f"d{number}", "os": "IOS", **changes}
    return msgspec.json.encode(fields) + b"\n"


def beside(path):
    return sorted(each.name for each in path.parent.iterdir())


class Interrupted(Exception):
    """Ctrl-C, or a crash."""


@pytest.fixture
def interrupt():
    """A progress callback that stops the import at the second report."""
    reports = []

    def report(position):
        reports.append(position)
        if len(reports) == 2:
            raise Interrupted

    report.reports = reports
    return report


@pytest.mark.parametrize("form", Format)
def test_an_export_can_be_imported_elsewhere(storage, tmp_path, form):
    devices = [
        Device("t1", "d1", OS.WEB, "14", ("a|b", "c\\"), NOW, NOW + 5, "u", {"x": [1, "ü\n"]}),
        Device("t2", "d,2", OS.HMS, registered_at=NOW, zone="Asia/Kolkata"),
    ]
    register(storage, APP, devices)
    path = tmp_path / f"devices.{form}"
    assert export_devices(storage, APP, path) == 2
    done = import_devices(storage, "other", path, now_ms=NOW)
    assert (done.registered, done.rejected, done.reasons, done.rejects) == (2, 0, [], None)
    assert list(scan(storage, "other")) == devices
    assert beside(path) == [path.name]


def test_bad_lines_are_put_aside_as_they_were(storage, tmp_path):
    path = tmp_path / "devices.jsonl"
    bad = [b"nope\n", line(3, os="BEOS"), line(4, expiration=1), line(5, timeZone="Mars"), b"[]"]
    path.write_bytes(line(1) + bad[0] + line(2) + bad[1] + b"\n" + b"".join(bad[2:]))
    done = import_devices(storage, APP, path, now_ms=NOW)
    assert (done.registered, done.rejected) == (2, 5)
    assert [number for number, _ in done.reasons] == [2, 4, 6, 7, 8]
    assert done.reasons[0][1] == "not JSON"
    assert done.reasons[1][1].startswith("Invalid os: expected one of IOS")
    assert done.reasons[3][1] == "Invalid timeZone: expected an IANA time zone such as Europe/Paris."
    assert done.rejects.read_bytes() == b"".join(bad) + b"\n"
    assert beside(path) == ["devices.jsonl", "devices.jsonl.rejects"]


def test_reasons_are_kept_for_the_first_bad_lines_only(storage, tmp_path):
    path = tmp_path / "devices.jsonl"
    path.write_bytes(b"x\n" * (REASONS_MAX + BATCH))
    done = import_devices(storage, APP, path, now_ms=NOW)
    assert (done.rejected, len(done.reasons)) == (REASONS_MAX + BATCH, REASONS_MAX)


@pytest.mark.parametrize("form", Format)
def test_an_interrupted_import_continues_where_it_was(storage, tmp_path, interrupt, form):
    path = tmp_path / f"devices.{form}"
    total = 3 * BATCH
    register(storage, "source", [Device(f"t{i}", f"d{i}", OS.IOS) for i in range(total)])
    export_devices(storage, "source", path)
    path.write_bytes(path.read_bytes() + b'{"bad,,,,,,,,,,\n')
    with pytest.raises(Interrupted):
        import_devices(storage, APP, path, now_ms=NOW, progress=interrupt)
    assert f"{path.name}.checkpoint" in beside(path)
    lines = []
    done = import_devices(storage, APP, path, now_ms=NOW, progress=lambda position: lines.append(position.line))
    assert (done.registered, done.rejected) == (total, 1)
    assert done.reasons[0][0] == total + 1 + (form is Format.CSV)
    assert lines == [3 * BATCH + (form is Format.CSV), 3 * BATCH + 1 + (form is Format.CSV)]
    assert done.rejects.read_bytes() == b'{"bad,,,,,,,,,,\n'
    assert f"{path.name}.checkpoint" not in beside(path)
    assert len(audit.check(storage, APP)) == total


def test_bad_lines_are_put_aside_once_when_an_import_is_interrupted(storage, tmp_path, interrupt):
    path = tmp_path / "devices.jsonl"
    path.write_bytes(b"".join(line(i) + f"bad {i}\n".encode() for i in range(2 * BATCH)))
    with pytest.raises(Interrupted):
        import_devices(storage, APP, path, now_ms=NOW, progress=interrupt)
    with (tmp_path / "devices.jsonl.rejects").open("ab") as rejects:
        rejects.write(b"written after the last checkpoint\n")
    done = import_devices(storage, APP, path, now_ms=NOW)
    assert (done.registered, done.rejected) == (2 * BATCH, 2 * BATCH)
    assert done.rejects.read_bytes() == b"".join(f"bad {i}\n".encode() for i in range(2 * BATCH))


def test_another_input_is_begun_not_continued(storage, tmp_path, interrupt):
    path = tmp_path / "devices.jsonl"
    path.write_bytes(b"".join(line(i) for i in range(3 * BATCH)))
    with pytest.raises(Interrupted):
        import_devices(storage, APP, path, now_ms=NOW, progress=interrupt)
    path.write_bytes(line("new"))
    assert import_devices(storage, APP, path, now_ms=NOW).registered == 1
    assert find(storage, APP, ["dnew"], NOW) != [None]


def test_the_last_of_several_lines_for_a_device_stays(storage, tmp_path):
    path = tmp_path / "devices.jsonl"
    path.write_bytes(line(1) + line(1, deviceToken="newer") + line(2, deviceToken="newer"))
    assert import_devices(storage, APP, path, now_ms=NOW).registered == 3
    assert [each.device_id for each in audit.check(storage, APP).values()] == ["d2"]


def test_an_empty_file_is_imported(storage, tmp_path):
    path = tmp_path / "devices.jsonl"
    path.touch()
    assert import_devices(storage, APP, path, now_ms=NOW).registered == 0
    assert beside(path) == ["devices.jsonl"]


def test_files_that_cannot_be_used_are_named(storage, tmp_path):
    with pytest.raises(Misconfigured, match="missing"):
        import_devices(storage, APP, tmp_path / "missing.csv", now_ms=NOW)
    with pytest.raises(Misconfigured, match="nowhere"):
        export_devices(storage, APP, tmp_path / "nowhere" / "devices.csv")
    with pytest.raises(InvalidField):
        export_devices(storage, APP, tmp_path / "devices.xls")
    assert list(tmp_path.iterdir()) == []


def test_files_that_hold_tokens_are_for_their_owner_only(storage, tmp_path):
    register(storage, APP, [Device("t1", "d1", OS.WEB, registered_at=NOW)])
    path = tmp_path / "devices.jsonl"
    export_devices(storage, APP, path)
    path.write_bytes(path.read_bytes() + b"bad\n")
    seen = {}

    def look(_):
        seen.update({each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()})

    import_devices(storage, APP, path, now_ms=NOW, progress=look)
    assert seen == {path.name: 0o600, f"{path.name}.rejects": 0o600, f"{path.name}.checkpoint": 0o600}
