"""The arithmetic of funding."""

from fractions import Fraction

import pytest

from backhand.engine.rates import funding_rate_e8, impact_price_e12, premium_e12
from backhand.units import E8, E12
from tests.engine.worlds import LINEAR, World, contract


@pytest.mark.parametrize(
    ("premium", "hours", "rate"),
    [
        # Within 0.05 % of the interest the rate is the interest, and a part of it for a shorter interval.
        ("0", 8, "0.0001"),
        ("0", 4, "0.00005"),
        ("0", 2, "0.000025"),
        ("0", 1, "0.0000125"),
        ("0.0006", 8, "0.0001"),
        ("-0.0004", 8, "0.0001"),
        # Beyond it follows the premium.
        ("0.0007", 8, "0.0002"),
        ("-0.0005", 8, "0"),
        ("-0.001", 8, "-0.0005"),
        ("-0.001", 4, "-0.00025"),
        ("0.001", 2, "0.000125"),
        # Up to the bounds, which count for the interval as it is.
        ("0.0035", 8, "0.003"),
        ("0.0036", 8, "0.003"),
        ("0.5", 1, "0.003"),
        ("-0.0036", 8, "-0.003"),
        ("-0.5", 1, "-0.003"),
        # Half up at 8 decimals, away from zero.
        ("0.00060004", 1, "0.00001251"),
        ("0.00060003", 1, "0.0000125"),
        ("-0.00060004", 1, "-0.00001251"),
    ],
)
def test_the_rate_follows_the_premium_within_bounds(premium: str, hours: int, rate: str) -> None:
    """F = clamp((P + clamp(0.01 % - P, -0.05 %, 0.05 %)) / (8 / N), floor, cap)."""
    terms = contract(funding_interval_hours=hours)
    mean_e12 = Fraction(premium) * E12
    assert Fraction(rate) * E8 == funding_rate_e8(terms, int(mean_e12))


@pytest.mark.parametrize(
    ("book", "premium"),
    [
        ("99x9999 / 101x9999", Fraction(0)),
        ("101x9999 / 102x9999", Fraction(1, 100)),
        ("97x9999 / 98x9999", Fraction(-2, 100)),
        # 25 000 are wanted (200 at leverage 125): 100 at 102 leave 14 800, which are 147 lots at 101.
        ("102x100 101x9999 / 103x9999", Fraction(100 * 102 + 147 * 101, 247) / 100 - 1),
        ("95x9999 / 98x100 99x9999", Fraction(100 * 98 + 154 * 99, 254) / 100 - 1),
        # A side that holds less counts with all that it has.
        ("103x1 102x1 / 104x9999", Fraction(205, 2) / 100 - 1),
    ],
)
def test_the_premium_is_that_of_the_impact_prices(book: str, premium: Fraction) -> None:
    """P = (max(0, impact bid - index) - max(0, index - impact ask)) / index, of 25 000 on each side."""
    world = World(LINEAR)
    world.play(f"mark 100 | ok\nhouse {book} | ok\n")
    found = premium_e12(world.market)
    assert found is not None
    assert abs(found - premium * E12) <= 1


@pytest.mark.parametrize("book", ["/", "99x5 /", "/ 101x5"])
def test_a_book_without_both_sides_has_no_premium(book: str) -> None:
    """Where one side is empty there is nothing to compare the index with."""
    world = World(LINEAR)
    world.play(f"mark 100 | ok\nhouse {book} | ok\n")
    assert premium_e12(world.market) is None


def test_the_impact_price_looks_no_deeper_than_it_must() -> None:
    """What lies behind the impact value does not count, and an empty side has no price."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nhouse 99x10 98x10 / | ok\n")
    bids, asks = world.market.book.bids, world.market.book.asks
    assert 99 * E12 == impact_price_e12(world.market, bids, 990 * 10**20)
    assert 98 * E12 + E12 // 2 == impact_price_e12(world.market, bids, 10**6 * 10**20)
    assert 0 == impact_price_e12(world.market, asks, 10**20)
