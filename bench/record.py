"""One measured figure, and the facts about the machine without which no figure means anything."""

from __future__ import annotations

import os
import platform
import ssl
from pathlib import Path
from typing import TypedDict


class Record(TypedDict):
    """One figure.

    Attributes:
        name: what was measured, as `area/what`.
        value: the median of all rounds.
        unit: of the value, such as `1/s` or `µs/request`.
        against: the name of the record it is compared with, measured in the same rounds; "" for none.
        ratio: the value over the value of `against`; 0.0 for none. Ratios hold between machines, values do not.
    """

    name: str
    value: float
    unit: str
    against: str
    ratio: float


def machine() -> dict[str, str | int | float]:
    """What this machine is: processor, cores, load, kernel and the versions that decide a result."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
    }


def compare(name: str, value: float, unit: str, other: Record | None = None) -> Record:
    """Make a record, with its ratio to `other`."""
    ratio = value / other["value"] if other and other["value"] else 0.0
    return Record(name=name, value=value, unit=unit, against=other["name"] if other else "", ratio=ratio)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
