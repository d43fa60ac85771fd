"""What it costs when each device gets a value of its own in the text, not only its token: FCM, the engine included.

`python -m bench.personal [--rounds 5]`
"""

from __future__ import annotations

import argparse
import statistics
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from bench import client, sink
from bench.client import HEADERS, PATH, Took
from bench.record import Record, compare
from clarion.app import FCMStyle
from clarion.delivery.engine import EngineOptions, Request, make_engine
from clarion.message import Message, Target
from clarion.message.appearance import Appearance
from clarion.providers.fcm.composition import Composition, compose, splice

#: Requests a round.
COUNT = 30_000
TARGET = 1.5
#: Stands for the value in the text that all share; nobody writes it.
_HOLE = "\ue000"
_NOW_MS = 1_767_225_600_000


def run(rounds: int) -> list[Record]:
    """Measure both once a round and take medians.

    Raises:
        RuntimeError: nginx is missing, or a message was not accepted.
    """
    tokens = [Random(number).randbytes(81).hex()[:163] for number in range(COUNT)]
    names = [Random(number).choice(("Ada", "Grace", "Zoë", 'Robert "Bobby"')) for number in range(COUNT)]
    with sink.serve() as target:
        engine = make_engine(EngineOptions(ca_bundle=target.ca_bundle), "http2")
        url = target.url + PATH
        plain, personal = _composition("Dear customer"), _composition(f"Dear {_HOLE}")
        ways: dict[str, Callable[[], Took]] = {
            "plain": lambda: client.send(engine, _plain(url, plain, tokens), COUNT),
            "personal": lambda: client.send(engine, _personal(url, personal, tokens, names), COUNT),
        }
        ways["plain"]()  # handshake, windows and what is remembered are not what is measured
        took: dict[str, list[Took]] = defaultdict(list)
        for _ in range(rounds):
            for name, measure in ways.items():
                took[name].append(measure())
        engine.close()
    return _records(took)


def _composition(text: str) -> Composition:
    message = Message(
        id=f"message:{uuid.UUID(int=1)}",
        app="bench",
        body=f"{text}, {'b' * 120}",
        target=Target(channel="default"),
        accepted_ms=_NOW_MS,
        ttl_s=86_400,
        appearance=Appearance(title="Your order is on its way"),
    )
    return compose(message, "ANDROID", FCMStyle.NOTIFICATION, now_ms=_NOW_MS)


def _plain(url: str, composition: Composition, tokens: list[str]) -> Iterator[Request]:
    for number, token in enumerate(tokens):
        yield Request(number, url, HEADERS, splice(composition, token))


def _personal(url: str, composition: Composition, tokens: list[str], names: list[str]) -> Iterator[Request]:
    """The value goes wherever the text was: in the JSON, and so in quotes that are taken off again."""
    encode = msgspec.json.Encoder().encode
    parts = composition.after.split(_HOLE.encode())
    for number, token in enumerate(tokens):
        after = encode(names[number])[1:-1].join(parts)
        yield Request(number, url, HEADERS, b"".join((composition.before, encode(token), after)))


def _records(took: dict[str, list[Took]]) -> list[Record]:
    costs = {name: [one.cpu_s / one.count * 1e6 for one in all_] for name, all_ in took.items()}
    plain = compare("personal/plain cpu", statistics.median(costs["plain"]), "µs/message")
    personal = compare("personal/personal cpu", statistics.median(costs["personal"]), "µs/message", plain)
    # The median of the rounds' ratios: both of a round saw the same neighbours.
    personal["ratio"] = statistics.median(
        ours / theirs for ours, theirs in zip(costs["personal"], costs["plain"], strict=True)
    )
    return [plain, personal]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    for record in run(parser.parse_args().rounds):
        ratio = f"  {record['ratio']:.2f} x {record['against']}" if record["against"] else ""
        print(f"{record['name']:40} {record['value']:12,.2f} {record['unit']}{ratio}")
    print(f"target: at most {TARGET} x plain")
