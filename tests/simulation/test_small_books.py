"""
All small books against the naive one: 1369 books, 159 848 takers in `make sim`.

`make test` plays those of up to two orders a side interpreted, and every third of all compiled.
"""

from tests.simulation import small_books
from tests.simulation.forms import COMPILED


def test_every_taker_meets_every_small_book_alike() -> None:
    """Whatever the book and the order, fills, cancellations and the book left are the naive one's."""
    chosen = small_books.books()[::3] if COMPILED else small_books.books(orders_max=2)
    assert small_books.play(chosen) == (53_417 if COMPILED else 18_200)


def test_small_books_are_all_there() -> None:
    """The number of sides is the one counted by hand: 1, 6, 24 and 80 of none to three orders."""
    assert [1, 7, 31, 111] == [len(small_books.sides(orders_max)) for orders_max in range(4)]
    assert len(small_books.books()) == 1369
