"""Every Redis key: its name, type and lifetime. `docs/redis_keys.md` says the same for operators.

Braces are hash tags: what belongs to one chunk, one directory partition or one message lies in one slot of a cluster.
"""

from __future__ import annotations

PREFIX = "clarion"

# Device registry -----------------------------------------------------------------------------------------------------


def ordinals(app: str) -> str:
    """String: how many ordinals were given out so far; they count from 0. For ever."""
    return f"{PREFIX}:{app}:ordinals"


def channels(app: str) -> str:
    """Set of channel names that devices ever registered for. For ever."""
    return f"{PREFIX}:{app}:channels"


def records(app: str, chunk: int) -> str:
    """Hash: slot -> packed device record. For ever."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:records"


def expirations(app: str, chunk: int) -> str:
    """Sorted set: slot, scored by the registration's expiration (epoch ms), of those that have one. For ever."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:expirations"


def removed(app: str, chunk: int) -> str:
    """Hash: slot -> packed record and cause of a device that a provider's answers removed, in place of its record."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:removed"


def removed_at(app: str, chunk: int) -> str:
    """Sorted set: slot, scored by the removal (epoch ms), of those in `removed`. Both until it is forgotten."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:removed-at"


def strikes(app: str, chunk: int) -> str:
    """Hash: slot -> packed count and times of the strikes against the token that the device has now."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:strikes"


def index(app: str, chunk: int, term: str) -> str:
    """Set of slots while small, bitmap (8 KiB string) once dense: the devices of the chunk that have the term."""
    return f"{index_prefix(app, chunk)}{term}"


def index_prefix(app: str, chunk: int) -> str:
    """What the names of all index keys of a chunk start with; scripts append the term."""
    return f"{PREFIX}:{{{app}:c{chunk}}}:index:"


def directory(app: str, kind: str, partition: int) -> str:
    """What the bucket keys of one directory partition start with; scripts append the bucket, one byte.

    `kind` is `device` or `token`. Each bucket is a hash: digest of the id or token (8 bytes) -> ordinal. For ever.
    What an entry says is confirmed by the record: an entry may outlive its device, never the other way round.
    """
    return f"{PREFIX}:{{{app}:{kind}{partition}}}:"


# Messages ------------------------------------------------------------------------------------------------------------


def message_prefix(message_id: str) -> str:
    """What the names of all keys of a message start with; scripts append the rest."""
    return f"{PREFIX}:{{{message_id}}}:"


def message(message_id: str) -> str:
    """Hash: app, content, state and times. Like all keys of a message, kept for the retention once settled."""
    return f"{message_prefix(message_id)}message"


def books(message_id: str) -> str:
    """Hash: entry (`outcome|provider|reason`, or `pending`) -> number of devices."""
    return f"{message_prefix(message_id)}books"


def codes(message_id: str) -> str:
    """Hash: entry of the books -> the byte that stands for it in this message's ledger."""
    return f"{message_prefix(message_id)}codes"


def ledger(message_id: str, chunk: int) -> str:
    """String of 65 536 codes when dense, hash slot -> code when sparse: the outcome of each device of the chunk."""
    return f"{message_prefix(message_id)}ledger:{chunk}"


def chunks(message_id: str) -> str:
    """Set of the chunks that hold somebody of the audience."""
    return f"{message_prefix(message_id)}chunks"


def waiting(message_id: str) -> str:
    """Sorted set: open shards that nobody works on, scored by the time they were due to start (epoch ms)."""
    return f"{message_prefix(message_id)}waiting"


def leased(message_id: str) -> str:
    """Sorted set: open shards that a worker holds, scored by the end of the lease (epoch ms)."""
    return f"{message_prefix(message_id)}leased"


def later(message_id: str) -> str:
    """Sorted set: open shards whose time has not come, scored by it (epoch ms). Nobody has a task for them."""
    return f"{message_prefix(message_id)}later"


def runs(message_id: str) -> str:
    """List: JSON of what became of each run of a repeated message, the latest first. The last thousand."""
    return f"{message_prefix(message_id)}runs"


def open_runs(message_id: str) -> str:
    """Set of the runs of a repeated message that are not over."""
    return f"{message_prefix(message_id)}open-runs"


def frozen(message_id: str) -> str:
    """Hash: chunk -> bitmap of an audience that was settled when the message was published."""
    return f"{message_prefix(message_id)}frozen"


def shards(message_id: str) -> str:
    """Hash: shard -> `fence:attempts burned:owner` for every open shard that was ever claimed."""
    return f"{message_prefix(message_id)}shards"


def unmatched(message_id: str) -> str:
    """Set of the device ids of a singlecast that no registered device answers to."""
    return f"{message_prefix(message_id)}unmatched"


def idempotency(app: str, digest: str) -> str:
    """String: `message_id body_digest`. For the idempotency window (24 h by default)."""
    return f"{PREFIX}:{app}:idempotency:{digest}"


# The whole system ----------------------------------------------------------------------------------------------------


def outbox() -> str:
    """Sorted set: messages that are not planned yet, scored by when somebody must have taken them (epoch ms)."""
    return f"{PREFIX}:outbox"


def due(app: str) -> str:
    """Sorted set: messages of an app that wait for a time, scored by it (epoch ms); paused ones by infinity."""
    return f"{PREFIX}:{app}:due"


def due_apps() -> str:
    """Set of the apps that ever had a message wait for a time. For ever."""
    return f"{PREFIX}:due-apps"


def ticks() -> str:
    """Hash: entry of beat -> when one of the beats sent it last (epoch ms). For ever."""
    return f"{PREFIX}:ticks"


def active() -> str:
    """Sorted set: messages that sweeps look at: being planned, or with shards waiting or leased; by since when (ms)."""
    return f"{PREFIX}:active"


def recent(app: str) -> str:
    """Sorted set: messages of an app, scored by when they were accepted or due (epoch ms). Trimmed to the retention."""
    return f"{PREFIX}:{app}:recent"


def bearer(provider: str, credential: str) -> str:
    """Hash: token, expires_at of a provider's access token, shared by the fleet. Until the token ends."""
    return f"{PREFIX}:bearer:{provider}:{credential}"


def bearer_lock(provider: str, credential: str) -> str:
    """String: the one process that is fetching a new access token. Seconds."""
    return f"{PREFIX}:bearer-lock:{provider}:{credential}"


def budget(provider: str, credential: str) -> str:
    """Hash: when the next device may be sent to with an account, and until when the provider wants none. For ever."""
    return f"{PREFIX}:budget:{{{provider}:{credential}}}"


def gate(provider: str, credential: str, app: str) -> str:
    """Hash: whether an app sends with a credential, and why not; when the provider last took something. For ever."""
    return f"{PREFIX}:gate:{{{provider}:{credential}}}:{app}"


def waits(message_id: str) -> str:
    """Hash: shard -> what its open devices wait for, by provider (MessagePack)."""
    return f"{message_prefix(message_id)}waits"


def credentials(app: str) -> str:
    """Hash: provider -> JSON of the credential that the workers of an app send with. Rewritten when one starts."""
    return f"{PREFIX}:{app}:credentials"


def workers() -> str:
    """Sorted set: worker processes, scored by when they were last seen (epoch ms)."""
    return f"{PREFIX}:workers"
