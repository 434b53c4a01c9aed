from hypothesis import given
from hypothesis import strategies as st

from backhand.engine.averages import Average, RecentMean
from backhand.units import half_up_div

#: (value, at how many instants it stood)
RUNS = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), max_size=30)


def half_up_mean(values: list[int], parts: int) -> int:
    return half_up_div(sum(values), len(values) * parts) if values else 0


@given(RUNS, st.tuples(st.integers(-50, 50), st.integers(0, 20)), st.sampled_from([1, 2, 7, 60]))
def test_the_recent_mean_is_that_of_the_newest_samples(
    runs: list[tuple[int, int]], waiting: tuple[int, int], samples_max: int
) -> None:
    """Of all samples one by one, the newest `samples_max` count, those that wait included."""
    recent = RecentMean(samples_max, 2)
    samples: list[int] = []
    for value, count in runs:
        recent.add(value, count)
        samples += [value] * count
        assert half_up_mean(samples[-samples_max:], 2) == recent.mean(0, 0)
    value, count = waiting
    expected = half_up_mean((samples + [value] * count)[-samples_max:], 2)
    assert expected == recent.mean(value, count)
    recent.add(value, count)
    assert expected == recent.mean(0, 0)


@given(RUNS, RUNS, st.tuples(st.integers(-50, 50), st.integers(0, 20)))
def test_the_average_is_that_of_all_samples_since_the_reset(
    before: list[tuple[int, int]], runs: list[tuple[int, int]], waiting: tuple[int, int]
) -> None:
    """What came before a reset counts no more; what waits counts as if it had been added."""
    average = Average()
    for value, count in before:
        average.add(value, count)
    average.reset()
    samples: list[int] = []
    for value, count in (*runs, waiting):
        assert half_up_mean(samples + [value] * count, 1) == average.mean(value, count)
        average.add(value, count)
        samples += [value] * count
    assert half_up_mean(samples, 1) == average.mean(0, 0)


def test_a_long_pause_is_kept_in_one_entry() -> None:
    """A value that stood for a year takes no more room than one that stood for a moment."""
    recent = RecentMean(60, 2)
    for _ in range(1_000):
        recent.add(3, 10**7)
    recent.add(5, 59)
    assert half_up_div(3 + 59 * 5, 120) == recent.mean(0, 0)
    assert 2 == len(recent._values)  # noqa: SLF001 (its room is what this is about)
