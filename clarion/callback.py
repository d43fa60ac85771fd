"""What a call that does not wait reports to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AsyncCallback(Generic[T]):
    """What a non-blocking call reports to: `result` on success, `fault` with the error otherwise."""

    result: Callable[[T], object]
    fault: Callable[[BaseException], object]

    def report(self, future: Future[T]) -> None:
        """Call one of the two with what a call that has ended came to."""
        error = future.exception()
        if error is None:
            self.result(future.result())
        else:
            self.fault(error)
