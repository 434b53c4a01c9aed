"""Several orders in one request: placing, cancelling, closing (rest-private.md section 5)."""

import time
from typing import Any

import pytest

from tests.http.checks import HEDGE, assert_refused, open_with
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, USDC, Answer, Operator, Trader, VenueProcess

BATCH = f"{MIX}/order/batch-place-order"
BATCH_CANCEL = f"{MIX}/order/batch-cancel-orders"
CANCEL_ALL = f"{MIX}/order/cancel-all-orders"
CLOSE = f"{MIX}/order/close-positions"
RESTING = {"side": "buy", "orderType": "limit", "size": "1", "price": "960"}
PRODUCT = {"productType": LINEAR.product_type}
SYMBOL = PRODUCT | {"symbol": LINEAR.symbol}


def place_all(trader: Trader, *orders: dict[str, Any]) -> Answer:
    return trader.post(BATCH, LINEAR.names | {"marginMode": "crossed", "orderList": orders})


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["orderId"] for row in rows]


def test_a_batch_places_what_it_can(open_account: OpenAccount, set_book: SetBook) -> None:
    """Each order is judged for itself, in the order of the list; failures are told beside successes."""
    set_book(LINEAR)
    trader = open_account()
    answer = place_all(
        trader,
        RESTING | {"clientOid": "a"},
        RESTING | {"clientOid": "a"},
        RESTING | {"price": "9.999", "clientOid": "b"},
        RESTING | {"price": "2000", "clientOid": "c"},
        {"side": "Buy", "orderType": "market", "size": 2, "force": "GTC"},
        {"side": "sell", "orderType": "market", "size": "1", "reduceOnly": "yes"},
    )
    data = answer.data
    assert data["result"] is False
    assert [("a", "40786"), ("b", "45115"), ("c", "43009")] == [
        (row["clientOid"], row["errorCode"]) for row in data["failureList"]
    ]
    assert all(row["orderId"] == "" and row["errorMsg"] for row in data["failureList"])
    placed = data["successList"]
    assert 3 == len(placed)
    assert "a" == placed[0]["clientOid"]
    assert sorted(ids(placed), key=int) == ids(placed)
    assert [placed[0]["orderId"]] == ids(trader.pending(LINEAR))
    assert "+1" == trader.held(LINEAR)


def test_a_batch_without_failures_says_so(open_account: OpenAccount, set_book: SetBook) -> None:
    """`result` is true when every order was accepted; fifty are the most."""
    set_book(LINEAR)
    trader = open_account()
    data = place_all(trader, *[RESTING] * 50).data
    assert (50, [], True) == (len(data["successList"]), data["failureList"], data["result"])
    assert ids(data["successList"])[::-1] == ids(trader.pending(LINEAR))
    before = trader.pending(LINEAR)
    assert_refused(place_all(trader, *[RESTING] * 51), "40306")
    assert before == trader.pending(LINEAR)


def test_a_batch_of_which_nothing_is_accepted_is_an_answer(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """HTTP 200 and 00000 also when every order failed, and nothing has changed."""
    set_book(LINEAR)
    trader = open_account()
    before = operator.digest()
    data = place_all(trader, {}, RESTING | {"size": "0"}, RESTING | {"price": "2000"}).data
    assert ([], ["400172", "40808", "43009"]) == (
        data["successList"],
        [row["errorCode"] for row in data["failureList"]],
    )
    assert before == operator.digest()


def test_cancelling_by_list(open_account: OpenAccount, set_book: SetBook) -> None:
    """Known orders are cancelled, unknown ones are told; the list may name them by either id."""
    set_book(LINEAR)
    trader = open_account()
    first, second, third = (
        trader.limit(LINEAR, "buy", "1", "960", clientOid=name) for name in ("one", "two", "three")
    )
    names = [{"orderId": first}, {"clientOid": "two"}, {"orderId": "1999999999999999999"}, {"orderId": "x"}]
    data = trader.post(BATCH_CANCEL, SYMBOL | {"orderIdList": names}).data
    assert [
        {"orderId": first, "clientOid": "one"},
        {"orderId": second, "clientOid": "two"},
    ] == data["successList"]
    assert [("1999999999999999999", "43001"), ("x", "40402")] == [
        (row["orderId"], row["errorCode"]) for row in data["failureList"]
    ]
    assert [third] == ids(trader.pending(LINEAR))


@pytest.mark.parametrize("path", [BATCH_CANCEL, CANCEL_ALL])
def test_cancelling_everything(open_account: OpenAccount, set_book: SetBook, path: str) -> None:
    """Without names all orders of the symbol go, without a symbol those of the product type, oldest first."""
    set_book(LINEAR)
    set_book(USDC)
    trader = open_account()
    placed = [trader.limit(LINEAR, "buy", "1", price) for price in ("960", "970", "980")]
    other = trader.limit(USDC, "buy", "1", "960")
    data = trader.post(path, SYMBOL).data
    assert (placed, []) == (ids(data["successList"]), data["failureList"])
    assert ([], [other]) == (ids(trader.pending(LINEAR)), ids(trader.pending(USDC)))
    assert_refused(trader.post(path, SYMBOL), "22001")
    assert_refused(trader.post(path, PRODUCT), "22001")
    data = trader.post(path, {"productType": USDC.product_type}).data
    assert [other] == ids(data["successList"])


def test_cancel_all_is_good_for_its_window(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """A request older than its window, or with a window beyond a minute, cancels nothing."""
    set_book(LINEAR)
    trader = open_account()
    order = trader.limit(LINEAR, "buy", "1", "960")
    now = time.time_ns() // 1_000_000
    before = operator.digest()
    late = {"requestTime": str(now - 20_000), "receiveWindow": "10000"}
    assert_refused(trader.post(CANCEL_ALL, SYMBOL | late), "40078")
    assert_refused(trader.post(CANCEL_ALL, SYMBOL | {"receiveWindow": "60001"}), "40079")
    assert before == operator.digest()
    good = {"requestTime": str(now), "receiveWindow": "60000"}
    assert [order] == ids(trader.post(CANCEL_ALL, SYMBOL | good).data["successList"])


def test_closing_a_symbol(open_account: OpenAccount, set_book: SetBook, operator: Operator) -> None:
    """The position goes at market, whatever resting orders hold of it; flat is 22002."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    trader.limit(LINEAR, "sell", "4", "1040", reduceOnly="YES")
    data = trader.post(CLOSE, SYMBOL | {"holdSide": "short"}).data
    (row,) = data["successList"]
    assert ([], True, LINEAR.symbol) == (data["failureList"], data["result"], row["symbol"])
    assert ("flat", []) == (trader.held(LINEAR), trader.pending(LINEAR))
    order = trader.order(LINEAR, row["orderId"])
    assert ("filled", "10", row["clientOid"]) == (order["state"], order["baseVolume"], order["clientOid"])
    before = operator.digest()
    assert_refused(trader.post(CLOSE, SYMBOL), "22002")
    assert_refused(trader.post(CLOSE, PRODUCT), "22002")
    assert before == operator.digest()


def test_closing_one_side(open_account: OpenAccount, set_book: SetBook) -> None:
    """In hedge mode a side closes that side, none closes both."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10 S4")
    assert 1 == len(trader.post(CLOSE, SYMBOL | {"holdSide": "Short"}).data["successList"])
    assert "L10" == trader.held(LINEAR)
    assert_refused(trader.post(CLOSE, SYMBOL | {"holdSide": "short"}), "22002")
    trader.market(LINEAR, "sell", "4", tradeSide="open")
    assert 2 == len(trader.post(CLOSE, SYMBOL).data["successList"])
    assert "flat" == trader.held(LINEAR)


def test_closing_everything_tells_what_stays(open_account: OpenAccount, set_book: SetBook) -> None:
    """A position that finds no liquidity stays and is told; when it is the only one that is the answer."""
    set_book(LINEAR)
    trader = open_account(posMode=HEDGE)
    trader.take(LINEAR, "L10 S4")
    set_book(LINEAR, bids=())
    data = trader.post(CLOSE, PRODUCT).data
    assert 1 == len(data["successList"])
    (kept,) = data["failureList"]
    assert (False, "", "", LINEAR.symbol, "22045") == (
        data["result"],
        kept["orderId"],
        kept["clientOid"],
        kept["symbol"],
        kept["errorCode"],
    )
    assert "L10" == trader.held(LINEAR)
    assert_refused(trader.post(CLOSE, PRODUCT), "22045")


def test_traders_place_one_batch_a_second(limited_venue: VenueProcess) -> None:
    """Copy-trading traders have one batch a second, everybody else five; flash closes one a second."""
    operator = limited_venue.operator
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    for copy_trader, path, body, quota in (
        (True, BATCH, LINEAR.names | {"marginMode": "crossed", "orderList": [RESTING]}, "0"),
        (False, BATCH, LINEAR.names | {"marginMode": "crossed", "orderList": [RESTING]}, "4"),
        (False, CLOSE, SYMBOL, "0"),
    ):
        trader = operator.trader(copyTrader=copy_trader)
        assert quota == trader.post(path, body).headers["x-mbx-used-remain-limit"]
        trader.post(CANCEL_ALL, SYMBOL)
