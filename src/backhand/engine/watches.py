"""
Who must be looked at when a price comes to a value: a heap, from which only what has come is taken.

A watch is never taken out before its price comes; its owner remembers the number of the watch that
counts, and a number that is not the owner's is out of date. The heap is made anew when most of it is.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

T = TypeVar("T")

#: Below this a heap is never worth cleaning.
CLEAN_ENTRIES_MIN: Final = 1_024


class Watches(Generic[T]):
    """Watches for a price that rises; for one that falls, prices are given negated."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, T]] = []
        self._next_number = 1
        self._clean_at = CLEAN_ENTRIES_MIN

    def add(self, price: int, owner: T) -> int:
        """Watch for a price; returns the watch's number, by which its owner knows it."""
        number = self._next_number
        self._next_number = number + 1
        heappush(self._heap, (price, number, owner))
        return number

    def is_due(self, price: int) -> bool:
        """Whether anything waits for this price or a lower one."""
        return bool(self._heap) and self._heap[0][0] <= price

    def take(self) -> tuple[int, T]:
        """Take the first watch out; its number and its owner."""
        _, number, owner = heappop(self._heap)
        return number, owner

    def clean(self, counts: Callable[[int, T], bool]) -> None:
        """Forget what is out of date, when the heap has doubled since; to be called after each `add`."""
        if len(self._heap) >= self._clean_at:
            self._heap = [watch for watch in self._heap if counts(watch[1], watch[2])]
            heapify(self._heap)
            self._clean_at = max(CLEAN_ENTRIES_MIN, 2 * len(self._heap))
