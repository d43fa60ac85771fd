"""A shard: a unit of delivery work, a range of slots in one chunk. Tasks carry its reference, a few bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Shard(NamedTuple):
    """The devices of an audience between two slots of a chunk, both included."""

    chunk: int
    first: int
    last: int

    @classmethod
    def parse(cls, reference: str) -> Shard:
        """The shard that `reference` (`chunk.first.last`) names.

        Raises:
            ValueError: that is not a reference.
        """
        chunk, first, last = map(int, reference.split("."))
        return cls(chunk, first, last)

    @property
    def reference(self) -> str:
        """`chunk.first.last`."""
        return f"{self.chunk}.{self.first}.{self.last}"


def cut(chunk: int, slots: Sequence[int], size: int) -> Iterator[Shard]:
    """Shards of at most `size` devices that together hold `slots` (ascending) of `chunk`."""
    for start in range(0, len(slots), size):
        part = slots[start : start + size]
        yield Shard(chunk, part[0], part[-1])
