"""h2load: what a C program that does nothing but send reaches against the same sink, the practical limit here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

INSTALL = "h2load is not installed; on Debian: apt-get install nghttp2-client"
_RATE = re.compile(r"([\d.]+) req/s")


def h2load(url: str, body: bytes, requests: int, streams: int = 100) -> float:
    """Requests a second of one thread over one connection.

    Raises:
        RuntimeError: h2load is missing, or not every request succeeded.
    """
    program = shutil.which("h2load")
    if program is None:
        raise RuntimeError(INSTALL)
    with tempfile.NamedTemporaryFile(prefix="clarion-body-") as file:
        Path(file.name).write_bytes(body)
        command = [program, "-n", str(requests), "-c", "1", "-t", "1", "-m", str(streams), "-d", file.name]
        command += ["-H", "content-type: application/json", url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if f"{requests} succeeded" not in output:
        raise RuntimeError("h2load: not every request succeeded")
    rate = _RATE.search(output)
    assert rate is not None
    return float(rate[1])
