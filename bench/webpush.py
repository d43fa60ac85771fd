"""What a Web Push message costs, and how much of that is its encryption: no two browsers are sent the same bytes.

`python -m bench.webpush [--rounds 5]`
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench import client, sink
from bench.client import Load, Took
from bench.record import Record, compare
from bench.sink import Sink
from clarion.app import WebPushCredential
from clarion.delivery.engine import Engine, EngineOptions, Request, make_engine
from clarion.message import Message, Target
from clarion.message.appearance import Appearance
from clarion.providers.base import Verdict
from clarion.providers.webpush import WebPushProvider
from clarion.providers.webpush.subscription import parse

#: Messages a round, to so many browsers.
COUNT, BROWSERS = 10_000, 1_000
#: The length of a text that makes a body of four thousand bytes, the most that push services take.
LONG = 3_500
_CURVE = ec.SECP256R1()


def run(rounds: int) -> list[Record]:
    """Measure every part once a round and take medians.

    Raises:
        RuntimeError: nginx or h2load is missing, or a message was not accepted.
    """
    with sink.serve() as target, tempfile.TemporaryDirectory() as folder:
        provider = _provider(target, Path(folder))
        tokens = [_subscription(target, Random(number)) for number in range(BROWSERS)]
        engine = make_engine(EngineOptions(ca_bundle=target.ca_bundle), "http2")
        parts: dict[str, Callable[[], Took]] = {}
        for size, text in (("short", "b" * 120), ("long", "b" * LONG)):
            sending = _Sending(provider, tokens, text)
            parts |= {f"{size} {name}": part for name, part in sending.parts(engine, target).items()}
        sending.ready(engine)  # handshake, windows and what is remembered are not what is measured
        took: dict[str, list[Took]] = defaultdict(list)
        for _ in range(rounds):
            for name, measure in parts.items():
                took[name].append(measure())
        engine.close()
    return [record for size in ("short", "long") for record in _records(size, took)]


class _Sending:
    """One message to many browsers, and the parts of its cost."""

    def __init__(self, provider: WebPushProvider, tokens: list[str], text: str) -> None:
        now_ms = time.time_ns() // 1_000_000
        message = Message(
            id=f"message:{uuid.UUID(int=1)}",
            app="bench",
            body=text,
            target=Target(channel="default"),
            accepted_ms=now_ms,
            ttl_s=86_400,
            appearance=Appearance(title="Your order is on its way"),
        )
        self._provider = provider
        self._composition = provider.compose(message, "WEB", now_ms=now_ms)
        self._devices = [SimpleNamespace(token=token, environment=None) for token in tokens]
        self._requests = list(self._made(len(tokens)))

    def parts(self, engine: Engine, target: Sink) -> dict[str, Callable[[], Took]]:
        """What to measure, by name."""
        first = self._requests[0]
        paths = [request.url.removeprefix(target.url) for request in self._requests]
        load = Load(first.body, first.headers, paths)
        return {
            "h2load": lambda: client.h2load(target, COUNT, load),
            "engine": lambda: self.ready(engine),
            "whole": lambda: self._whole(engine),
            "encryption": self._encryption,
        }

    def ready(self, engine: Engine) -> Took:
        """The engine alone, with requests that were encrypted before."""
        again = (self._requests[number % BROWSERS] for number in range(COUNT))
        return client.send(engine, again, COUNT)

    def _made(self, count: int) -> Iterator[Request]:
        for number in range(count):
            device = self._devices[number % BROWSERS]
            yield self._provider.request(self._composition, [device], (number,), "")

    def _whole(self, engine: Engine) -> Took:
        """As the delivery does it: subscription read, message encrypted, sent, answer understood."""
        read = self._provider.read

        def work() -> None:
            answers = engine.send(self._made(COUNT))
            accepted = sum(answer is not None and read(answer).verdict is Verdict.ACCEPTED for answer in answers)
            if accepted != COUNT:
                raise RuntimeError(f"{COUNT - accepted} messages were not accepted")

        return client.measure(COUNT, work)

    def _encryption(self) -> Took:
        subscriptions = [parse(device.token) for device in self._devices]
        encrypt, content = self._provider.encrypt, self._composition.content

        def work() -> None:
            for subscription in subscriptions:
                encrypt(content, subscription)

        return client.measure(BROWSERS, work)


def _provider(target: Sink, folder: Path) -> WebPushProvider:
    key = ec.generate_private_key(_CURVE)
    path = folder / "vapid.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    hosts, ca_bundle = frozenset({"127.0.0.1"}), Path(target.ca_bundle)
    return WebPushProvider.open(
        "bench",
        WebPushCredential(private_key=path, subject="mailto:bench@example.com", hosts=hosts, ca_bundle=ca_bundle),
    )


def _subscription(target: Sink, source: Random) -> str:
    key = ec.derive_private_key(source.randrange(1, 1 << 250), _CURVE).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _base64url(point), "auth": _base64url(source.randbytes(16))}
    return json.dumps({"endpoint": f"{target.url}/push/{_base64url(source.randbytes(100))}", "keys": keys})


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _records(size: str, took: dict[str, list[Took]]) -> list[Record]:
    def cost(name: str) -> float:
        return statistics.median(one.cpu_s / one.count * 1e6 for one in took[f"{size} {name}"])

    def rate(name: str) -> float:
        return statistics.median(one.count / one.wall_s for one in took[f"{size} {name}"])

    limit = compare(f"webpush/{size}: h2load rate", rate("h2load"), "1/s")
    whole = compare(f"webpush/{size}: cpu", cost("whole"), "µs/message")
    return [
        limit,
        compare(f"webpush/{size}: engine rate", rate("engine"), "1/s", limit),
        compare(f"webpush/{size}: rate", rate("whole"), "1/s", limit),
        whole,
        compare(f"webpush/{size}: cpu of the encryption", cost("encryption"), "µs/message", whole),
        compare(f"webpush/{size}: cpu of the engine", cost("engine"), "µs/message", whole),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    for record in run(parser.parse_args().rounds):
        ratio = f"  {record['ratio']:.2f} x {record['against']}" if record["against"] else ""
        print(f"{record['name']:40} {record['value']:12,.2f} {record['unit']}{ratio}")
