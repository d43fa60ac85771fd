"""The clients that the engine is compared with, each sending the same small FCM message to the same sink.

Each function sends `count` requests and returns how long that took: seconds by the clock and of processor time.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from bench.sink import Sink
from clarion.delivery.engine import Engine, Request

PATH = "/v1/projects/bench/messages:send"
TOKEN = "c" * 163  # the length of an FCM token today
BODY = json.dumps(
    {"message": {"token": TOKEN, "notification": {"title": "Your order is on its way", "body": "b" * 120}}},
    separators=(",", ":"),
).encode()
HEADERS = ("content-type: application/json", "authorization: Bearer " + "a" * 200)
CONCURRENCY = 100


@dataclass(frozen=True, slots=True)
class Took:
    """What `count` requests cost the client."""

    count: int
    wall_s: float
    cpu_s: float


def measure(count: int, work: Callable[[], object]) -> Took:
    """Run `work`, which sends `count` requests from this process."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return Took(count, time.perf_counter() - wall_s, time.process_time() - cpu_s)


async def measure_async(count: int, work: Callable[[], Awaitable[object]]) -> Took:
    """The same of work that is awaited."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await work()
    return Took(count, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def engine(engine: Engine, sink: Sink, count: int) -> Took:
    """An engine of ours, fed by a generator, each answer looked at."""

    def requests() -> Iterator[Request]:
        url = sink.url + PATH
        for number in range(count):
            yield Request(number, url, HEADERS, BODY)

    return send(engine, requests(), count)


def send(engine: Engine, requests: Iterable[Request], count: int) -> Took:
    """An engine of ours with `count` requests that are made while they are sent.

    Raises:
        RuntimeError: one of them was not accepted.
    """

    def work() -> None:
        accepted = sum(answer is not None and answer.status in (200, 201) for answer in engine.send(requests))
        if accepted != count:
            raise RuntimeError(f"{count - accepted} of {count} requests were not accepted")

    return measure(count, work)


@dataclass(frozen=True, slots=True)
class Load:
    """What h2load sends: a body, header lines, and paths one after the other, again and again."""

    body: bytes = BODY
    headers: Sequence[str] = HEADERS
    paths: Sequence[str] = (PATH,)


_FCM = Load()


def h2load(sink: Sink, count: int, load: Load = _FCM) -> Took:
    """The C program that does nothing but load, over one connection, in one thread: the practical limit."""
    program = shutil.which("h2load")
    if program is None:
        raise RuntimeError("h2load is not installed; on Debian: apt-get install nghttp2-client")
    with tempfile.TemporaryDirectory() as folder:
        body, urls = Path(folder) / "body", Path(folder) / "urls"
        body.write_bytes(load.body)
        urls.write_text("".join(f"{sink.url}{path}\n" for path in load.paths))
        headers = [argument for header in load.headers for argument in ("-H", header)]
        given = ["-n", str(count), "-c", "1", "-m", str(CONCURRENCY), "-t", "1", "-d", str(body), "-i", str(urls)]
        before = os.times()
        run = subprocess.run([program, *given, *headers], capture_output=True, text=True, check=True)
        after = os.times()
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", run.stdout)
    if rate is None or f" {count} succeeded" not in run.stdout:
        raise RuntimeError(f"h2load did not succeed: {run.stdout}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(count, count / float(rate[1]), cpu_s)


async def httpx_h2(sink: Sink, count: int) -> Took:
    """Httpx with HTTP/2: `CONCURRENCY` workers over its one connection."""
    headers = dict(header.split(": ", 1) for header in HEADERS)
    async with httpx.AsyncClient(http2=True, verify=_trust(sink), trust_env=False, headers=headers) as client:
        remaining = iter(range(count))

        async def worker() -> None:
            for _ in remaining:
                (await client.post(sink.url + PATH, content=BODY)).raise_for_status()

        await client.post(sink.url + PATH, content=BODY)
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        return Took(count, time.perf_counter() - wall_s, time.process_time() - cpu_s)


async def firebase(sink: Sink, count: int) -> Took:
    """firebase-admin `send_each_async`, in calls of 500 messages, the most it takes."""
    import firebase_admin  # noqa: PLC0415  # a second of imports that the other clients do not need
    from firebase_admin import messaging  # noqa: PLC0415

    messaging._MessagingService.FCM_URL = sink.url + "/v1/projects/{0}/messages:send"  # noqa: SLF001
    app = firebase_admin.initialize_app(_token(), {"projectId": "bench"}, name=f"bench-{time.monotonic_ns()}")
    # The environment is the only way to tell it whom to trust.
    with warnings.catch_warnings(), mock.patch.dict(os.environ, {"SSL_CERT_FILE": sink.ca_bundle}):
        warnings.simplefilter("ignore")  # `token` is deprecated and is what everybody has
        note = messaging.Notification(title="Your order is on its way", body="b" * 120)
        messages = [messaging.Message(token=TOKEN, notification=note) for _ in range(count)]
        await messaging.send_each_async(messages[:1], app=app)
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for start in range(0, count, 500):
            response = await messaging.send_each_async(messages[start : start + 500], app=app)
            if response.failure_count:
                raise RuntimeError(f"firebase-admin failed: {response.responses[0].exception}")
        return Took(count, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def _trust(sink: Sink) -> Any:
    import ssl  # noqa: PLC0415

    return ssl.create_default_context(cafile=sink.ca_bundle)


def _token() -> Any:
    """A credential with a token in hand: minting one is not what is measured."""
    from firebase_admin import credentials  # noqa: PLC0415
    from google.oauth2.credentials import Credentials  # noqa: PLC0415

    class Ready(credentials.Base):  # type: ignore[misc]  # firebase-admin has no types
        def get_credential(self) -> Credentials:
            return Credentials("a" * 200)  # type: ignore[no-untyped-call]

    return Ready()
