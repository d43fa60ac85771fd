"""Deliver a shard: lease it, send to everybody the ledger calls pending, record what came of it, give it back."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

from clarion.delivery import ledger, moment, retry, throttle
from clarion.delivery.governor import Closed, closed
from clarion.delivery.ledger import CLAIM_SLACK_MS, OURS, THROTTLE, TIME, Lease, LeaseLost
from clarion.delivery.moment import Part
from clarion.delivery.outfit import Outfit
from clarion.delivery.run import Run
from clarion.delivery.send import send
from clarion.delivery.shard import Shard
from clarion.errors import Unavailable
from clarion.message import Outcome, State
from clarion.message.message import decode
from clarion.providers.base import Provider
from clarion.queue import Queue, deliver_hint, render
from clarion.registry import Record, struck
from clarion.registry import read as read_devices
from clarion.storage import keys
from clarion.storage.connection import storage_errors

#: What is due within this time is handed to Celery as an ETA task; what is later waits on Redis for a beat.
ETA_HORIZON_S = 5.0
#: After an error of our own the shard waits this long: at once, it would only fail again.
FAULT_WAIT_S = 10.0
#: After so many burned attempts an error of our own ends the shard.
FAULTS_MAX = 5
#: Why a device has no outcome from a provider.
NO_PROVIDER, LEFT, FAULT = "NO_PROVIDER", "LEFT_BEFORE_SENDING", "FAULT"


def deliver(outfit: Outfit, message_id: str, reference: str) -> str:
    """Deliver one shard. Returns what became of it: `closed`, `reopened`, `lost`, or why it was not claimed.

    Raises:
        Unavailable: Redis failed; the lease runs out and the rescue queues the shard again.
    """
    shard = Shard.parse(reference)
    lease = ledger.claim(outfit.storage, message_id, shard, owner=uuid.uuid4().hex, lease_ms=outfit.pace.lease_ms)
    if isinstance(lease, str):
        return lease
    run = _run(outfit, message_id, lease)
    try:
        if not run.stopped:
            _send_pending(run)
        return _give_back(run)
    except LeaseLost:
        return "lost"
    except Unavailable:
        raise
    except Exception:
        with suppress(LeaseLost):
            _leave_faulty(run)
        raise


def _leave_faulty(run: Run) -> None:
    """An error of our own: what is known is kept, the rest is tried again. At last whose time has come is given up."""
    if run.lease.attempt >= FAULTS_MAX:
        for slot in sorted(run.open - run.deferred):
            run.settle(slot, Outcome.UNKNOWN, reason=FAULT)
        run.waits = {name: wait for name, wait in run.waits.items() if name == TIME}
    else:
        run.fault_in_s = FAULT_WAIT_S
    _give_back(run)


def _send_pending(run: Run) -> None:
    if run.outfit.clock() >= retry.ends_ms(run.message):
        run.settle_open(Outcome.EXPIRED)
        return
    if _all_wait(run):
        return
    run.struck = struck(run.outfit.storage, run.message.app, run.lease.shard.chunk, run.lease.pending)
    ready = _ready(run)
    if throttle.postpone(run, ready):
        return
    for provider, parts in ready:
        if run.stopped:
            run.keep(provider.name)
        else:
            send(run, provider, parts)
    if run.stopped:
        run.look_again()


def _ready(run: Run) -> list[tuple[Provider, list[Part]]]:
    """Whom to send to, by provider: whoever waits for nothing."""
    ready, clocks = [], moment.clocks(run)
    for provider, by_os in _by_provider(run).items():
        if waits := _waits(run, provider.name):
            run.keep(provider.name)
        if clocks is not None:
            parts = clocks.parts(by_os, waits=waits)
        else:
            parts = [] if waits else [Part(os, run.message, devices) for os, devices in by_os.items()]
        if parts:
            ready.append((provider, parts))
    return ready


def _all_wait(run: Run) -> bool:
    """Whether nobody of the shard can be sent to now: known from what they wait for, before any device is read."""
    if _waits(run, THROTTLE):
        run.waits.update(run.lease.waits)
        return True
    known = {provider.name: provider for provider in run.outfit.providers.get(run.message.app, {}).values()}
    for name in run.lease.waits.keys() - {THROTTLE}:
        if _waits(run, name):
            run.keep(name)
        elif (gate := _closed(run, known.get(name))) is not None:
            run.hold(name, gate.in_s)
            run.held.add(name)
        else:
            run.waits.clear()
            return False
    return bool(run.waits)


def _waits(run: Run, name: str) -> bool:
    return run.left_ms(name, run.wait(name)) > (0 if name in OURS else CLAIM_SLACK_MS)


def _closed(run: Run, provider: Provider | None) -> Closed | None:
    if provider is None:
        return None
    return closed(run.outfit.storage, run.message.app, provider, now_ms=run.outfit.clock())


def _by_provider(run: Run) -> Mapping[Provider, Mapping[str, dict[int, Record]]]:
    """The pending devices by provider and operating system; who has left, or cannot be served, is settled at once."""
    providers = run.outfit.providers.get(run.message.app, {})
    groups: defaultdict[Provider, defaultdict[str, dict[int, Record]]] = defaultdict(lambda: defaultdict(dict))
    devices = read_devices(run.outfit.storage, run.message.app, run.lease.shard.chunk, run.lease.pending)
    now_ms = run.outfit.clock()
    for slot, device in zip(run.lease.pending, devices, strict=True):
        if device is None or (device.expires_at is not None and device.expires_at <= now_ms):
            run.settle(slot, Outcome.UNREGISTERED, reason=LEFT)
        elif (provider := providers.get(device.os)) is None:
            run.settle(slot, Outcome.REJECTED, reason=NO_PROVIDER)
        else:
            groups[provider][device.os][slot] = device
    run.devices = {
        slot: device for by_os in groups.values() for each in by_os.values() for slot, device in each.items()
    }
    return groups


def _give_back(run: Run) -> str:
    if run.open and not run.waits:
        run.record()
    if run.state is State.CANCELLING:
        run.settle_open(Outcome.CANCELLED)
    if run.tally.size:
        run.record()
    if not run.open:
        ledger.close(run.outfit.storage, run.message.id, run.lease)
        return "closed"
    if run.held:
        with storage_errors():
            met = {f"held:{name}": 1 for name in run.held}
            run.outfit.storage.main.hset(keys.message(run.message.id), mapping=met)
    _reopen(run)
    return "reopened"


def _reopen(run: Run) -> None:
    outfit, message, fault = run.outfit, run.message, run.fault_in_s is not None
    queue = Queue.EXPRESS if run.urgent else Queue.BULK
    in_ms = run.wait_ms() if run.fault_in_s is None else int(run.fault_in_s * 1000)
    later = in_ms > ETA_HORIZON_S * 1000 or not outfit.storage.queues_on_main
    task = b""
    if outfit.storage.queues_on_main:
        hint, now_ms = deliver_hint(message.id, run.lease.shard.reference, queue), outfit.clock()
        task = render(hint, now_ms=now_ms, eta_ms=None if later or not in_ms else now_ms + in_ms)
    ledger.reopen(
        outfit.storage,
        message.id,
        run.lease,
        app=message.app,
        due_ms=run.now_ms() + in_ms,
        later=later,
        burned=fault,
        queue=queue,
        task=task,
        waits=None if fault else run.waits,  # after an error nobody knows who waits for what
    )


def _run(outfit: Outfit, message_id: str, lease: Lease) -> Run:
    with storage_errors():
        row = outfit.storage.main.hmget(keys.message(message_id), ("content", "queue", "audience", "rate"))
    content, queue, audience, rate = row
    return Run(
        outfit,
        _decoded(content or b""),
        int(audience or 0),
        queue == Queue.EXPRESS.value.encode(),
        lease,
        lease.state,
        set(lease.pending),
        rate_per_s=float(rate or 0),
    )


_decoded = lru_cache(maxsize=16)(decode)
