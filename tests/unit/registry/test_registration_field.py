from __future__ import annotations

import pytest

from clarion.errors import InvalidField
from clarion.registry import OS, Device
from clarion.registry.registration import parse

NOW = 1_700_000_000_000
GOOD = {"deviceToken": "t", "deviceId": "d", "os": "IOS"}


def parsed(**changes):
    return parse({**GOOD, **changes}, now_ms=NOW)


def test_token_id_and_system_are_enough():
    assert parsed() == Device("t", "d", OS.IOS, "", ("default",), NOW, None, None, {})


def test_everything_is_taken_over():
    device = parsed(
        os="android",
        osVersion="14",
        channels=["a", "b", "a"],
        expiration=NOW + 1,
        userId="u",
        properties={"x": [1, None, {"y": "ü"}]},
        environment="sandbox",
        timeZone="America/Argentina/Buenos_Aires",
        whatever=1,
    )
    properties = {"x": [1, None, {"y": "ü"}]}
    zone = "America/Argentina/Buenos_Aires"
    assert device == Device("t", "d", OS.ANDROID, "14", ("a", "b"), NOW, NOW + 1, "u", properties, "sandbox", zone)


@pytest.mark.parametrize("os", list(OS))
def test_each_operating_system_is_taken_in_any_case(os):
    assert parsed(os=os.value.lower()).os is os
    assert parsed(os=os.value).os is os


@pytest.mark.parametrize(
    ("expiration", "ms"),
    [
        (None, None),
        (1_700_000_001, NOW + 1000),
        (1_700_000_000.5, NOW + 500),
        (NOW + 1, NOW + 1),
        (float(NOW + 7), NOW + 7),
        (99_999_999_999, 99_999_999_999_000),
    ],
)
def test_an_expiration_is_seconds_when_it_is_small_and_milliseconds_when_it_is_large(expiration, ms):
    assert parsed(expiration=expiration).expires_at == ms


@pytest.mark.parametrize(("given", "kept"), [(None, ""), ("14.1", "14.1"), (14, "14"), (8.1, "8.1")])
def test_an_os_version_is_a_string_or_a_number(given, kept):
    assert parsed(osVersion=given).os_version == kept


@pytest.mark.parametrize("channels", [None, [], ()])
def test_no_channels_is_the_default_channel(channels):
    assert parsed(channels=channels).channels == ("default",)


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("", None), ("UTC", "UTC"), ("Asia/Kolkata",) * 2])
def test_no_time_zone_is_none(given, kept):
    assert parsed(timeZone=given).zone == kept


@pytest.mark.parametrize(
    ("field", "values"),
    {
        "deviceToken": [None, "", 5, "x" * 4097, "ü" * 2049, "a\nb", "a\x00", "\ud800", ["t"]],
        "deviceId": [None, "", 5, "x" * 256, "a\nb", "\x7f", "\ud800"],
        "os": [None, "", "BEOS", 1, ["IOS"]],
        "osVersion": ["x" * 256, True, [], "a\tb"],
        "channels": ["default", 5, {}, ["x"] * 101],
        "expiration": [NOW, NOW - 1, 0, -1, 1, "tomorrow", True, float("nan"), float("inf"), 1e15, []],
        "userId": ["", 5, "x" * 256, "a\x00"],
        "environment": ["", "Sandbox", "development", 1, True, ["sandbox"], {}],
        "timeZone": [
            *("Mars/Phobos", "Europe", "europe/paris", "Europe/Paris ", "../Europe/Paris", "/etc/localtime", "+02:00"),
            *("UTC\0", "\ud800", "x" * 5000, 0, 2, True, False, ["UTC"], [], {}),
        ],
        "properties": ["{}", [], 5, {f"k{i}": 1 for i in range(65)}, {"k": "x" * 2048}, {"k": 2**70}, {"k": object()}],
    }.items(),
)
def test_what_cannot_be_used_names_the_field(field, values):
    for value in values:
        with pytest.raises(InvalidField) as caught:
            parsed(**{field: value})
        assert caught.value.field == field


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "x" * 256, "a\n", None, 5, "\ud800", "\u2028"])
def test_a_bad_channel_among_good_ones_is_refused(name):
    with pytest.raises(InvalidField) as caught:
        parsed(channels=["good", name])
    assert caught.value.field == "channel"


def test_properties_nested_too_deep_are_refused():
    with pytest.raises(InvalidField):
        parsed(properties=_nested(5000))


def test_what_was_given_is_not_in_the_error():
    with pytest.raises(InvalidField) as caught:
        parsed(deviceToken="secret\n")
    assert "secret" not in f"{caught.value} {caught.value.error_data}"


def _nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value
