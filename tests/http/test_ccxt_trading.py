"""
Everything that ccxt, unmodified, sends to trade: each kind of order, changes, cancellations, margin.

What it sends for each call stands in clients.md section 1; here is what comes of it.
"""

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest

from tests.http.checks import HEDGE
from tests.http.conftest import OpenAccount, SetBook
from tests.http.sums import exact
from tests.http.test_ccxt import ETH_USDT, exchange_of
from tests.http.venue import LINEAR, USDC, Trader, VenueProcess

ETH_USDC = "ETH/USDC:USDC"


@pytest.fixture(scope="module")
def markets(venue: VenueProcess) -> Any:
    """What ccxt loads once, to be shared by the exchanges of this file."""
    exchange = exchange_of(venue, None)
    exchange.load_markets()
    exchange.session.close()
    return exchange.markets


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    """The account that ccxt trades for."""
    set_book(LINEAR)
    return open_account()


@pytest.fixture
def exchange(venue: VenueProcess, trader: Trader, markets: Any) -> Iterator[Any]:
    made = exchange_of(venue, trader.credentials)
    made.set_markets(markets)
    yield made
    made.session.close()


def move_to(set_book: SetBook, price: str) -> None:
    set_book(LINEAR, bids=((price, "100000"),), asks=((str(int(price) + 1), "100000"),), mark=price)


def test_attached_stop_loss_and_take_profit(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """A stopLoss and a takeProfit in create_order protect what the order opens."""
    exchange.create_order(
        ETH_USDT,
        "market",
        "buy",
        2,
        None,
        {"stopLoss": {"triggerPrice": 990}, "takeProfit": {"triggerPrice": 1010, "price": 1009}},
    )
    move_to(set_book, "1010")
    assert "flat" == trader.held(LINEAR)
    (order, _) = trader.past_orders(LINEAR)
    assert ("profit_limit", "1009") == (order["orderSource"], order["price"])


@pytest.mark.parametrize(
    ("side", "opened", "params", "price"),
    [
        ("sell", "+10", {"stopLossPrice": 990}, "990"),
        ("sell", "+10", {"takeProfitPrice": 1010}, "1010"),
        ("buy", "-10", {"stopLossPrice": 1010}, "1010"),
        ("buy", "-10", {"takeProfitPrice": 990}, "990"),
    ],
)
def test_protecting_orders_of_a_one_way_position(
    exchange: Any,
    trader: Trader,
    set_book: SetBook,
    side: str,
    opened: str,
    params: dict[str, int],
    price: str,
) -> None:
    """A stopLossPrice or takeProfitPrice closes the position, whole, though ccxt sends a size."""
    trader.take(LINEAR, opened)
    made = exchange.create_order(ETH_USDT, "market", side, 3, None, params)
    assert made["id"]
    move_to(set_book, price)
    assert "flat" == trader.held(LINEAR)


def test_protecting_orders_of_a_hedged_position(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """With `hedged` ccxt names the side that is held; the other stays."""
    exchange.set_position_mode(True, ETH_USDT)
    trader.take(LINEAR, "L10 S4")
    exchange.create_order(ETH_USDT, "market", "sell", 10, None, {"hedged": True, "stopLossPrice": 990})
    move_to(set_book, "990")
    assert "S4" == trader.held(LINEAR)


def test_a_trigger_order(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """An order with a triggerPrice waits for it; with a price of its own it then rests there."""
    exchange.create_order(ETH_USDT, "market", "buy", 1, None, {"triggerPrice": 1010})
    exchange.create_order(ETH_USDT, "limit", "buy", 2, 1005, {"triggerPrice": 1010, "clientOid": "lim"})
    move_to(set_book, "1010")
    assert "+1" == trader.held(LINEAR)
    (resting,) = exchange.fetch_open_orders(ETH_USDT)
    assert (1005.0, 2.0) == (resting["price"], resting["amount"])


def test_a_trailing_order(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """A trailingPercent follows the price from its trigger on, and turns with it."""
    exchange.create_order(
        ETH_USDT, "market", "sell", 1, None, {"trailingPercent": "1", "trailingTriggerPrice": "1010"}
    )
    for price in ("1010", "1020", "1009"):
        move_to(set_book, price)
    assert "-1" == trader.held(LINEAR)


def test_a_batch_of_orders(exchange: Any, trader: Trader) -> None:
    """What create_orders could place is placed, and named; ccxt keeps what failed to itself."""
    made = exchange.create_orders(
        [
            {"symbol": ETH_USDT, "type": "limit", "side": "buy", "amount": 1, "price": 960},
            {"symbol": ETH_USDT, "type": "market", "side": "buy", "amount": 2},
            {"symbol": ETH_USDT, "type": "limit", "side": "buy", "amount": 1, "price": 2000},
        ]
    )
    assert [True, True] == [bool(row["id"]) for row in made]
    assert ("+2", 1) == (trader.held(LINEAR), len(trader.pending(LINEAR)))


def test_editing_orders(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """edit_order moves a limit order, a trigger order, a stop-loss and a trailing order."""
    order = exchange.create_order(ETH_USDT, "limit", "buy", 1, 960)
    moved = exchange.edit_order(order["id"], ETH_USDT, "limit", "buy", 2, 970)
    (row,) = exchange.fetch_open_orders(ETH_USDT)
    assert (moved["id"], 970.0, 2.0) == (row["id"], row["price"], row["amount"])
    exchange.cancel_order(row["id"], ETH_USDT)

    waiting = exchange.create_order(ETH_USDT, "market", "buy", 1, None, {"triggerPrice": 1010})
    exchange.edit_order(waiting["id"], ETH_USDT, "market", "buy", 3, None, {"triggerPrice": 1020})
    trailing = exchange.create_order(
        ETH_USDT, "market", "sell", 1, None, {"trailingPercent": "1", "trailingTriggerPrice": "1050"}
    )
    exchange.edit_order(
        trailing["id"], ETH_USDT, "market", "sell", 1, None,
        {"trailingPercent": "2", "trailingTriggerPrice": "1060"},
    )  # fmt: skip
    move_to(set_book, "1010")
    assert "flat" == trader.held(LINEAR)
    move_to(set_book, "1020")
    assert "+3" == trader.held(LINEAR)

    stop = exchange.create_order(ETH_USDT, "market", "sell", 3, None, {"stopLossPrice": 990})
    exchange.edit_order(stop["id"], ETH_USDT, "market", "sell", 3, None, {"stopLossPrice": 980})
    move_to(set_book, "985")
    assert "+3" == trader.held(LINEAR)
    move_to(set_book, "980")
    assert "flat" == trader.held(LINEAR)
    assert trailing["id"] == exchange.cancel_order(trailing["id"], ETH_USDT, {"trailing": True})["id"]


def test_editing_a_trigger_order_with_both_protections(
    exchange: Any, trader: Trader, set_book: SetBook
) -> None:
    """The take-profit that ccxt misspells counts."""
    waiting = exchange.create_order(ETH_USDT, "market", "buy", 1, None, {"triggerPrice": 1010})
    exchange.edit_order(
        waiting["id"],
        ETH_USDT,
        "market",
        "buy",
        1,
        None,
        {
            "triggerPrice": 1020,
            "stopLoss": {"triggerPrice": 1000, "price": 990},
            "takeProfit": {"triggerPrice": 1030, "price": 1029},
        },
    )
    move_to(set_book, "1020")
    assert "+1" == trader.held(LINEAR)
    move_to(set_book, "1030")
    assert "flat" == trader.held(LINEAR)


def test_cancelling(exchange: Any, trader: Trader) -> None:
    """One trigger order, several orders, and all of a symbol; nothing left to cancel is an error."""
    first, second, third = (exchange.create_order(ETH_USDT, "limit", "buy", 1, 960)["id"] for _ in range(3))
    assert [first, second] == [row["id"] for row in exchange.cancel_orders([first, second], ETH_USDT)]
    assert [third] == [row["id"] for row in exchange.cancel_all_orders(ETH_USDT)]
    with pytest.raises(ccxt.ExchangeError) as caught:
        exchange.cancel_all_orders(ETH_USDT)
    assert '"code":"22001"' in str(caught.value)
    waiting = [
        exchange.create_order(ETH_USDT, "market", "buy", 1, None, {"triggerPrice": 1010})["id"]
        for _ in range(2)
    ]
    assert waiting[0] == exchange.cancel_order(waiting[0], ETH_USDT, {"trigger": True})["id"]
    again = exchange.cancel_order(waiting[0], ETH_USDT, {"trigger": True})
    assert (None, {}) == (again["id"], again["info"])
    assert waiting[1:] == [row["id"] for row in exchange.cancel_all_orders(ETH_USDT, {"trigger": True})]
    assert [] == trader.pending(LINEAR)


def test_freqtrade_cancels_its_stop_loss(exchange: Any, trader: Trader) -> None:
    """clients.md section 5: with planType pos_loss the answer has exactly the one row."""
    trader.take(LINEAR, "+10")
    stop = exchange.create_order(ETH_USDT, "market", "sell", 10, None, {"stopLossPrice": 990})
    cancelled = exchange.cancel_order(stop["id"], ETH_USDT, {"trigger": True, "planType": "pos_loss"})
    assert stop["id"] == cancelled["id"]


def test_freqtrade_cancels_a_stop_loss_that_its_exit_has_ended(exchange: Any, trader: Trader) -> None:
    """It leaves first and cancels then: no error, or it would retry for ever; the stop is found cancelled."""
    trader.take(LINEAR, "+10")
    stop = exchange.create_order(ETH_USDT, "market", "sell", 10, None, {"stopLossPrice": 990})
    exchange.create_order(ETH_USDT, "market", "sell", 10, None, {"reduceOnly": True})
    exchange.cancel_order(stop["id"], ETH_USDT, {"stop": True, "planType": "pos_loss"})
    past = exchange.fetch_canceled_and_closed_orders(ETH_USDT, params={"planType": "profit_loss"})
    assert [(stop["id"], "canceled")] == [(row["id"], row["status"]) for row in past]


def test_closing_positions(exchange: Any, trader: Trader, set_book: SetBook) -> None:
    """close_position closes one symbol, or one side of it; close_all_positions a product type."""
    set_book(USDC)
    trader.take(LINEAR, "+10")
    assert exchange.close_position(ETH_USDT, "buy")["id"]
    assert "flat" == trader.held(LINEAR)
    with pytest.raises(ccxt.ExchangeError) as caught:
        exchange.close_position(ETH_USDT)
    assert '"code":"22002"' in str(caught.value)
    trader.take(LINEAR, "-3")
    trader.take(USDC, "+2")
    assert 1 == len(exchange.close_all_positions())
    assert ("flat", "+2") == (trader.held(LINEAR), trader.held(USDC))
    trader.set_position_mode(LINEAR, HEDGE).accepted()
    trader.take(LINEAR, "L10 S4")
    exchange.close_position(ETH_USDT, "long")
    assert "S4" == trader.held(LINEAR)


def test_margin(exchange: Any, trader: Trader) -> None:
    """add_margin and reduce_margin move the margin of an isolated position."""
    exchange.set_margin_mode("isolated", ETH_USDT)
    exchange.create_order(ETH_USDT, "market", "buy", 10, None, {"marginMode": "isolated"})
    before = exact(trader.position(LINEAR, "long")["marginSize"])
    assert "ok" == exchange.add_margin(ETH_USDT, 100, {"holdSide": "long"})["status"]
    assert "ok" == exchange.reduce_margin(ETH_USDT, -40, {"holdSide": "long"})["status"]
    assert before + 60 == exact(trader.position(LINEAR, "long")["marginSize"])
    exchange.close_position(ETH_USDT)


REFUSED: list[tuple[dict[str, Any], type[ccxt.ExchangeError], str]] = [
    ({"stopLossPrice": 1010}, ccxt.InvalidOrder, "40917"),
    ({"takeProfitPrice": 990}, ccxt.ExchangeError, "40915"),
    ({"trailingPercent": "11", "trailingTriggerPrice": "1010"}, ccxt.InvalidOrder, "43011"),
    ({"triggerPrice": 1010, "triggerType": "index_price"}, ccxt.BadRequest, "400172"),
]


@pytest.mark.parametrize(("params", "expected", "code"), REFUSED)
def test_refusals_raise_the_right_class(
    exchange: Any, trader: Trader, params: dict[str, Any], expected: type[ccxt.ExchangeError], code: str
) -> None:
    """errors.md: the class that ccxt raises for each code."""
    trader.take(LINEAR, "+10")
    with pytest.raises(expected) as caught:
        exchange.create_order(ETH_USDT, "market", "sell", 1, None, params)
    assert f'"code":"{code}"' in str(caught.value)
