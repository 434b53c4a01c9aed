"""
The sums of contracts.md, written a second time as plainly as possible.

Exact fractions until the last step. Postings have 8 decimals: fees and losses are rounded up, profits
down, and the difference goes to the house (contracts.md section 1).
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from tests.http.venue import Product

TAKER: Final = Fraction(6, 10_000)
MAKER: Final = Fraction(2, 10_000)

#: Maintenance margin rate of the lowest tier (market.md section 4).
LOWEST_RATE: Final = {"ETHUSDT": Fraction("0.004"), "ETHUSD": Fraction("0.005"), "BTCUSDT": Fraction("0.004")}

LONG: Final = 1
SHORT: Final = -1

#: Answers that are quotients are printed with up to 16 decimals; this is one unit of the last place.
LAST_PLACE: Final = Fraction(1, 10**16)


def exact(number: str | Decimal | Fraction) -> Fraction:
    return Fraction(number)


def posted_up(amount: Fraction) -> Fraction:
    return Fraction(ceil(amount * 10**8), 10**8)


def posted_down(amount: Fraction) -> Fraction:
    return Fraction(floor(amount * 10**8), 10**8)


def value(product: Product, size: Fraction, price: Fraction) -> Fraction:
    """Position value in the margin coin (contracts.md section 1)."""
    return size if product.inverse else size * price


def profit(product: Product, direction: int, size: Fraction, entry: Fraction, price: Fraction) -> Fraction:
    """Exact profit in the margin coin of closing `size` at `price` (contracts.md section 3)."""
    in_quote = direction * size * (price - entry)
    return in_quote / price if product.inverse else in_quote


def fees(product: Product, fills: Iterable[tuple[Fraction, Fraction]], rate: Fraction = TAKER) -> Fraction:
    """What fills of (price, size) cost, each posted on its own."""
    return sum((posted_up(value(product, size, price) * rate) for price, size in fills), Fraction(0))


def realised(
    product: Product, direction: int, entry: Fraction, fills: Iterable[tuple[Fraction, Fraction]]
) -> Fraction:
    """What closing fills of (price, size) bring to the wallet, each posted on its own."""
    return sum(
        (posted_down(profit(product, direction, size, entry, price)) for price, size in fills), Fraction(0)
    )


def average(fills: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    """Average price, kept at 12 decimals, halves up (contracts.md sections 1 and 2)."""
    pieces = list(fills)
    mean = sum((price * size for price, size in pieces), Fraction(0)) / sum(size for _, size in pieces)
    return Fraction(floor(mean * 10**12 + Fraction(1, 2)), 10**12)


def sweep(levels: Iterable[tuple[str, str]], size: Fraction) -> list[tuple[Fraction, Fraction]]:
    """The fills (price, size) of a market order against levels, best first, as far as they go."""
    fills: list[tuple[Fraction, Fraction]] = []
    left = size
    for price_text, size_text in levels:
        taken = min(left, exact(size_text))
        if taken > 0:
            fills.append((exact(price_text), taken))
        left -= taken
    return fills


def after(
    levels: Iterable[tuple[str, str]], taken: Iterable[tuple[Fraction, Fraction]]
) -> list[tuple[str, str]]:
    """The levels that are left when `taken` has been filled from them, best first."""
    gone = dict(taken)
    left = [(price, exact(size) - gone.get(exact(price), Fraction(0))) for price, size in levels]
    return [(price, str(size)) for price, size in left if size > 0]
