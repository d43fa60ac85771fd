"""The README's examples, run one after the other as a reader would, against a system that `running` started."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from clarion import DeliveryOptions, Messaging
from config.fleet import ROOT
from config.stack import running
from tests.deadline import until
from tests.simulation import ControlPlane

README = (ROOT / "README.md").read_text()
EXAMPLES = "\n".join(re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running(tmp_path_factory.mktemp("readme")) as stack:
        yield stack


@pytest.fixture(scope="module")
def output(stack, tmp_path_factory):
    """What the examples print, in a folder where `var/api-key` lies, at the address of this system."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "var").mkdir()
    (folder / "var/api-key").write_text(stack.key)
    program = EXAMPLES.replace("http://127.0.0.1:8080", stack.fleet.api_url)
    env = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


#: What the examples register: a phone at FCM, a tablet at APNs.
ADA, BOB = "sim:OK:1", "5ca1ab1e" * 8


def received(stack, token):
    arrived = [one["message"] for one in ControlPlane(stack.simulator).received(token)]
    return [one["data"]["message"] if "data" in one else one["message"] for one in arrived]


def test_there_are_examples_of_every_scenario():
    for words in (
        "Basic push",
        "grouped by operating system",
        "Specific devices",
        "Delayed publishing",
        "Repeated publishing",
        "Push templates",
    ):
        assert words in README


def test_the_devices_get_what_the_examples_publish(stack, output):
    expected = {"It works.", "To every phone", "Only for Ada", "In the background", "Two seconds later"}
    assert until(lambda: set(received(stack, ADA)) == expected)
    assert until(lambda: set(received(stack, BOB)) == {"To every phone", "In the background"})


def test_what_repeats_is_previewed_in_utc_and_cancelled(stack, output):
    assert len(re.findall(r"^\d{4}-\d\d-\d\d 0[78]:00:00\+00:00$", output, re.MULTILINE)) == 3
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        assert until(lambda: not messaging.schedules()) is True


def test_what_a_later_release_brings_is_refused_by_name(output):
    assert "Not served by this release: push templates." in output


def test_the_commands_exist():
    targets = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make (\w+)", README):
        assert f"\n{target}:" in targets


def test_straight_to_redis_needs_no_server(stack, output):
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        messaging.publish("Past HTTP", delivery_options=DeliveryOptions(push_singlecast=["ada-phone"]))
    assert until(lambda: "Past HTTP" in received(stack, "sim:OK:1"))
