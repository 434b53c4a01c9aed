"""
Venue time: the stamp of every batch, and what rate limits count on.

Promises a time that never goes backwards, also across restarts: it continues from the last stamp of
the journal. The wall clock that signatures are checked against is another clock (`wall_ms`), because
clients sign with theirs.
"""

import time
from collections.abc import Callable

NS_PER_MS = 1_000_000


def wall_ms() -> int:
    """Milliseconds since the epoch by this machine's clock; may jump."""
    return time.time_ns() // NS_PER_MS


class RealClock:
    """
    Wall time at the start, then elapsed monotonic time.

    A machine whose clock was set back starts at the last stamp instead, so that venue time only ever
    runs ahead of the wall, never behind what was already stamped.
    """

    mode = "real"

    def __init__(
        self,
        last_stamp_ms: int = 0,
        *,
        wall: Callable[[], int] = wall_ms,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._offset_ns = max(last_stamp_ms, wall()) * NS_PER_MS - monotonic_ns()

    def now_ms(self) -> int:
        """Venue time in milliseconds since the epoch."""
        return (self._offset_ns + self._monotonic_ns()) // NS_PER_MS
