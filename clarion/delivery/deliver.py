"""Deliver a shard: lease it, send to everybody the ledger calls pending, record what came of it, give it back."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import lru_cache

import structlog

from clarion.delivery import ledger, retry
from clarion.delivery.bearer import Busy, park, parked
from clarion.delivery.ledger import LeaseLost
from clarion.delivery.outfit import Outfit
from clarion.delivery.run import Run
from clarion.delivery.shard import Shard
from clarion.errors import Misconfigured, Unavailable
from clarion.message import Message, Outcome
from clarion.message.message import decode
from clarion.providers.base import Provider, Result, Verdict, read
from clarion.providers.exchange import Answer, Request
from clarion.queue import Queue, deliver_hint, render
from clarion.registry import Record
from clarion.registry import read as read_devices
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

log = structlog.get_logger()

#: A retry within this time is handed to Celery as an ETA task; a later one waits on Redis for the rescue to queue it.
ETA_HORIZON_S = 60.0
#: After a refused access token the next attempt waits this long: the new one has been fetched by then.
FRESH_BEARER_WAIT_S = 0.5
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
    message = _message(outfit.storage, message_id)
    run = Run(outfit, message, lease, lease.state, set(lease.pending), recorded_ms=outfit.clock())
    try:
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
    """An error of our own: what is known is kept, the rest is tried again, and at last given up."""
    if run.lease.attempt >= FAULTS_MAX:
        run.settle_open(Outcome.UNKNOWN, reason=FAULT)
    else:
        run.come_back(FAULT_WAIT_S, burned=True)
    _give_back(run)


def _send_pending(run: Run) -> None:
    if run.stopped:
        return
    if run.outfit.clock() >= retry.ends_ms(run.message):
        run.settle_open(Outcome.EXPIRED)
        return
    for provider, by_os in _by_provider(run).items():
        _send_group(run, provider, by_os)


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
    return groups


def _send_group(run: Run, provider: Provider, by_os: Mapping[str, dict[int, Record]]) -> None:
    held = parked(run.outfit.storage, provider)
    if held is not None:
        run.come_back(held[1] / 1000, burned=False)
        return
    try:
        bearer = run.outfit.bearers.get(provider)
    except Misconfigured as refused:
        _park(run, provider, refused.message)
        return
    except OSError as error:
        log.warning("token_endpoint_failed", provider=provider.name, error=type(error).__name__)
        _postpone_group(run, provider, by_os, Result(Verdict.RETRY, "TOKEN_ENDPOINT"))
        return
    except Busy:
        run.come_back(FRESH_BEARER_WAIT_S, burned=False)
        return
    run.record_when_due()  # fetching the access token may have outlived the lease
    for os, devices in by_os.items():
        refusal = _exchange(run, provider, bearer, os, devices)
        if refusal is not None:
            _refused(run, provider, bearer, refusal)
            return


def _exchange(run: Run, provider: Provider, bearer: str, os: str, devices: dict[int, Record]) -> Result | None:
    """Send to the devices of one operating system; returns the answer that refused our credential, if one did."""
    composition = provider.compose(run.message, os, now_ms=run.outfit.clock())
    refused: list[Result] = []

    def requests() -> Iterator[Request]:
        for slot, device in devices.items():
            if run.stopped or refused:
                return
            yield provider.request(composition, device.token, slot, bearer)

    engine = run.outfit.engine_for(provider.ca_bundle)
    with closing(engine.send(requests())) as answers:
        for answer in answers:
            if answer is not None:
                _take(run, provider, devices, answer, refused)
            run.record_when_due()
    return refused[0] if refused else None


def _take(run: Run, provider: Provider, devices: Mapping[int, Record], answer: Answer, refused: list[Result]) -> None:
    result, slot = read(provider, answer), answer.tag
    match result.verdict:
        case Verdict.ACCEPTED:
            run.settle(slot, Outcome.ACCEPTED, provider.name)
        case Verdict.UNREGISTERED:
            run.bury(slot, devices[slot], provider.name, result.reason)
        case Verdict.RETRY:
            _postpone(run, provider, slot, result)
        case Verdict.BEARER | Verdict.CREDENTIAL:
            refused.append(result)
        case Verdict.REJECTED:
            run.settle(slot, Outcome.REJECTED, provider.name, result.reason)
        case Verdict.UNKNOWN:
            run.settle(slot, Outcome.UNKNOWN, provider.name, result.reason)


def _postpone(run: Run, provider: Provider, slot: int, result: Result) -> None:
    wait_s = retry.wait_s(provider.retry, result, run.lease.attempt, run.outfit.dice())
    due_ms = run.outfit.clock() + int(wait_s * 1000)
    since_ms = run.lease.since_ms or run.outfit.clock()
    ended = retry.end(provider.retry, run.message, since_ms=since_ms, due_ms=due_ms)
    if ended is None:
        run.come_back(wait_s, burned=True)
    else:
        run.settle(slot, ended, provider.name, result.reason)


def _postpone_group(run: Run, provider: Provider, by_os: Mapping[str, dict[int, Record]], result: Result) -> None:
    for devices in by_os.values():
        for slot in devices:
            _postpone(run, provider, slot, result)


def _refused(run: Run, provider: Provider, bearer: str, result: Result) -> None:
    """Our credential was refused: with a new access token at once if that may help, else the provider is parked."""
    if result.verdict is Verdict.BEARER and run.outfit.bearers.refuse(provider, bearer):
        run.come_back(FRESH_BEARER_WAIT_S, burned=False)
    else:
        _park(run, provider, result.reason)


def _park(run: Run, provider: Provider, reason: str) -> None:
    park_ms = run.outfit.pace.park_ms
    log.error("credential_parked", provider=provider.name, credential=provider.credential, reason=reason)
    park(run.outfit.storage, provider, reason, park_ms=park_ms)
    run.come_back(park_ms / 1000, burned=False)


def _give_back(run: Run) -> str:
    if run.open and run.retry_in_s is None:
        run.record()
    if run.stopped:
        run.settle_open(Outcome.CANCELLED)
    if run.tally.size:
        run.record()
    if not run.open:
        ledger.close(run.outfit.storage, run.message.id, run.lease)
        return "closed"
    _reopen(run, run.retry_in_s or 0.0)
    return "reopened"


def _reopen(run: Run, in_s: float) -> None:
    outfit, message_id = run.outfit, run.message.id
    queue = _queue(outfit.storage, message_id)
    task = b""
    if outfit.storage.queues_on_main and in_s <= ETA_HORIZON_S:
        now_ms = outfit.clock()
        hint = deliver_hint(message_id, run.lease.shard.reference, queue)
        task = render(hint, now_ms=now_ms, eta_ms=now_ms + int(in_s * 1000))
    ledger.reopen(
        outfit.storage, message_id, run.lease, retry_in_ms=int(in_s * 1000), burned=run.burned, queue=queue, task=task
    )


def _message(storage: Storage, message_id: str) -> Message:
    with storage_errors():
        content = storage.main.hget(keys.message(message_id), "content")
    return _decoded(content or b"")


_decoded = lru_cache(maxsize=16)(decode)


def _queue(storage: Storage, message_id: str) -> Queue:
    with storage_errors():
        name = storage.main.hget(keys.message(message_id), "queue")
    return Queue((name or b"").decode())
