"""
Venue time: the stamp of every batch, and what rate limits count on.

    real      wall time at the start, then elapsed monotonic time
    scaled    the same, elapsed time multiplied
    frozen    stands still; stepped by the operator

Promises a time that never goes backwards, also across restarts and changes of mode: it continues from the
last stamp of the journal. The wall clock that signatures are checked against is another clock (`wall_ms`),
because clients sign with theirs. Source: DESIGN D5.
"""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Final, Literal

NS_PER_MS: Final = 1_000_000
ClockMode = Literal["real", "frozen", "scaled"]
#: Where a clock that was never started stands still: 2025-01-01T00:00:00Z, so that two runs agree.
FROZEN_START_MS: Final = 1_735_689_600_000
#: Bounds of a scaled clock: a day in a second and a half, and a second in a day and a half.
SPEED_MAX: Final = 65_536
SPEED_MIN: Final = Fraction(1, 131_072)
#: The shortest wait for venue time: a clock that runs faster is looked at a hundred times a second.
PAUSE_SECONDS_MIN: Final = 0.01
#: The year 2286: times beyond it have a digit more, and text no longer sorts as numbers.
TIME_MS_MAX: Final = 9_999_999_999_999


class ClockRefused(Exception):
    """The clock cannot be set to this; the text says why."""


def wall_ms() -> int:
    """Milliseconds since the epoch by this machine's clock; may jump."""
    return time.time_ns() // NS_PER_MS


class VenueClock:
    """
    The clock of one venue.

    A real clock on a machine whose own was set back starts at the last stamp instead, so that venue time
    only ever runs ahead of the wall, never behind what was already stamped.

    Args:
        last_stamp_ms: The journal's; 0 when there is none.
        speed: Of a scaled clock.
    """

    def __init__(
        self,
        last_stamp_ms: int = 0,
        mode: ClockMode = "real",
        speed: Fraction = Fraction(1),
        *,
        wall: Callable[[], int] = wall_ms,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        if mode == "real":
            start_ms = max(last_stamp_ms, wall())
        elif last_stamp_ms:
            start_ms = last_stamp_ms
        else:
            start_ms = FROZEN_START_MS if mode == "frozen" else wall()
        self._start(start_ms * NS_PER_MS, mode, speed)

    def _start(self, at_ns: int, mode: ClockMode, speed: Fraction) -> None:
        self.mode = mode
        self.speed = Fraction(0) if mode == "frozen" else speed if mode == "scaled" else Fraction(1)
        self._numerator = self.speed.numerator
        self._denominator = self.speed.denominator
        self._at_ns = at_ns
        self._since_ns = self._monotonic_ns()

    def now_ms(self) -> int:
        """Venue time in milliseconds since the epoch."""
        return self._now_ns() // NS_PER_MS

    def seconds_for(self, venue_ms: int) -> float:
        """
        How long to wait until so much venue time has passed.

        A second of a frozen clock, which may run again by then; never less than PAUSE_SECONDS_MIN.
        """
        if self._numerator == 0:
            return 1.0
        return max(PAUSE_SECONDS_MIN, venue_ms * self._denominator / self._numerator / 1_000)

    def _now_ns(self) -> int:
        elapsed_ns = self._monotonic_ns() - self._since_ns
        return self._at_ns + elapsed_ns * self._numerator // self._denominator

    def set_mode(self, mode: ClockMode, speed: Fraction = Fraction(1)) -> None:
        """
        Go on from now in another way.

        Raises:
            ClockRefused: a speed out of bounds.
        """
        if mode == "scaled" and not SPEED_MIN <= speed <= SPEED_MAX:
            raise ClockRefused(f"the speed must be between 1/{SPEED_MIN.denominator} and {SPEED_MAX}")
        self._start(self._now_ns(), mode, speed)

    def advance_to(self, time_ms: int) -> None:
        """
        Step a frozen clock.

        Raises:
            ClockRefused: it runs by itself, or the time is past or out of bounds.
        """
        if self.mode != "frozen":
            raise ClockRefused(f"a {self.mode} clock runs by itself; freeze it first")
        if time_ms < self.now_ms():
            raise ClockRefused("venue time never goes back")
        if time_ms > TIME_MS_MAX:
            raise ClockRefused("that is after the year 2286")
        self._at_ns = time_ms * NS_PER_MS
