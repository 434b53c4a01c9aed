"""The venue in process: what it costs to make one, and to reverse on it through the client's calls."""

import time
from typing import Final

from backhand import Venue
from backhand.venue import VenueAccount
from bench.figures import Figure, Section

ROUNDS: Final = 9
ROUNDS_QUICK: Final = 3
#: Enough that a round takes some tenths of a second.
VENUES: Final = 50
REVERSALS: Final = 500
BOOK: Final = [("2999", "100000"), ("2990", "100000")], [("3001", "100000"), ("3010", "100000")]


def measure(*, quick: bool) -> Section:
    """Make venues, then reverse one position to and fro."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    trader = _trader()
    made = tuple(_venue_ms() for _ in range(rounds))
    reversed_ = tuple(_reversal_us(trader) for _ in range(rounds))
    return Section(
        "In process",
        f"CPU time of this process, mean of {VENUES} venues and of {REVERSALS} reversals per round; a"
        " reversal is a request, its answer, and two reads that the client reports with. Goal: Venue() in"
        " less than 20 ms.",
        (Figure("Venue()", "ms CPU", made), Figure("reverse()", "µs CPU", reversed_)),
    )


def _trader() -> VenueAccount:
    venue = Venue()
    venue.set_book("ETHUSDT", *BOOK, index="3000")
    trader = venue.open_account({"USDT": "10000000"})
    trader.place_order("ETHUSDT", "buy", 1)
    return trader


def _venue_ms() -> float:
    started = time.process_time_ns()
    for _ in range(VENUES):
        Venue()
    return (time.process_time_ns() - started) / VENUES / 1e6


def _reversal_us(trader: VenueAccount) -> float:
    started = time.process_time_ns()
    for _ in range(REVERSALS):
        trader.reverse("ETHUSDT")
    spent_us = (time.process_time_ns() - started) / REVERSALS / 1e3
    assert len(trader.positions("ETHUSDT")) == 1
    return spent_us
