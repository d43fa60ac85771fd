"""Whatever sequence of calls: the registry is what a dictionary would be."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.audience import resolve, slots_of
from clarion.errors import UnknownDeviceToUnregister
from clarion.message import PushBroadcast, Target
from clarion.registry import (
    OS,
    SLOT_BITS,
    SLOT_MASK,
    Device,
    Restoration,
    chunk_count,
    count,
    expire,
    find,
    forget_removed,
    list_channels,
    register,
    removed,
    restore,
    scan,
    unregister,
)
from clarion.storage import keys
from tests.integration.registry import audit
from tests.integration.registry.burial import bury

APP = "app"
NOW = 1_000
IDS = [f"device-{i}" for i in range(5)] + ["01234567-89ab-cdef-0123-456789abcdef"]
TOKENS = [f"token-{i}" for i in range(6)]
CHANNELS = ["default", "news", "müsli 🥣", "a:b{c}"]

devices = st.builds(
    Device,
    token=st.sampled_from(TOKENS),
    device_id=st.sampled_from(IDS),
    os=st.sampled_from(list(OS)[:3]),
    os_version=st.sampled_from(["", "14"]),
    channels=st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True).map(tuple),
    registered_at=st.just(NOW),
    expires_at=st.sampled_from([None, None, NOW + 1, NOW + 500]),
    user_id=st.sampled_from([None, "u"]),
    properties=st.sampled_from([{}, {"age": 3, "tags": ["a", None]}]),
    environment=st.sampled_from([None, None, "sandbox"]),
    zone=st.sampled_from([None, None, "Europe/Berlin"]),
)
registrations = st.tuples(st.just("register"), st.lists(devices, min_size=1, max_size=6))
leavings = st.tuples(
    st.just("unregister"), st.sampled_from(IDS), st.none() | st.lists(st.sampled_from(CHANNELS), max_size=3)
)
deaths = st.tuples(
    st.just("prune"), st.dictionaries(st.sampled_from(IDS), st.sampled_from(TOKENS), min_size=1, max_size=3)
)
ends = st.tuples(st.just("expire"), st.sampled_from([NOW, NOW + 1, NOW + 600]))
returns = st.tuples(st.just("restore"), st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True))
oblivion = st.tuples(st.just("forget"), st.just(None))
sequences = st.lists(
    registrations | registrations | leavings | deaths | deaths | returns | ends | oblivion, max_size=10
)


class Model:
    """The registry as a dictionary."""

    def __init__(self):
        self.devices = {}
        self.graves = {}
        self.channels = set()

    def register(self, batch):
        for said in batch:
            known = self.devices.get(said.device_id)
            kept = known.environment if known is not None and known.token == said.token else None
            device = msgspec.structs.replace(said, environment=said.environment or kept)
            self.graves.pop(device.device_id, None)
            self.devices = {key: each for key, each in self.devices.items() if each.token != device.token}
            self.devices[device.device_id] = device
            self.channels.update(device.channels)

    def unregister(self, device_id, channels):
        """Returns what is left; raises KeyError for the unknown."""
        self.graves.pop(device_id, None)
        device = self.devices.pop(device_id)
        left = () if channels is None else tuple(name for name in device.channels if name not in channels)
        if not left:
            return None
        self.devices[device_id] = msgspec.structs.replace(device, channels=left)
        return self.devices[device_id]

    def prune(self, tokens):
        dead = [key for key, token in tokens.items() if key in self.devices and self.devices[key].token == token]
        for key in dead:
            self.graves[key] = self.devices.pop(key)
        return len(dead)

    def carried(self, token):
        return token in {each.token for each in self.devices.values()}

    def restore(self, device_id, now_ms):
        grave = self.graves.get(device_id)
        if device_id in self.devices or (grave and not grave.expired(now_ms) and self.carried(grave.token)):
            return Restoration.SUPERSEDED
        if grave is None or grave.expired(now_ms):
            return Restoration.UNKNOWN
        self.devices[device_id] = msgspec.structs.replace(self.graves.pop(device_id), registered_at=now_ms)
        return Restoration.RESTORED

    def expire(self, now_ms):
        due = [key for key, each in self.devices.items() if each.expired(now_ms)]
        for key in due:
            del self.devices[key]
        return len(due)


def apply(storage, model, step):
    match step:
        case ("register", batch):
            ordinals = register(storage, APP, batch)
            assert len(ordinals) == len(batch)
            model.register(batch)
        case ("unregister", device_id, channels):
            try:
                left = model.unregister(device_id, channels)
            except KeyError:
                left = UnknownDeviceToUnregister
            try:
                assert unregister(storage, APP, device_id, channels, now_ms=0) == left
            except UnknownDeviceToUnregister:
                assert left is UnknownDeviceToUnregister
        case ("prune", tokens):
            assert _prune(storage, tokens) == model.prune(tokens)
        case ("restore", ids):
            expected = {device_id: model.restore(device_id, NOW + 1) for device_id in ids}
            assert restore(storage, APP, ids, NOW + 1) == expected
        case ("forget", _):
            assert forget_removed(storage, APP, NOW) == len(model.graves)
            model.graves.clear()
        case ("expire", now_ms):
            assert expire(storage, APP, now_ms) == model.expire(now_ms)


def _prune(storage, tokens):
    gone = 0
    for item, token in zip(find(storage, APP, list(tokens), now_ms=0), tokens.values(), strict=True):
        if item is not None:
            gone += bury(storage, APP, item[0] >> SLOT_BITS, {item[0] & SLOT_MASK: token})
    return gone


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=sequences, start=st.sampled_from([0, 65_533]))
def test_any_sequence_of_calls_leaves_what_a_dictionary_would_hold(storage, steps, start):
    storage.registry.flushall()
    storage.registry.set(keys.ordinals(APP), start)
    model = Model()
    for step in steps:
        apply(storage, model, step)
    found = audit.check(storage, APP)
    assert {each.device_id: each for each in found.values()} == model.devices
    assert {each.device_id: each for each in scan(storage, APP)} == model.devices
    listed = {each.device.device_id: each.device for each in removed(storage, APP)}
    assert listed == {key: each for key, each in model.graves.items() if not model.carried(each.token)}
    assert list_channels(storage, APP) == sorted(model.channels)
    _check_lookup(storage, model)
    _check_counts(storage, model)
    _check_audience(storage, model, found)


def _check_lookup(storage, model):
    for device_id, item in zip(IDS, find(storage, APP, IDS, NOW + 1), strict=True):
        known = model.devices.get(device_id)
        assert (item and item[1]) == (None if known is None or known.expired(NOW + 1) else known)


def _check_counts(storage, model):
    everybody = list(model.devices.values())
    assert count(storage, APP) == len(everybody)
    for os, channel in itertools.product(OS, CHANNELS):
        assert count(storage, APP, os) == sum(each.os == os for each in everybody)
        assert count(storage, APP, channel=channel) == sum(channel in each.channels for each in everybody)
        both = sum(each.os == os and channel in each.channels for each in everybody)
        assert count(storage, APP, os, channel) == both


def _check_audience(storage, model, found):
    mask = PushBroadcast.IOS | PushBroadcast.WP
    target = Target(channel="news", broadcast=mask)
    audience = {
        found[chunk << SLOT_BITS | slot].device_id
        for chunk, bitmap in resolve(storage, APP, target, range(chunk_count(storage, APP)))
        for slot in slots_of(bitmap)
    }
    wanted = {OS.IOS, OS.WP}
    assert audience == {key for key, each in model.devices.items() if each.os in wanted and "news" in each.channels}
