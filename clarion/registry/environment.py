"""Which of a provider's environments a token belongs to, when that turns out by sending."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clarion.registry.chunk import SLOT_BITS, change, fetch, write
from clarion.registry.record import decode, encode
from clarion.storage import Storage


def learn(storage: Storage, app: str, chunk: int, environments: Mapping[int, tuple[str, str]]) -> int:
    """Note where tokens belong.

    Args:
        storage: where their devices are registered.
        app: the application's id.
        chunk: where they are.
        environments: slot -> token and environment. A device that has another token by now is left as it is.

    Returns:
        How many devices have the token that was meant; all of them know its environment then.
    """
    learned = 0
    todo = {chunk << SLOT_BITS | slot: item for slot, item in environments.items()}
    while todo:
        changes = []
        for ordinal, raw in zip(todo, fetch(storage, app, [*todo]), strict=True):
            token, environment = todo[ordinal]
            if raw is not None and (record := decode(raw)).token == token:
                device = msgspec.structs.replace(record.device(), environment=environment)
                changes.append(change(ordinal, raw, device, encode(device)))
        applied = write(storage, app, changes)
        learned += sum(applied)
        todo = {item.ordinal: todo[item.ordinal] for item, done in zip(changes, applied, strict=True) if not done}
    return learned
