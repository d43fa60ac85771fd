from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.errors import InvalidField
from clarion.registry import OS, Device
from clarion.registry.registration import parse
from clarion.registry.row import COLUMNS, Format, format_of, header, read_rows, write_row

names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/"), min_size=1, max_size=9
)
devices = st.builds(
    Device,
    token=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=9),
    device_id=names,
    os=st.sampled_from(OS),
    os_version=names | st.just(""),
    channels=st.lists(names.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=3, unique=True).map(
        tuple
    ),
    registered_at=st.just(5),
    expires_at=st.none() | st.integers(100_000_000_000, 99_999_999_999_999),
    user_id=st.none() | names,
    properties=st.dictionaries(names, st.integers(-9, 9) | names | st.none(), max_size=2),
    environment=st.none() | st.sampled_from(["production", "sandbox"]),
    zone=st.none() | st.sampled_from(["Europe/Berlin", "UTC"]),
)


def rows(data, form, offset=0, line=0):
    return list(read_rows(io.BytesIO(data), form, offset, line))


@pytest.mark.parametrize("form", Format)
@given(expected=st.lists(devices, max_size=4))
def test_devices_survive_a_file(form, expected):
    data = header(form) + b"".join(write_row(device, form) for device in expected)
    found = rows(data, form)
    assert [parse(row.fields, now_ms=5) for row in found] == expected
    for i, row in enumerate(found):
        assert rows(data, form, row.end, row.last_line()) == found[i + 1 :]


def test_the_format_follows_the_name_unless_it_is_given():
    assert format_of(Path("a.CSV")) is Format.CSV
    assert format_of(Path("a.jsonl")) is Format.JSONL
    assert format_of(Path("a.csv"), Format.JSONL) is Format.JSONL
    with pytest.raises(InvalidField):
        format_of(Path("a.xls"))


def test_lines_that_are_no_json_objects_say_so():
    found = rows(b'{"a":1}\n\n  \n[1]\nnope\n"\xff"\n{"b":2}', Format.JSONL)
    assert [(row.line, row.fields, row.reason) for row in found] == [
        (1, {"a": 1}, ""),
        (4, None, "not a JSON object"),
        (5, None, "not JSON"),
        (6, None, "not JSON"),
        (7, {"b": 2}, ""),
    ]
    assert found[-1].end == 32


def test_a_csv_may_have_its_columns_in_any_order_and_others_too():
    data = "\ufeffos, deviceId ,nick,deviceToken,channels\nIOS,d,n,t,a|b\\|c|d\\\\\n".encode()
    [row] = rows(data, Format.CSV)
    assert row.fields == {
        "os": "IOS",
        "deviceId": "d",
        "nick": "n",
        "deviceToken": "t",
        "channels": ["a", "b|c", "d\\"],
    }


def test_a_csv_row_may_span_lines():
    data = b'deviceToken,deviceId,os,properties\nt,d,IOS,"{\n""a"": 1}"\n\nu,e,OSX,\n'
    first, second = rows(data, Format.CSV)
    assert (first.line, first.last_line(), first.fields["properties"]) == (2, 3, {"a": 1})
    assert (second.line, second.fields) == (5, {"deviceToken": "u", "deviceId": "e", "os": "OSX"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"t,d,IOS,,,,,,,,more", "more cells than columns"),
        (b"t,d,IOS,,,,soon,", "expiration is not a number, or properties are not JSON"),
        (b"t,d,IOS,,,,,{", "expiration is not a number, or properties are not JSON"),
        (b"t,d,IOS\x0dOSX", "not CSV"),
    ],
)
def test_a_bad_csv_row_says_why_and_the_next_one_is_read(line, reason):
    bad, good = rows(header(Format.CSV) + line + b"\nt,d,IOS\n", Format.CSV)
    assert (bad.fields, bad.reason, bad.raw) == (None, reason, line + b"\n")
    assert good.fields["os"] == "IOS"


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n"])
def test_a_csv_without_the_necessary_columns_is_refused(data):
    with pytest.raises(InvalidField):
        rows(data, Format.CSV)


def test_the_columns_are_the_wires_names():
    names = "deviceToken,deviceId,os,osVersion,channels,userId,expiration,properties,environment,timeZone"
    assert header(Format.CSV).decode().strip() == ",".join(COLUMNS) == names


def test_a_file_of_a_release_with_fewer_columns_is_read():
    data = b"deviceToken,deviceId,os,environment\nt,d,IOS,sandbox\n"
    [row] = rows(data, Format.CSV)
    assert parse(row.fields, now_ms=5) == Device("t", "d", OS.IOS, registered_at=5, environment="sandbox")
