"""Index and mark: how a mark is computed, when it may be used, and when it may liquidate."""

import pytest

from backhand.engine.prices import funding_price_e12, median
from backhand.units import E12
from tests.engine.worlds import LINEAR, World


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            """
index 100                  | ok
marked                     | 100
clock 00:01:00             | ok
tick                       | ok
marked                     | 100
""",
            id="without trades and without a book it is the index",
        ),
        pytest.param(
            """
index 100                  | ok
house 103x99 / 105x99      | ok
open alice                 | ok
buy alice 1                | filled 1 @ 105
marked                     | 100
clock 00:00:01             | ok
tick                       | ok
marked                     | 100.299989583333
clock 00:00:05             | ok
tick                       | ok
marked                     | 104
sell alice 1               | filled 1 @ 103
marked                     | 104
clock 00:00:06             | ok
tick                       | ok
marked                     | 103
""",
            # The rate is at its cap of 0.3 %: at 00:00:01 there are 28 799 of 28 800 seconds left. The first
            # sample of the basis is taken at 00:00:05. A trade moves the mark only with the next second.
            id="it is the median of last price, funding and basis",
        ),
        pytest.param(
            """
index 100                  | ok
house 103x9 / 109x9        | ok
open alice                 | ok
buy alice 1                | filled 1 @ 109
house 103x9 / 105x9        | ok
clock 00:10:00             | ok
tick                       | ok
marked                     | 104
house 107x9 / 109x9        | ok
clock 00:12:30             | ok
tick                       | ok
marked                     | 106
clock 00:15:00             | ok
tick                       | ok
marked                     | 108
house 107x9 /              | ok
clock 00:17:30             | ok
tick                       | ok
marked                     | 104
clock 00:20:00             | ok
tick                       | ok
marked                     | 100.2875
""",
            id="the basis is the mean of five minutes, and none where a side of the book is empty",
        ),
        pytest.param(
            """
index 100                  | ok
house 103x9 / 109x9        | ok
open alice                 | ok
buy alice 1                | filled 1 @ 109
house 103x9 / 105x9        | ok
clock 00:00:05.001         | ok
house 107x9 / 109x9        | ok
clock 00:00:09.999         | ok
house 103x9 / 105x9        | ok
clock 00:01:00             | ok
tick                       | ok
marked                     | 104
""",
            id="what the book was between two samples does not count",
        ),
        pytest.param(
            """
mark 100                   | ok
house 103x9 / 105x9        | ok
open alice                 | ok
buy alice 1                | filled 1 @ 105
clock 01:00                | ok
tick                       | ok
marked                     | 100
index 100                  | ok
marked                     | 104
mark 99                    | ok
marked                     | 99
""",
            id="one that is set by hand stays until an index comes without one",
        ),
    ],
)
def test_the_mark(log: str) -> None:
    """Median of last price, index with funding, and index with basis; moved by prices and time only."""
    assert log == World(LINEAR).play(log)


@pytest.mark.parametrize(
    ("rate_e8", "left_ms", "price"),
    [
        (10_000, 7_200_000, "91502.2875"),
        (10_000, 28_800_000, "91509.15"),
        (10_000, 0, "91500"),
        (-10_000, 7_200_000, "91497.7125"),
    ],
)
def test_the_funding_term_runs_out_with_the_interval(rate_e8: int, left_ms: int, price: str) -> None:
    """The index x (1 + F x what is left of eight hours), up or down with the sign of the rate."""
    whole, _, fraction = price.partition(".")
    expected = int(whole + fraction.ljust(12, "0"))
    assert expected == funding_price_e12(91_500 * E12, rate_e8, left_ms, 28_800_000)


@pytest.mark.parametrize(
    "prices", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1), (2, 2, 5)]
)
def test_the_median_is_the_middle_one(prices: tuple[int, int, int]) -> None:
    """In whatever order they come."""
    assert 2 == median(*prices)


def test_a_price_of_a_live_source_goes_stale() -> None:
    """Past its time it liquidates nobody and moves no more by itself; the next one does again."""
    log = """
index 100 for 10s          | ok
house 103x99 / 105x99      | ok
open alice                 | ok
buy alice 1                | filled 1 @ 105
clock 00:00:10             | ok
tick                       | ok
marked                     | 104
trusted                    | yes
clock 00:00:10.002         | ok
tick                       | ok
trusted                    | yes
clock 00:00:10.003         | ok
tick                       | ok
trusted                    | no
house 113x99 / 115x99      | ok
clock 00:10:00             | ok
tick                       | ok
marked                     | 104
index 100 for 10s          | ok
trusted                    | yes
marked                     | 105
"""
    assert log == World(LINEAR).play(log)


def test_a_price_that_is_set_by_hand_never_goes_stale() -> None:
    """Not with time, and not when the venue was stopped in between."""
    log = """
mark 100                   | ok
clock 07:00                | ok
tick                       | ok
trusted                    | yes
resume                     | ok
trusted                    | yes
marked                     | 100
"""
    assert log == World(LINEAR).play(log)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((("index 105 for 10s", "yes"),), id="within 5 % of the last one before"),
        pytest.param((("index 95 for 10s", "yes"),), id="also below"),
        pytest.param(
            (("index 105.1 for 10s", "no"), ("index 110 for 10s", "yes")),
            id="beyond, when another is near it",
        ),
        pytest.param(
            (("index 94.9 for 10s", "no"), ("index 100 for 10s", "no"), ("index 104 for 10s", "yes")),
            id="beyond, and the next one far from it again",
        ),
        pytest.param((("mark 300", "yes"),), id="by hand, anywhere"),
        pytest.param((("index 300", "yes"),), id="one that never goes stale, anywhere"),
    ],
)
def test_the_first_price_after_a_start_must_pass_a_band(steps: tuple[tuple[str, str], ...]) -> None:
    """Until a live price was confirmed, nobody is liquidated; the mark is shown all the same."""
    world = World(LINEAR)
    world.play("index 100 for 10s | ok\nresume | ok\n")
    assert "no" == world.step("trusted")
    for step, trusted in steps:
        world.step(step)
        assert (step, trusted) == (step, world.step("trusted"))
        assert step.split()[1] == world.step("marked")


def test_an_unconfirmed_price_liquidates_nobody_and_its_confirmation_does() -> None:
    """A jump over a stop leaves positions alone until a second price says the same."""
    log = """
index 100 for 10s          | ok
house 99x500 / 100x500     | ok
open alice x50 with 30     | ok
buy alice 10               | filled 10 @ 100
resume                     | ok
index 80 for 10s           | ok
holds alice                | +10
index 80 for 10s           | filled 10 @ 99
holds alice                | flat
"""
    assert log == World(LINEAR).play(log)
