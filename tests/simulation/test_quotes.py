"""Quotes against their commits in 3 000 sampled worlds; `make sim` plays 100 000."""

import pytest

from tests.simulation import quotes


@pytest.mark.parametrize("first", range(0, 3_000, 500))
def test_a_quote_is_what_its_commit_does_or_nothing_happens(first: int) -> None:
    """Equal to the last digit when nothing came between, else no worse, or refused and unchanged."""
    ends = quotes.counted(range(first, first + 500))
    assert 500 == ends.total()
    # Each of the ends is there often enough to mean something.
    assert ends["as quoted"] > 150
    assert ends["as quoted or better"] > 30
    assert ends["refused: worse_than_quoted"] > 15


def test_more_fills_may_miss_the_quoted_liquidation_price_by_their_rounding() -> None:
    """Here by 3e-8: as much depth came in more orders."""
    assert "as quoted or better" == quotes.play(101_898)
