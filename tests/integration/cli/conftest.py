"""The command line in this process, on a real Redis."""

from __future__ import annotations

import os
import signal
import sys
from typing import NamedTuple

import pytest

from cli.app import main

APPS = '[apps.demo]\nname = "Demo"\n[[apps.demo.keys]]\nkey = "0123456789abcdef"\nscopes = ["admin"]\n'


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def clarion(monkeypatch, capsys, tmp_path, redis_url):
    """Runs `clarion …`; returns exit code, stdout and stderr."""
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)
    (tmp_path / "apps.toml").write_text(APPS)
    monkeypatch.setenv("CLARION_REDIS_URL", redis_url)
    monkeypatch.setenv("CLARION_APPS_FILE", str(tmp_path / "apps.toml"))
    before = signal.getsignal(signal.SIGTERM)

    def clarion(*words):
        monkeypatch.setattr(sys, "argv", ["clarion", *words])
        capsys.readouterr()  # what was logged in between is no answer
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    yield clarion
    signal.signal(signal.SIGTERM, before)
