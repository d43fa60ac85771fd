"""The packages that delivery hangs on, in the versions that were tested together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cli.doctor.finding import Finding, fail, ok, warn
from config.settings import EngineKind

#: Any other version of these two must be expected to lose tasks or workers; the rest is known to move without harm.
EXACT = ("celery", "kombu")
LOOSE = ("redis",)
ENGINE = "pycurl"

_PIN = re.compile(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


def locked(lock: Path) -> dict[str, str]:
    """The pinned versions by package; none when there is no such file."""
    return dict(_PIN.findall(lock.read_text())) if lock.is_file() else {}


def installed(package: str) -> str | None:
    """The installed version, None when there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_versions(pins: dict[str, str], engine: EngineKind) -> Iterator[Finding]:
    """Compare what is installed with what was tested."""
    for package in (*EXACT, *LOOSE):
        yield judge(package, installed(package), pins.get(package))
    found = installed(ENGINE)
    if found is None and engine is EngineKind.CURL:
        yield fail(ENGINE, "not installed, and CLARION_ENGINE is curl", f"Install {ENGINE}, or choose another engine.")
    elif found is None:
        yield warn(
            ENGINE,
            "not installed",
            f"Install {ENGINE}: servers that speak only HTTP/1.1 are many times slower without it.",
        )
    else:
        yield judge(ENGINE, found, pins.get(ENGINE))


def judge(package: str, found: str | None, pinned: str | None) -> Finding:
    """One package: installed version against the pinned one."""
    if found is None:
        return fail(package, "not installed", "Install what requirements.lock says: make install.")
    if pinned is None:
        return ok(package, found)
    if found == pinned:
        return ok(package, f"{found}, as locked")
    said, advice = f"{found}, not {pinned}", "Install what requirements.lock says: make install."
    return fail(package, said, advice) if package in EXACT else warn(package, said, advice)
