from __future__ import annotations

import os
import signal
import sys
from typing import NamedTuple

import pytest

from cli.app import main


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def clarion(monkeypatch, capsys, tmp_path):
    """Runs the command line in this process, in an empty folder and without settings of ours."""
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def clarion(*words):
        monkeypatch.setattr(sys, "argv", ["clarion", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    yield clarion
    signal.signal(signal.SIGTERM, before)
