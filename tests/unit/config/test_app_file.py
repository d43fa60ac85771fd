from __future__ import annotations

from dataclasses import fields

import pytest

from clarion.app import App, FCMStyle, Limits, Scope
from clarion.calendar.hours import QuietHours
from clarion.errors import Misconfigured
from config.app_file import read_apps

KEY = "k3y-that-nobody-may-see"
KEYS = f'[[apps.demo.keys]]\nkey = "{KEY}"\nscopes = ["publish"]\n'
DEMO = f'[apps.demo]\nname = "Demo"\n{KEYS}'


def timed(*lines):
    return DEMO.replace('name = "Demo"', "\n".join(['name = "Demo"', *lines]))


@pytest.fixture
def write(tmp_path):
    def write(text):
        file = tmp_path / "apps.toml"
        file.write_text(text)
        return file

    return write


def test_an_app_has_its_keys_scopes_and_channels(write):
    text = DEMO + '[[apps.demo.keys]]\nkey = "another-key-of-16"\nscopes = ["read", "admin"]\n'
    text += '[[apps.demo.keys]]\nkey = "a-third-key-of-17"\nscopes = ["publish"]\nchannels = ["news"]\n'
    app = read_apps(write(text))["demo"]
    assert (app.id, app.name) == ("demo", "Demo")
    first, second, third = app.keys
    assert (first.key, first.scopes, first.channels) == (KEY, {Scope.PUBLISH}, None)
    assert (second.scopes, second.channels) == ({Scope.READ, Scope.ADMIN}, None)
    assert (third.scopes, third.channels) == ({Scope.PUBLISH}, {"news"})


def test_limits_that_are_not_given_have_their_defaults(write):
    app = read_apps(write(DEMO + "[apps.demo.limits]\nsinglecast = 5\n"))["demo"]
    assert app.limits == Limits(singlecast=5)


def test_every_limit_may_be_given_and_only_the_grace_of_a_time_may_be_0(write):
    least = {limit.name: int(limit.name != "schedule_grace_s") for limit in fields(Limits)}
    lines = [f"{name} = {value}" for name, value in least.items()]
    app = read_apps(write(DEMO + "\n".join(["[apps.demo.limits]", *lines])))["demo"]
    assert app.limits == Limits(**least)
    for name, value in least.items():
        with pytest.raises(Misconfigured, match=f"apps.demo.limits.{name}: "):
            read_apps(write(DEMO + f"[apps.demo.limits]\n{name} = {value - 1}\n"))


def test_an_app_has_its_time_zone_and_quiet_hours(write):
    app = read_apps(write(timed('time_zone = "Europe/Berlin"', 'quiet_hours = "22:00-08:30"')))["demo"]
    assert (app.time_zone, app.quiet_hours) == ("Europe/Berlin", QuietHours(22 * 60, 8 * 60 + 30))


def test_an_app_that_says_nothing_of_time_has_the_defaults(write):
    app, default = read_apps(write(DEMO))["demo"], App("demo", "Demo")
    assert (app.time_zone, app.quiet_hours) == (default.time_zone, default.quiet_hours) == ("UTC", None)


def test_paths_are_relative_to_the_file(write, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/fcm.json").write_text("{}")
    (tmp_path / "ca.pem").write_text("")
    text = (
        DEMO + '[apps.demo.fcm]\nservice_account = "secret/fcm.json"\nca_bundle = "ca.pem"\n'
        'endpoint = "https://127.0.0.1:8443"\nstyle = "notification"\nos = ["ANDROID", "WEB"]\nretry_wait_s = 0.5\n'
    )
    fcm = read_apps(write(text))["demo"].fcm
    assert fcm.service_account == tmp_path / "secret/fcm.json"
    assert fcm.ca_bundle == tmp_path / "ca.pem"
    assert (fcm.os, fcm.retry_wait_s) == ({"ANDROID", "WEB"}, 0.5)
    assert (fcm.endpoint, fcm.style, fcm.project_id) == ("https://127.0.0.1:8443", FCMStyle.NOTIFICATION, None)


def test_an_app_without_fcm_has_no_credential(write):
    assert read_apps(write(DEMO))["demo"].fcm is None


def test_a_key_may_lie_in_a_file(write, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    app = read_apps(write(DEMO.replace(f'key = "{KEY}"', 'key_file = "key"')))["demo"]
    assert app.keys[0].key == KEY


def test_keys_stay_out_of_repr(write):
    assert KEY not in repr(read_apps(write(DEMO)))


WRONG = [
    (DEMO.replace('"publish"', '"fly"'), "apps.demo.keys[0].scopes[0]"),
    (DEMO.replace('["publish"]', "[]"), "apps.demo.keys[0].scopes"),
    (DEMO.replace("scopes", "scope"), "apps.demo.keys[0].scope"),
    (DEMO.replace(f'key = "{KEY}"', 'key = "short"'), "apps.demo.keys[0].key"),
    (DEMO.replace(f'key = "{KEY}"', 'key = "with/a/slash/in/it"'), "apps.demo.keys[0].key"),
    (DEMO.replace(f'key = "{KEY}"', 'key_file = "missing"'), "apps.demo.keys[0].key_file"),
    (DEMO.replace(f'key = "{KEY}"', "key_file = 7"), "apps.demo.keys[0].key_file"),
    (DEMO.replace(f'key = "{KEY}"\n', ""), "apps.demo.keys[0]"),
    (DEMO + KEYS, "apps.demo"),
    (DEMO.replace('name = "Demo"', ""), "apps.demo.name"),
    (DEMO.replace('name = "Demo"', 'name = "Demo"\ncolour = "red"'), "apps.demo.colour"),
    (DEMO.replace("apps.demo", 'apps."a b"'), "apps.a b"),
    (DEMO.replace("apps.demo", f"apps.{'x' * 65}"), f"apps.{'x' * 65}"),
    *(
        (DEMO.replace('["publish"]', f'["publish", "{scope}"]\nchannels = ["news"]'), "apps.demo.keys[0]")
        for scope in ("register", "read", "admin")
    ),
    (DEMO.replace('["publish"]', '["read"]\nchannels = ["news"]'), "apps.demo.keys[0]"),
    *((timed(f"time_zone = {zone}"), "apps.demo.time_zone") for zone in ('"Europe/Berln"', '""', '"CEST"', "2")),
    *(
        (timed(f"quiet_hours = {hours}"), "apps.demo.quiet_hours")
        for hours in ('"22-8"', '"22:00-24:00"', '""', "22", '["22:00", "08:00"]')
    ),
    (DEMO + "[apps.demo.limits]\nsinglecast = 0\n", "apps.demo.limits.singlecast"),
    (DEMO + "[apps.demo.limits]\nsinglecasts = 9\n", "apps.demo.limits.singlecasts"),
    (DEMO + "[apps.demo.fcm]\n", "apps.demo.fcm.service_account"),
    (DEMO + '[apps.demo.fcm]\nservice_account = "missing.json"\n', "apps.demo.fcm.service_account"),
    (DEMO + '[apps.demo.fcm]\nservice_account = "apps.toml"\nendpoint = "fcm"\n', "apps.demo.fcm.endpoint"),
    (DEMO + '[apps.demo.fcm]\nservice_account = "apps.toml"\nos = ["BEOS"]\n', "apps.demo.fcm.os[0]"),
    (DEMO + '[apps.demo.fcm]\nservice_account = "apps.toml"\nretry_wait_s = 0\n', "apps.demo.fcm.retry_wait_s"),
    (DEMO + '[apps.demo.fcm]\nservice_account = "apps.toml"\nretry_wait_s = inf\n', "apps.demo.fcm.retry_wait_s"),
    ("", "apps"),
    ("[apps]\n", "apps"),
    ("[applications.demo]\n", "applications"),
]


@pytest.mark.parametrize(("text", "place"), WRONG)
def test_a_wrong_file_is_one_line_that_names_the_place_and_hides_the_key(write, text, place):
    file = write(text)
    with pytest.raises(Misconfigured) as caught:
        read_apps(file)
    assert caught.value.message.startswith(f"{file}: {place}: ")
    assert "\n" not in caught.value.message
    assert KEY not in caught.value.message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('time_zone = "Berlin"', "expected an IANA time zone such as Europe/Paris"),
        ('quiet_hours = "at night"', "expected two times of the day such as 22:00-08:00, or none"),
    ],
)
def test_a_wrong_time_says_what_was_expected(write, line, expected):
    with pytest.raises(Misconfigured) as caught:
        read_apps(write(timed(line)))
    assert caught.value.message.endswith(f": {expected}")


def test_a_file_that_is_not_toml_says_where(write):
    with pytest.raises(Misconfigured, match=r"expected TOML: .*line 2"):
        read_apps(write(DEMO.replace("name =", "name :")))


def test_a_missing_file_names_the_variable(tmp_path):
    with pytest.raises(Misconfigured, match=r"^CLARION_APPS_FILE: cannot read .*missing\.toml: No such file"):
        read_apps(tmp_path / "missing.toml")


@pytest.mark.parametrize("host", ["push.example", "*.push.example:8443", "127.0.0.1", "127.0.0.1:8443", "[::1]:8443"])
def test_a_host_may_name_a_port(write, tmp_path, host):
    (tmp_path / "secret").touch()
    text = DEMO + f'[apps.demo.wns]\nclient_id = "c"\nclient_secret = "secret"\nhosts = ["{host}"]\n'
    assert read_apps(write(text))["demo"].wns.hosts == frozenset({host})


@pytest.mark.parametrize("host", ["push.example:", "push.example:port", "https://push.example", "push.example:8443/x"])
def test_what_is_no_host_is_refused(write, tmp_path, host):
    (tmp_path / "secret").touch()
    text = DEMO + f'[apps.demo.wns]\nclient_id = "c"\nclient_secret = "secret"\nhosts = ["{host}"]\n'
    with pytest.raises(Misconfigured, match="hosts"):
        read_apps(write(text))
