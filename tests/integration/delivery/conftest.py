from __future__ import annotations

import itertools
import random
import time
from functools import cache
from pathlib import Path

import msgspec
import pytest

from clarion.accept import accept
from clarion.app import APNsCredential, App, FCMCredential, HMSCredential, Quarantine, WebPushCredential, WNSCredential
from clarion.delivery.bearer import Bearers
from clarion.delivery.deliver import deliver
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.delivery.outfit import Outfit, Pace
from clarion.delivery.plan import plan
from clarion.message.message import decode, encode
from clarion.providers.catalog import providers
from clarion.registry import OS, Device, register
from clarion.status import read
from clarion.storage import keys
from tests.simulation import Simulation


@pytest.fixture(scope="session")
def running_simulation():
    with Simulation() as simulation:
        yield simulation


@pytest.fixture
def simulation(running_simulation):
    running_simulation.reset()
    return running_simulation


class Clock:
    """The wall clock, which a test can set forward."""

    def __init__(self):
        self.ahead_ms = 0

    def __call__(self):
        return time.time_ns() // 1_000_000 + self.ahead_ms


class System:
    """One application with a registry and one worker's thread, driven step by step by the test."""

    def __init__(self, storage, simulation, pace=None, quarantine=None, **asked):
        self.storage, self.simulation, self.clock = storage, simulation, Clock()
        self.app = App("demo", "Demo", **(self.credentials() | asked), quarantine=quarantine or Quarantine())
        self.pace = pace or Pace(shard_size=50)
        self._engines = []
        self.outfit = self.new_outfit()
        self._numbers = itertools.count()

    def fcm(self, **settings):
        ready = self.simulation.ready
        return FCMCredential(
            service_account=Path(ready["credentials"]),
            endpoint=ready["fcm"],
            ca_bundle=Path(ready["ca"]),
            **({"rate_per_s": 0} | settings),
        )

    def credentials(self):
        """One of each provider, all without a rate."""
        found, ca = (
            self.simulation.ready["providers"],
            {"ca_bundle": Path(self.simulation.ready["ca"]), "rate_per_s": 0},
        )
        apns, webpush, wns, hms = (found[name] for name in ("apns", "webpush", "wns", "hms"))
        return {
            "fcm": self.fcm(),
            "apns": APNsCredential(
                **{name: apns[name] for name in ("key_id", "team_id", "topic", "endpoint", "sandbox_endpoint")},
                key_file=Path(apns["key_file"]),
                **ca,
            ),
            "webpush": WebPushCredential(
                private_key=Path(webpush["private_key"]),
                subject=webpush["subject"],
                hosts=frozenset(webpush["hosts"]),
                **ca,
            ),
            "wns": WNSCredential(
                client_id=wns["client_id"],
                client_secret=Path(wns["client_secret"]),
                tenant_id=wns["tenant_id"],
                token_endpoint=wns["token_endpoint"],
                hosts=frozenset(wns["hosts"]),
                **ca,
            ),
            "hms": HMSCredential(
                client_id=hms["client_id"],
                client_secret=Path(hms["client_secret"]),
                project_id=hms["project_id"],
                endpoint=hms["endpoint"],
                token_endpoint=hms["token_endpoint"],
                **ca,
            ),
        }

    def close(self):
        for engine in self._engines:
            engine.close()

    def new_outfit(self):
        """Another worker's thread."""

        @cache
        def engine_for(line):
            options = EngineOptions(ca_bundle=str(line.ca_bundle), answer_headers=line.answer_headers, timeout_s=2.0)
            engine = make_engine(options)
            self._engines.append(engine)
            return engine

        bearers = Bearers(self.storage, self.clock)
        provided = {"demo": providers(self.app)}
        apps = {"demo": self.app}
        return Outfit(self.storage, None, provided, apps, engine_for, bearers, self.pace, self.clock, random.random)

    def devices(self, count, token="token-{}", channels=("default",), os=OS.ANDROID, **fields):
        made = [
            Device(
                token=token.replace("{}", str(number)),
                device_id=f"device-{number}",
                os=os,
                channels=channels,
                registered_at=self.clock(),
                **fields,
            )
            for number in itertools.islice(self._numbers, count)
        ]
        register(self.storage, "demo", made)
        return made

    def accept(self, body="Hello", channel=None, publish=None, delivery=None):
        return accept(self.storage, self.app, body, channel, publish, delivery, now_ms=self.clock()).message_id

    def plan(self, message_id):
        return plan(self.outfit, message_id)

    def shards(self, message_id):
        return [shard for place in self.dues(message_id) for shard in place]

    def dues(self, message_id):
        """When the open shards that nobody holds are due (epoch ms); those that lie in `later` are in the second."""
        places = (keys.waiting(message_id), keys.later(message_id))
        return [
            {shard.decode(): due for shard, due in self.storage.main.zrange(key, 0, -1, withscores=True)}
            for key in places
        ]

    def rewrite(self, message_id, **fields):
        """Let the stored message say something else."""
        key = keys.message(message_id)
        message = msgspec.structs.replace(decode(self.storage.main.hget(key, "content")), **fields)
        self.storage.main.hset(key, "content", encode(message))
        return message

    def deliver(self, message_id, outfit=None):
        return [deliver(outfit or self.outfit, message_id, shard) for shard in self.shards(message_id)]

    def make_due(self, message_id):
        """Nothing of the message waits for a time any more."""
        main = self.storage.main
        for shard in self.shards(message_id):
            main.zadd(keys.waiting(message_id), {shard: 1})
        main.delete(keys.later(message_id))
        for shard, packed in main.hgetall(keys.waits(message_id)).items():
            waits = {name: (1, *wait[1:]) for name, wait in msgspec.msgpack.decode(packed).items()}
            main.hset(keys.waits(message_id), shard, msgspec.msgpack.encode(waits))

    def publish(self, *args, **kwargs):
        message_id = self.accept(*args, **kwargs)
        self.plan(message_id)
        self.deliver(message_id)
        return message_id

    def progress(self, message_id):
        return read(self.storage, "demo", message_id)

    def let_fail(self, token_prefix, error):
        """Let an error of our own end every attempt to send to one of these devices."""
        provider = self.outfit.providers["demo"]["ANDROID"]

        class Faulty:
            def __getattr__(self, name):
                return getattr(provider, name)

            def request(self, composition, devices, tag, bearer):
                if devices[0].token.startswith(token_prefix):
                    raise error
                return provider.request(composition, devices, tag, bearer)

        self.outfit.providers["demo"]["ANDROID"] = Faulty()

    def books(self, message_id):
        """The books as {line: devices}, checked: the audience is always the sum of all lines."""
        books = self.progress(message_id).books
        lines = {f"{e.outcome}|{e.provider}|{e.reason}": e.devices for e in books.entries}
        assert books.audience == books.pending + sum(lines.values())
        return lines | ({"pending": books.pending} if books.pending else {})


@pytest.fixture
def new_system(storage, simulation):
    """Makes systems of a pace whose application asks for something, and closes their engines in the end."""
    made = []

    def make(pace=None, quarantine=None, **asked):
        made.append(System(storage, simulation, pace, quarantine, **asked))
        return made[-1]

    yield make
    for system in made:
        system.close()


@pytest.fixture
def system(new_system):
    return new_system()
