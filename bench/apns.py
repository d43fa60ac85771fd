"""How fast notifications go to APNs, each with its own path and id: against h2load and aioapns, in interleaved rounds.

`python -m bench.apns [--rounds 5]`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import ssl
import statistics
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench import client, sink
from bench.client import CONCURRENCY, Load, Took
from bench.record import Record, compare
from bench.sink import Sink
from clarion.app import APNsCredential
from clarion.delivery.engine import Engine, EngineOptions, Request, make_engine
from clarion.message import Message, Target
from clarion.message.appearance import Appearance
from clarion.providers.apns import APNsProvider
from clarion.providers.base import Verdict

#: Requests a round.
FAST, SLOW = 30_000, 4_000
TOPIC, KEY_ID, TEAM_ID = "com.example.bench", "ABCDE12345", "TEAM123456"
TARGET_H2LOAD, TARGET_AIOAPNS = 0.4, 5.0
_NOW_MS = 1_767_225_600_000


def run(rounds: int) -> list[Record]:
    """Measure every client once a round and take medians.

    Raises:
        RuntimeError: nginx or h2load is missing, or a notification was not accepted.
    """
    tokens = [random.Random(number).randbytes(32).hex() for number in range(FAST)]
    with sink.serve() as target, tempfile.TemporaryDirectory() as folder:
        provider = _provider(target, Path(folder))
        engine = make_engine(EngineOptions(ca_bundle=target.ca_bundle), "http2")
        whole = _Whole(provider)
        ready = whole.request(tokens[0], 0)
        load = Load(ready.body, (*ready.headers, *ready.own), [f"/3/device/{token}" for token in tokens])
        clients: dict[str, Callable[[], Took]] = {
            "h2load": lambda: client.h2load(target, FAST, load),
            "engine": lambda: client.send(engine, _plain(target, ready, tokens), FAST),
            "provider and engine": lambda: whole.send(engine, tokens),
            "aioapns": lambda: asyncio.run(_aioapns(target, Path(folder), tokens[:SLOW])),
        }
        clients["engine"]()  # handshake, windows and what is remembered of headers are not what is measured
        took: dict[str, list[Took]] = defaultdict(list)
        for _ in range(rounds):
            for name, measure in clients.items():
                took[name].append(measure())
        engine.close()
    return _records(took)


def _key(folder: Path) -> Path:
    path = folder / "key.p8"
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def _provider(target: Sink, folder: Path) -> APNsProvider:
    return APNsProvider.open(
        "bench",
        APNsCredential(
            key_file=_key(folder),
            key_id=KEY_ID,
            team_id=TEAM_ID,
            topic=TOPIC,
            endpoint=target.url,
            ca_bundle=Path(target.ca_bundle),
        ),
    )


class _Whole:
    """A message by our provider: composed once, one request for each device, and each answer understood."""

    def __init__(self, provider: APNsProvider) -> None:
        self._provider = provider
        shown = Appearance(title="Your order is on its way", body="b" * 120)
        message = Message(
            id=f"message:{uuid.UUID(int=1)}",
            app="bench",
            body="b" * 120,
            target=Target(channel="default"),
            accepted_ms=_NOW_MS,
            ttl_s=86_400,
            appearance=shown,
        )
        self._composition = provider.compose(message, "IOS", now_ms=_NOW_MS)
        self._bearer = provider.fetch_bearer(now_ms=_NOW_MS).token

    def request(self, token: str, ordinal: int) -> Request:
        """The request for one device."""
        device = SimpleNamespace(token=token, environment=None)
        return self._provider.request(self._composition, [device], (ordinal,), self._bearer)

    def send(self, engine: Engine, tokens: list[str]) -> Took:
        """One notification to each device."""

        def work() -> None:
            requests = (self.request(token, ordinal) for ordinal, token in enumerate(tokens))
            read = self._provider.read
            accepted = sum(
                answer is not None and read(answer).verdict is Verdict.ACCEPTED for answer in engine.send(requests)
            )
            if accepted != len(tokens):
                raise RuntimeError(f"{len(tokens) - accepted} notifications were not accepted")

        return client.measure(len(tokens), work)


def _plain(target: Sink, ready: Request, tokens: list[str]) -> Iterator[Request]:
    """The same as requests that nobody thinks about: what the engine alone costs."""
    start, headers, body = f"{target.url}/3/device/", ready.headers, ready.body
    own = ready.own[0][:-12]
    for number, token in enumerate(tokens):
        yield Request(number, start + token, headers, body, (f"{own}{number:012x}",))


async def _aioapns(target: Sink, folder: Path, tokens: list[str]) -> Took:
    """The client aioapns with a signing key: `CONCURRENCY` workers over its connections."""
    from aioapns import APNs, NotificationRequest, PushType  # noqa: PLC0415  # half a second of imports
    from aioapns.connection import APNsProductionClientProtocol  # noqa: PLC0415

    context = ssl.create_default_context(cafile=target.ca_bundle)
    context.set_alpn_protocols(["h2"])
    key = _key(folder).read_text()
    apns = APNs(key=key, key_id=KEY_ID, team_id=TEAM_ID, topic=TOPIC, ssl_context=context)
    port = int(target.url.rpartition(":")[2])
    place = {"APNS_SERVER": "127.0.0.1", "APNS_PORT": port}
    apns.pool.protocol_class = type("Protocol", (APNsProductionClientProtocol,), place)
    alert = {"aps": {"alert": {"title": "Your order is on its way", "body": "b" * 120}}}

    async def push(token: str) -> None:
        request = NotificationRequest(token, alert, time_to_live=86_400, priority=10, push_type=PushType.ALERT)
        if not (await apns.send_notification(request)).is_successful:
            raise RuntimeError("a notification was not accepted")

    remaining = iter(tokens)

    async def worker() -> None:
        for token in remaining:
            await push(token)

    await push(tokens[0])
    took = await client.measure_async(len(tokens), lambda: asyncio.gather(*(worker() for _ in range(CONCURRENCY))))
    apns.pool.close()
    return took


def _records(took: dict[str, list[Took]]) -> list[Record]:
    rates = {name: statistics.median(one.count / one.wall_s for one in all_) for name, all_ in took.items()}
    costs = {name: statistics.median(one.cpu_s / one.count * 1e6 for one in all_) for name, all_ in took.items()}
    records = [compare(f"apns/{name} rate", rate, "1/s") for name, rate in rates.items()]
    records += [compare(f"apns/{name} cpu", cost, "µs/request") for name, cost in costs.items()]
    for name in ("engine", "provider and engine"):
        for other in ("h2load", "aioapns"):
            # The median of the rounds' ratios: two clients of one round saw the same neighbours.
            ratio = statistics.median(
                ours.count / ours.wall_s * theirs.wall_s / theirs.count
                for ours, theirs in zip(took[name], took[other], strict=True)
            )
            records.append(
                Record(
                    name=f"apns/{name} over {other}", value=ratio, unit="x", against=f"apns/{other} rate", ratio=ratio
                )
            )
    return records


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    for record in run(parser.parse_args().rounds):
        print(f"{record['name']:40} {record['value']:12,.2f} {record['unit']}")
    print(f"targets: {TARGET_H2LOAD} x h2load, {TARGET_AIOAPNS:.0f} x aioapns")
