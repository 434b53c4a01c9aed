from backhand.clock import RealClock


def test_real_clock_starts_at_the_wall_and_follows_elapsed_time() -> None:
    """Venue time is wall time at the start plus elapsed monotonic time; a wall that jumps is not followed."""
    wall = [5_000]
    elapsed_ns = [7_000_000]
    clock = RealClock(wall=lambda: wall[0], monotonic_ns=lambda: elapsed_ns[0])
    assert 5_000 == clock.now_ms()
    wall[0] = 1
    elapsed_ns[0] += 1_500_000_000
    assert 6_500 == clock.now_ms()


def test_real_clock_continues_from_the_last_stamp_when_the_wall_was_set_back() -> None:
    """After a restart venue time is never less than what was stamped before."""
    assert 9_000 == RealClock(9_000, wall=lambda: 5_000, monotonic_ns=lambda: 0).now_ms()
    assert 5_000 == RealClock(4_000, wall=lambda: 5_000, monotonic_ns=lambda: 0).now_ms()
