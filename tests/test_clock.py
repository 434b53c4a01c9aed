from fractions import Fraction

import pytest

from backhand.clock import FROZEN_START_MS, ClockRefused, VenueClock


class Machine:
    """A wall and a monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.wall_ms = 5_000
        self.elapsed_ns = 7_000_000

    def clock(self, *arguments: object) -> VenueClock:
        options = {"wall": lambda: self.wall_ms, "monotonic_ns": lambda: self.elapsed_ns}
        return VenueClock(*arguments, **options)  # type: ignore[arg-type]  # As a caller would.


def test_a_real_clock_starts_at_the_wall_and_follows_elapsed_time() -> None:
    """Venue time is wall time at the start plus elapsed monotonic time; a wall that jumps is not followed."""
    machine = Machine()
    clock = machine.clock()
    assert 5_000 == clock.now_ms()
    machine.wall_ms = 1
    machine.elapsed_ns += 1_500_000_000
    assert 6_500 == clock.now_ms()


@pytest.mark.parametrize(
    ("mode", "last_stamp_ms", "expected"),
    [
        ("real", 9_000, 9_000),
        ("real", 4_000, 5_000),
        ("scaled", 9_000, 9_000),
        ("scaled", 4_000, 4_000),
        ("scaled", 0, 5_000),
        ("frozen", 4_000, 4_000),
        ("frozen", 0, FROZEN_START_MS),
    ],
)
def test_every_clock_continues_from_the_last_stamp(mode: str, last_stamp_ms: int, expected: int) -> None:
    """After a restart venue time is never less than what was stamped before; only a real clock catches up."""
    assert expected == Machine().clock(last_stamp_ms, mode).now_ms()


def test_a_scaled_clock_multiplies_what_elapses() -> None:
    """Ten seconds at 0.5 are five, and at 60 ten minutes."""
    machine = Machine()
    slow, fast = machine.clock(1, "scaled", Fraction(1, 2)), machine.clock(1, "scaled", Fraction(60))
    machine.elapsed_ns += 10 * 10**9
    assert (5_001, 600_001) == (slow.now_ms(), fast.now_ms())


def test_a_wait_for_venue_time_is_as_long_as_the_clock_runs() -> None:
    """A second of venue time is a second, a sixtieth of one, or, while the clock stands still, unknown."""
    waits = [
        Machine().clock(1, mode, Fraction(speed)).seconds_for(1_000)
        for mode, speed in (("real", 1), ("scaled", 2), ("scaled", 60_000), ("frozen", 1))
    ]
    assert [1.0, 0.5, 0.01, 1.0] == waits


def test_a_frozen_clock_moves_when_it_is_stepped() -> None:
    """A frozen clock stands still whatever elapses, and goes where it is told, never back."""
    machine = Machine()
    clock = machine.clock(1_000, "frozen")
    machine.elapsed_ns += 10**12
    assert 1_000 == clock.now_ms()
    clock.advance_to(1_500)
    clock.advance_to(1_500)
    assert 1_500 == clock.now_ms()
    with pytest.raises(ClockRefused, match="never goes back"):
        clock.advance_to(1_499)
    with pytest.raises(ClockRefused, match="2286"):
        clock.advance_to(10**13)
    assert 1_500 == clock.now_ms()


def test_changing_the_mode_goes_on_from_now() -> None:
    """Freezing, scaling and running again never jump."""
    machine = Machine()
    clock = machine.clock()
    machine.elapsed_ns += 10**9
    clock.set_mode("frozen")
    machine.elapsed_ns += 10**9
    assert 6_000 == clock.now_ms()
    clock.set_mode("scaled", Fraction(3))
    machine.elapsed_ns += 10**9
    assert 9_000 == clock.now_ms()
    clock.set_mode("real")
    machine.elapsed_ns += 10**9
    assert 10_000 == clock.now_ms()


@pytest.mark.parametrize("mode", ["real", "scaled"])
def test_a_clock_that_runs_is_not_stepped(mode: str) -> None:
    """Only a frozen clock can be advanced: the refusal says what to do first."""
    with pytest.raises(ClockRefused, match="freeze it first"):
        Machine().clock(1, mode).advance_to(2)


@pytest.mark.parametrize("speed", [Fraction(0), Fraction(-1), Fraction(10**6)])
def test_a_speed_has_bounds(speed: Fraction) -> None:
    """No clock runs backwards, stands still unfrozen, or outruns its ticks."""
    with pytest.raises(ClockRefused, match="between"):
        Machine().clock().set_mode("scaled", speed)
