"""What the registry of an app holds, read key by key, and whether its parts agree."""

from __future__ import annotations

from clarion.registry import SLOT_BITS, chunk_count, grave
from clarion.registry.bitmap import slots_of
from clarion.registry.directory import Kind, digest
from clarion.registry.record import decode
from clarion.registry.term import terms
from clarion.storage import keys


def devices(storage, app):
    """Ordinal -> device, from the records."""
    return {
        chunk << SLOT_BITS | int(slot): decode(raw).device()
        for chunk in range(chunk_count(storage, app))
        for slot, raw in storage.registry.hgetall(keys.records(app, chunk)).items()
    }


def index(storage, app):
    """Term -> ordinals, from the index."""
    found = {}
    for chunk in range(chunk_count(storage, app)):
        prefix = keys.index_prefix(app, chunk).encode()
        for key in storage.registry.scan_iter(keys.index_prefix(app, chunk) + "*", count=100_000):
            if storage.registry.type(key) == b"set":
                slots = [int(slot) for slot in storage.registry.smembers(key)]
            else:
                slots = slots_of(storage.registry.get(key))
            assert slots, f"an empty container was left behind: {key}"
            ordinals = found.setdefault(key.removeprefix(prefix).decode(), set())
            ordinals.update(chunk << SLOT_BITS | slot for slot in slots)
    return found


def directory(storage, app, kind):
    """(bucket's key, field) -> ordinal, from one directory."""
    buckets = storage.registry.scan_iter(f"{keys.PREFIX}:{{{app}:{kind}*", count=100_000)
    return {
        (bucket, field): int(ordinal)
        for bucket in buckets
        for field, ordinal in storage.registry.hgetall(bucket).items()
    }


def expirations(storage, app):
    """Ordinal -> expiration (ms)."""
    return {
        chunk << SLOT_BITS | int(slot): int(ms)
        for chunk in range(chunk_count(storage, app))
        for slot, ms in storage.registry.zrange(keys.expirations(app, chunk), 0, -1, withscores=True)
    }


def graves(storage, app):
    """Ordinal -> device as it was, of those that were removed."""
    return {
        chunk << SLOT_BITS | int(slot): decode(grave.decode(raw).record).device()
        for chunk in range(chunk_count(storage, app))
        for slot, raw in storage.registry.hgetall(keys.removed(app, chunk)).items()
    }


def dated(storage, app):
    """Ordinals of those that have a time of removal."""
    return {
        chunk << SLOT_BITS | int(slot)
        for chunk in range(chunk_count(storage, app))
        for slot in storage.registry.zrange(keys.removed_at(app, chunk), 0, -1)
    }


def struck(storage, app):
    """Ordinals of those that have strikes."""
    return {
        chunk << SLOT_BITS | int(slot)
        for chunk in range(chunk_count(storage, app))
        for slot in storage.registry.hkeys(keys.strikes(app, chunk))
    }


def expected_index(found):
    """Term -> ordinals, as the records (ordinal -> device) say it must be."""
    expected = {}
    for ordinal, device in found.items():
        for term in terms(device):
            expected.setdefault(term, set()).add(ordinal)
    return expected


def place(app, kind, name):
    """Where a directory keeps a device id or token."""
    entry = digest(name)
    return keys.directory(app, kind, entry[0] % 128).encode() + entry[1:2], entry[2:]


def check(storage, app, *, strays=False):
    """Assert that records, index, expirations, graves, strikes and directories agree; returns ordinal -> device.

    `strays`: the token directory may keep entries of tokens that nobody carries any more.
    """
    found = devices(storage, app)
    assert index(storage, app) == expected_index(found)
    assert expirations(storage, app) == {at: each.expires_at for at, each in found.items() if each.expires_at}
    gone = graves(storage, app)
    assert found.keys().isdisjoint(gone), "a device is registered and removed"
    assert dated(storage, app) == gone.keys()
    assert struck(storage, app) <= found.keys()
    by_id, by_token = directory(storage, app, Kind.DEVICE), directory(storage, app, Kind.TOKEN)
    ids = {place(app, Kind.DEVICE, each.device_id): at for at, each in (found | gone).items()}
    tokens = {place(app, Kind.TOKEN, each.token): at for at, each in found.items()}
    assert len(ids) == len(found) + len(gone), "a device id has two records or graves"
    assert len(tokens) == len(found), "a token has two records"
    if strays:
        assert ids.items() <= by_id.items()
        assert tokens.items() <= by_token.items()
    else:
        assert by_id == ids
        assert by_token == tokens
    return found
