from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.deadline import until

#: Redis, simulator, web, express, bulk, beat.
FLEET = 6


def test_the_demo_ends_with_closed_books_and_leaves_nothing_behind(terminal):
    ended = terminal.run("demo", "--devices", "600", "--json")
    assert ended.code == 0, ended.err
    report = ended.json
    assert report["addsUp"] is True
    assert len(report["publishes"]) == 5
    for publish in report["publishes"]:
        books = publish["books"]
        outcomes = Counter()
        for entry in books["entries"]:
            outcomes[entry["outcome"]] += entry["devices"]
        assert publish["state"] == "published"
        assert books["pending"] == 0
        assert books["audience"] == outcomes["accepted"] + outcomes["unregistered"]
        assert outcomes["unregistered"] == publish["dead"]
    everybody = report["publishes"][0]["books"]["entries"]
    assert {entry["provider"] for entry in everybody} == {"fcm", "apns", "webpush", "wns", "hms"}
    dead = sum(publish["dead"] for publish in report["publishes"])
    assert dead > 0
    assert report["registry"] == {"before": 600, "after": 600 - dead}
    assert report["simulator"]["requests"] == sum(publish["books"]["audience"] for publish in report["publishes"])
    assert terminal.processes() == []
    assert list(terminal.folder.glob("clarion-demo-*")) == []


# A shell sees 130 in either case: CPython, when it was interrupted inside an `exec`, ends itself with SIGINT.
@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGKILL, {-signal.SIGKILL}), (signal.SIGTERM, {130, -signal.SIGINT})]
)
def test_a_demo_that_is_cut_short_leaves_no_process_behind(terminal, number, codes):
    process = terminal.start("demo")
    until(lambda: len(terminal.processes()) > FLEET)
    process.send_signal(number)
    assert process.wait(30) in codes
    assert "Traceback" not in (terminal.folder / "errors.log").read_text()
    process.stdout.close()
    until(lambda: not terminal.processes())
