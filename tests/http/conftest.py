"""
Venues for the tests that come through the front door.

One venue in memory serves most tests: each opens its own accounts, sets the book it needs, and leaves
neither an open order nor a coin unaccounted for. Its rate limits are off, because a table of requests
is faster than a bot; what limits do is tested on a venue of its own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.http.venue import INVERSE, LINEAR, USDC, Operator, Product, Trader, VenueProcess

MEMORY = ("--memory", "--market", "manual", "--clock", "real")


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venues")


@pytest.fixture(scope="session")
def venue(logs: Path) -> Iterator[VenueProcess]:
    """A venue in memory without rate limits, shared by every test that does not need its own."""
    process = VenueProcess(logs / "shared.log", (*MEMORY, "--limits", "off")).start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def limited_venue(logs: Path) -> Iterator[VenueProcess]:
    """A venue in memory with the rate limits of the exchange, in a second that ends when a test says so."""
    options = ("--memory", "--market", "manual", "--clock", "frozen", "--limits", "on")
    process = VenueProcess(logs / "limited.log", options).start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def operator(venue: VenueProcess) -> Operator:
    return venue.operator


class OpenAccount(Protocol):
    """Opens an account with plenty of every coin; keywords go into the operator's request."""

    def __call__(self, **account: Any) -> Trader: ...


@pytest.fixture
def open_account(operator: Operator) -> Iterator[OpenAccount]:
    """
    Fresh accounts. Afterwards they hold nothing, and the venue's money is counted.

    A position that was left would be liquidated, or deleveraged, by the prices of a later test.
    """
    traders: list[Trader] = []

    def open_one(**account: Any) -> Trader:
        trader = operator.trader(**account)
        traders.append(trader)
        return trader

    yield open_one
    for product in (LINEAR, INVERSE, USDC):
        operator.set_book(product, [(BID, DEEP)], [(ASK, DEEP)], MARK)
        for trader in traders:
            for row in trader.pending(product):
                trader.cancel(product, row["orderId"])
            leave(trader, product)
    for trader in traders:
        trader.connection.close()
    balanced(operator.audit())


def leave(trader: Trader, product: Product) -> None:
    """Close what an account holds of a product."""
    for row in trader.position_rows(product):
        side = {"long": "buy", "short": "sell"}[row["holdSide"]]
        words = {"tradeSide": "close"}
        if row["posMode"] == "one_way_mode":
            side = {"long": "sell", "short": "buy"}[row["holdSide"]]
            words = {"reduceOnly": "YES"}
        trader.market(product, side, row["total"], **words)


def balanced(audit: dict[str, Any]) -> None:
    """Every coin is accounted for and every long lot has its short one (DESIGN promise 5)."""
    for coin, sums in audit["coins"].items():
        assert sums["residual"] == "0", (coin, sums)
    for symbol, lots in audit["symbols"].items():
        assert lots["longLots"] == lots["shortLots"], (symbol, lots)


#: The book of most tests: one deep level on each side, a spread of 1, the mark at the better one.
BID, ASK, MARK = "999", "1000", "1000"
DEEP = "100000"

SetBook = Callable[..., None]


@pytest.fixture
def set_book(operator: Operator) -> SetBook:
    """Replace the house's ladder; without levels the deep book of most tests."""

    def set_one(
        product: Product,
        bids: tuple[tuple[str, str], ...] = ((BID, DEEP),),
        asks: tuple[tuple[str, str], ...] = ((ASK, DEEP),),
        mark: str = MARK,
    ) -> None:
        operator.set_book(product, bids, asks, mark)

    return set_one


@pytest.fixture(scope="session")
def hedger(operator: Operator) -> Iterator[Trader]:
    """A hedge account that holds L10 throughout: what is refused to it changes nothing."""
    yield from holder(operator, "hedge_mode", "L10")


@pytest.fixture(scope="session")
def one_way(operator: Operator) -> Iterator[Trader]:
    """A one-way account that holds +10 throughout."""
    yield from holder(operator, "one_way_mode", "+10")


def holder(operator: Operator, position_mode: str, held: str) -> Iterator[Trader]:
    operator.set_book(LINEAR, [(BID, "100000")], [(ASK, "100000")], MARK)
    trader = operator.trader(posMode=position_mode)
    trader.take(LINEAR, held)
    yield trader
    assert held == trader.held(LINEAR)
    assert [] == trader.past_orders(LINEAR, orderSource="reverse")
