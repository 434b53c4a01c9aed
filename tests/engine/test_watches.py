"""Watches for prices: what is taken out, in which order, and what is forgotten."""

from itertools import product
from typing import Final

import pytest

from backhand.engine.watches import CLEAN_ENTRIES_MIN, Watches


class Owner:
    """Somebody that cannot be compared: an order by owners would raise."""

    def __init__(self, name: int) -> None:
        self.name = name
        self.watch = 0


def counts(number: int, owner: Owner) -> bool:
    return number == owner.watch


def taken(watches: Watches[Owner], price: int) -> list[int]:
    """Names of the owners whose watches count and have come, in the order in which they are taken."""
    found = []
    while watches.is_due(price):
        number, owner = watches.take()
        if counts(number, owner):
            found.append(owner.name)
    return found


PRICES: Final = tuple(product(range(3), repeat=5))


@pytest.mark.parametrize("prices", PRICES)
def test_watches_come_by_price_then_by_age(prices: tuple[int, ...]) -> None:
    """Whatever the order of adding, the lowest price comes first, and of equals the older one."""
    watches: Watches[Owner] = Watches()
    for name, price in enumerate(prices):
        owner = Owner(name)
        owner.watch = watches.add(price, owner)
    expected = sorted(range(len(prices)), key=lambda name: (prices[name], name))
    assert [name for name in expected if prices[name] <= 1] == taken(watches, 1)
    assert [name for name in expected if prices[name] > 1] == taken(watches, 2)


def test_only_the_newest_watch_of_an_owner_counts() -> None:
    """A watch that was replaced is taken out and means nobody."""
    watches: Watches[Owner] = Watches()
    owner = Owner(1)
    watches.add(5, owner)
    owner.watch = watches.add(7, owner)
    assert [] == taken(watches, 6)
    assert [1] == taken(watches, 7)


def test_cleaning_changes_nothing_that_counts() -> None:
    """However often it is cleaned, what counts comes in the same order."""
    kept: Watches[Owner] = Watches()
    cleaned: Watches[Owner] = Watches()
    mine = [Owner(name) for name in range(50)]
    yours = [Owner(name) for name in range(50)]
    for step in range(5 * CLEAN_ENTRIES_MIN):
        name = step * 7 % 50
        price = step * 31 % 997
        mine[name].watch = kept.add(price, mine[name])
        yours[name].watch = cleaned.add(price, yours[name])
        cleaned.clean(counts)
    assert taken(kept, 997) == taken(cleaned, 997)


def test_what_is_out_of_date_does_not_pile_up() -> None:
    """Without any price, an owner that watches again and again leaves a bounded heap."""
    watches: Watches[Owner] = Watches()
    owner = Owner(1)
    for price in range(10 * CLEAN_ENTRIES_MIN):
        owner.watch = watches.add(price, owner)
        watches.clean(counts)
    entries = 0
    while watches.is_due(10 * CLEAN_ENTRIES_MIN):
        watches.take()
        entries += 1
    assert CLEAN_ENTRIES_MIN >= entries
