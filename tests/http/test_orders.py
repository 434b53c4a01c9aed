"""
Limit and market orders, what they do to positions, and what place-order refuses.

Codes are those of errors.md. What the specification leaves open is marked "inferred".
"""

import time
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from tests.http import sums
from tests.http.checks import (
    BOTH_KINDS,
    FILL_FIELDS,
    HEDGE,
    ONE_WAY,
    ORDER_FIELDS,
    POSITION_FIELDS,
    assert_refused,
    assert_row,
    open_with,
)
from tests.http.conftest import ASK, DEEP, OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    MIX,
    Operator,
    Product,
    VenueProcess,
    plain,
)

# Limit orders.


@BOTH_KINDS
def test_a_limit_order_rests_and_reserves(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A resting order is live, and locks value over leverage plus a taker's fee (fee rate inferred)."""
    set_book(product)
    trader = open_account()
    before = int(time.time() * 1000)
    order_id = trader.limit(product, "buy", "2", "960.5", clientOid="rest-1")
    row = trader.order(product, order_id)
    assert_row(ORDER_FIELDS | {"state"}, row)
    expected = {
        "symbol": product.symbol,
        "orderId": order_id,
        "clientOid": "rest-1",
        "state": "live",
        "side": "buy",
        "posSide": "net",
        "tradeSide": "buy_single",
        "force": "gtc",
        "orderType": "limit",
        "orderSource": "normal",
        "posMode": ONE_WAY,
        "marginMode": "crossed",
        "marginCoin": product.margin_coin,
        "leverage": "20",
        "reduceOnly": "NO",
        "enterPointSource": "API",
        "cancelReason": "",
        "priceAvg": "",
        "presetStopSurplusPrice": "",
        "presetStopLossPrice": "",
    }
    assert expected == {name: row[name] for name in expected}
    numbers = {
        "size": "2",
        "price": "960.5",
        "baseVolume": "0",
        "quoteVolume": "0",
        "fee": "0",
        "totalProfits": "0",
    }
    assert numbers == {name: plain(row[name]) for name in numbers}
    assert before - 1000 <= int(row["cTime"]) <= int(time.time() * 1000) + 1000
    assert "feeDetail" not in row
    assert "errorMsg" not in row

    value = sums.value(product, Fraction(2), sums.exact("960.5"))
    assert value / 20 + value * sums.TAKER == sums.exact(trader.account(product)["locked"])

    (pending,) = trader.pending(product)
    assert_row(ORDER_FIELDS | {"status"}, pending)
    assert (order_id, "live") == (pending["orderId"], pending["status"])
    assert [] == trader.past_orders(product)


@BOTH_KINDS
def test_a_cancelled_order_frees_everything(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """Cancelling by orderId or clientOid ends the order, returns its reserve, and moves it to the past."""
    set_book(product)
    trader = open_account()
    before = trader.account(product)
    first = trader.limit(product, "buy", "2", "960", clientOid="first")
    second = trader.limit(product, "buy", "2", "960", clientOid="second")
    answer = trader.cancel(product, first)
    assert {"orderId": first, "clientOid": "first"} == answer.data
    body = {"symbol": product.symbol, "productType": product.product_type, "clientOid": "second"}
    answer = trader.post(f"{MIX}/order/cancel-order", body)
    assert {"orderId": second, "clientOid": "second"} == answer.data
    for order_id in (first, second):
        row = trader.order(product, order_id)
        assert ("canceled", "normal_cancel") == (row["state"], row["cancelReason"])
    assert [] == trader.pending(product)
    assert [second, first] == [row["orderId"] for row in trader.past_orders(product)]
    assert before == trader.account(product)


def test_a_cancel_that_finds_nothing(open_account: OpenAccount, set_book: SetBook) -> None:
    """Unknown, foreign, filled and cancelled orders cannot be cancelled (43001; final ones: inferred)."""
    set_book(LINEAR)
    trader, stranger = open_account(), open_account()
    order_id = trader.limit(LINEAR, "buy", "1", "960", clientOid="mine")
    assert_refused(trader.cancel(LINEAR, "1999999999999999999"), "43001")
    assert_refused(stranger.cancel(LINEAR, order_id), "43001")
    body = {"symbol": "ETHUSDT", "productType": "USDT-FUTURES", "clientOid": "mine"}
    assert_refused(stranger.post(f"{MIX}/order/cancel-order", body), "43001")
    assert "live" == trader.order(LINEAR, order_id)["state"]
    trader.cancel(LINEAR, order_id).accepted()
    assert trader.cancel(LINEAR, order_id).code in {"43001", "45055"}
    filled = trader.market(LINEAR, "buy", "1")
    assert trader.cancel(LINEAR, filled).code in {"43001", "45055"}
    del body["clientOid"]
    assert_refused(trader.post(f"{MIX}/order/cancel-order", body), "40924")


def test_a_crossing_limit_order_takes_and_then_rests(open_account: OpenAccount, set_book: SetBook) -> None:
    """Good till cancelled: what can trade does, as taker; the rest trades as maker when it is hit."""
    set_book(LINEAR, asks=(("1000", "3"), ("1010", "100")))
    maker, taker = open_account(), open_account()
    order_id = maker.limit(LINEAR, "buy", "5", "1005")
    row = maker.order(LINEAR, order_id)
    assert ("partially_filled", "3", "1000") == (
        row["state"],
        plain(row["baseVolume"]),
        plain(row["priceAvg"]),
    )
    taker.market(LINEAR, "sell", "2")
    row = maker.order(LINEAR, order_id)
    assert ("filled", "5", "1002") == (row["state"], plain(row["baseVolume"]), plain(row["priceAvg"]))
    made, took = maker.fills(LINEAR, orderId=order_id)
    assert ("maker", "taker") == (made["tradeScope"], took["tradeScope"])
    assert ("1005", "2", "-0.402") == fill_numbers(made)
    assert ("1000", "3", "-1.8") == fill_numbers(took)
    assert "-2.202" == plain(row["fee"])
    assert "5010" == plain(row["quoteVolume"])


def fill_numbers(fill: Mapping[str, Any]) -> tuple[str, str, str]:
    return plain(fill["price"]), plain(fill["baseVolume"]), plain(fill["feeDetail"][0]["totalFee"])


def test_price_comes_before_time_and_time_before_the_rest(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """Better prices trade first, and at one price the older order."""
    set_book(LINEAR, bids=(("990", DEEP),))
    first, second, better, taker = (open_account() for _ in range(4))
    first_id = first.limit(LINEAR, "buy", "1", "995")
    second_id = second.limit(LINEAR, "buy", "1", "995")
    better_id = better.limit(LINEAR, "buy", "1", "996")
    taker_id = taker.market(LINEAR, "sell", "2")
    assert "filled" == better.order(LINEAR, better_id)["state"]
    assert "filled" == first.order(LINEAR, first_id)["state"]
    assert "live" == second.order(LINEAR, second_id)["state"]
    assert ["995", "996"] == [plain(fill["price"]) for fill in taker.fills(LINEAR, orderId=taker_id)]


FORCES = [
    # force, price, size, state, filled, cancel reason
    ("ioc", "1000", "5", "canceled", "3", "ioc_not_full_cancel"),
    ("ioc", "1000", "3", "filled", "3", ""),
    ("ioc", "995", "3", "canceled", "0", "ioc_not_full_cancel"),
    ("fok", "1000", "3", "filled", "3", ""),
    ("fok", "1000", "5", "canceled", "0", "fok_not_full_cancel"),
    ("fok", "1010", "5", "filled", "5", ""),
    ("post_only", "1000", "1", "canceled", "0", "post_only_fill_cancel"),
    ("post_only", "999.99", "1", "live", "0", ""),
    ("GTC", "995", "1", "live", "0", ""),
    ("Post_Only", "995", "1", "live", "0", ""),
]


@pytest.mark.parametrize(("force", "price", "size", "state", "filled", "reason"), FORCES)
def test_force(
    open_account: OpenAccount,
    set_book: SetBook,
    force: str,
    price: str,
    size: str,
    state: str,
    filled: str,
    reason: str,
) -> None:
    """Each force does what it says; what cannot trade is accepted and canceled (reasons: websocket.md)."""
    set_book(LINEAR, asks=(("1000", "3"), ("1010", "100")))
    trader = open_account()
    order_id = trader.limit(LINEAR, "buy", size, price, force=force)
    row = trader.order(LINEAR, order_id)
    actual = (row["state"], plain(row["baseVolume"]), row["cancelReason"], row["force"])
    assert (state, filled, reason, force.lower()) == actual
    assert ("flat" if filled == "0" else f"+{filled}") == trader.held(LINEAR)


# Market orders and positions.


@BOTH_KINDS
@pytest.mark.parametrize("force", [{}, {"force": "GTC"}])
def test_a_market_order_fills_at_once(
    open_account: OpenAccount, set_book: SetBook, product: Product, force: dict[str, str]
) -> None:
    """A market order sweeps the book, pays the taker's fee per fill, and enters at the average."""
    asks = (("1000.5", "1.23"), ("1001.25", "2"), ("1002", "50"))
    set_book(product, asks=asks)
    trader = open_account()
    before = sums.exact(trader.wallet(product))
    order_id = trader.market(product, "buy", "4.5", **force)
    swept = sums.sweep(asks, sums.exact("4.5"))
    row = trader.order(product, order_id)
    assert ("filled", "market", "market", "4.5") == (
        row["state"], row["orderType"], row["orderSource"], plain(row["baseVolume"]),
    )  # fmt: skip
    assert sums.average(swept) == sums.exact(row["priceAvg"])
    assert sum(price * size for price, size in swept) == sums.exact(row["quoteVolume"])
    fills = trader.fills(product, orderId=order_id)
    assert swept == [(sums.exact(fill["price"]), sums.exact(fill["baseVolume"])) for fill in reversed(fills)]
    for fill in fills:
        assert_row(FILL_FIELDS, fill)
        (detail,) = fill["feeDetail"]
        assert {"deduction", "feeCoin", "totalDeductionFee", "totalFee"} == set(detail)
        assert ("no", product.margin_coin) == (detail["deduction"], detail["feeCoin"])
    assert before - sums.fees(product, swept) == sums.exact(trader.wallet(product))

    (position,) = trader.position_rows(product)
    assert_row(POSITION_FIELDS | {"autoMargin"}, position)
    assert sums.average(swept) == sums.exact(position["openPriceAvg"])
    assert sums.fees(product, swept) == sums.exact(position["deductedFee"])
    words = {"holdSide": "long", "posMode": ONE_WAY, "marginMode": "crossed", "assetMode": "single"}
    assert words == {name: position[name] for name in words}
    numbers = {
        "total": "4.5",
        "available": "4.5",
        "locked": "0",
        "openDelegateSize": "0",
        "markPrice": "1000",
    }
    assert numbers == {name: plain(position[name]) for name in numbers}


@BOTH_KINDS
def test_a_market_order_takes_what_there_is(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A thin book fills a market order in part and the rest is canceled (contracts.md 5)."""
    set_book(product, asks=((ASK, "2"), ("1050.01", "50")))
    trader = open_account()
    order_id = trader.market(product, "buy", "5")
    row = trader.order(product, order_id)
    assert ("canceled", "2") == (row["state"], plain(row["baseVolume"]))
    assert "+2" == trader.held(product)


@BOTH_KINDS
def test_one_way_orders_net(open_account: OpenAccount, set_book: SetBook, product: Product) -> None:
    """One-way: adding averages, reducing keeps the entry and books profit, crossing zero starts anew."""
    set_book(product)
    trader = open_account()
    trader.take(product, "+2")
    set_book(product, bids=(("1009", DEEP),), asks=(("1010", DEEP),), mark="1010")
    trader.market(product, "buy", "1")
    entry = sums.average([(sums.exact("1000"), Fraction(2)), (sums.exact("1010"), Fraction(1))])
    (row,) = trader.position_rows(product)
    assert ("3", entry) == (plain(row["total"]), sums.exact(row["openPriceAvg"]))

    before = sums.exact(trader.wallet(product))
    trader.market(product, "sell", "1")
    piece = [(sums.exact("1009"), Fraction(1))]
    gain = sums.realised(product, sums.LONG, entry, piece)
    (row,) = trader.position_rows(product)
    assert ("2", entry) == (plain(row["total"]), sums.exact(row["openPriceAvg"]))
    assert gain == sums.exact(row["achievedProfits"])
    assert before + gain - sums.fees(product, piece) == sums.exact(trader.wallet(product))

    trader.market(product, "sell", "5")
    (row,) = trader.position_rows(product)
    assert ("short", "3") == (row["holdSide"], plain(row["total"]))
    assert sums.exact("1009") == sums.exact(row["openPriceAvg"])
    assert 0 == sums.exact(row["achievedProfits"])
    assert sums.fees(product, [(sums.exact("1009"), Fraction(3))]) == sums.exact(row["deductedFee"])


def test_hedge_legs_are_separate(open_account: OpenAccount, set_book: SetBook) -> None:
    """Hedge: side names the leg, tradeSide opens or closes it, and a close takes no more than there is."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L3 S2")
    assert_refused(trader.place(LINEAR, side="buy", size="1"), "40774")
    trader.market(LINEAR, "sell", "1", tradeSide="Close")
    assert "L3 S1" == trader.held(LINEAR)
    order_id = trader.market(LINEAR, "buy", "9", tradeSide="close")
    assert "S1" == trader.held(LINEAR)
    row = trader.order(LINEAR, order_id)
    assert ("buy", "close", "long", "3") == (
        row["side"],
        row["tradeSide"],
        row["posSide"],
        plain(row["baseVolume"]),
    )
    (fill,) = trader.fills(LINEAR, orderId=order_id)
    assert ("buy", "close", HEDGE) == (fill["side"], fill["tradeSide"], fill["posMode"])
    refused = trader.place(LINEAR, side="buy", size="1", tradeSide="close")
    assert (400, True) == (refused.status, refused.code in {"22002", "40755", "40757"})


def test_a_hedge_market_close_takes_the_free_part(open_account: OpenAccount, set_book: SetBook) -> None:
    """rest-private.md 5: 100 held, 70 locked, close 50: 30 closed; with all locked the lock goes."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L100")
    lock_id = trader.limit(LINEAR, "buy", "70", "1040", tradeSide="close")
    trader.market(LINEAR, "buy", "50", tradeSide="close")
    assert "L70" == trader.held(LINEAR)
    assert "live" == trader.order(LINEAR, lock_id)["state"]
    trader.market(LINEAR, "buy", "50", tradeSide="close")
    assert "L20" == trader.held(LINEAR)
    assert "canceled" == trader.order(LINEAR, lock_id)["state"]


def test_reduce_only_never_flips(open_account: OpenAccount, set_book: SetBook) -> None:
    """One-way reduceOnly: flat is 22002, and a resting one closes at most what is held."""
    set_book(LINEAR)
    trader = open_account()
    assert trader.place(LINEAR, side="sell", size="1", reduceOnly="YES").code in {"22002", "45006"}
    trader.take(LINEAR, "+2")
    assert trader.place(LINEAR, side="buy", size="1", reduceOnly="YES").code in {"22002", "40757", "45006"}
    order_id = trader.limit(LINEAR, "sell", "2", "1001", reduceOnly="yes")
    row = trader.order(LINEAR, order_id)
    assert ("live", "YES", "sell_single") == (row["state"], row["reduceOnly"], row["tradeSide"])
    position = trader.position(LINEAR, "long")
    assert ("0", "2") == (plain(position["available"]), plain(position["locked"]))
    trader.market(LINEAR, "sell", "2")
    set_book(LINEAR, bids=(("1001", DEEP),), asks=(("1002", DEEP),))
    assert "flat" == trader.held(LINEAR)
    assert "0" == plain(trader.order(LINEAR, order_id)["baseVolume"])
    assert [] == trader.pending(LINEAR)

    trader.take(LINEAR, "+3")
    order_id = trader.limit(LINEAR, "sell", "2", "1005", reduceOnly="YES")
    set_book(LINEAR, bids=(("1005", DEEP),), asks=(("1006", DEEP),))
    assert "+1" == trader.held(LINEAR)
    assert "filled" == trader.order(LINEAR, order_id)["state"]


def test_reduce_only_beyond_the_position_pushes_out_the_oldest(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """rest-private.md 5: older reduce-only orders go oldest first, and the reply has orderId null."""
    set_book(LINEAR)
    trader = open_account()
    trader.take(LINEAR, "+10")
    first = trader.limit(LINEAR, "sell", "6", "1040", reduceOnly="YES")
    answer = trader.place(
        LINEAR,
        orderType="limit",
        side="sell",
        size="7",
        price="1041",
        force="gtc",
        reduceOnly="YES",
        clientOid="second",
    )
    assert {"orderId": None, "clientOid": "second"} == answer.data
    assert "canceled" == trader.order(LINEAR, first)["state"]
    assert "live" == trader.detail(LINEAR, clientOid="second").data["state"]


# Refusals of place-order.


LIMIT = {"orderType": "limit", "side": "buy", "size": "1", "price": "960", "force": "gtc"}
MARKET = {"orderType": "market", "side": "buy", "size": "1"}

REFUSED: list[tuple[str, dict[str, Any], set[str]]] = [
    # fault, order, code (several where the specification names several)
    ("size missing", {"orderType": "market", "side": "buy"}, {"400172"}),
    ("side missing", {"orderType": "market", "size": "1"}, {"400172"}),
    ("price missing", {name: LIMIT[name] for name in ("orderType", "side", "size", "force")}, {"400172"}),
    ("marginMode missing", MARKET | {"marginMode": None}, {"400172"}),
    ("orderType unknown", MARKET | {"orderType": "stop"}, {"400172"}),
    ("force unknown", LIMIT | {"force": "gtd"}, {"400172"}),
    ("side unknown", MARKET | {"side": "long"}, {"400172"}),
    ("marginMode unknown", MARKET | {"marginMode": "portfolio"}, {"400172"}),
    ("symbol unknown", MARKET | {"symbol": "NOPEUSDT"}, {"40034"}),
    ("margin coin unknown", MARKET | {"marginCoin": "ETH"}, {"40778"}),
    ("product of another symbol", MARKET | {"productType": "COIN-FUTURES"}, {"22012"}),
    ("size zero", MARKET | {"size": "0"}, {"40808"}),
    ("size with three decimals", MARKET | {"size": "1.001"}, {"40808"}),
    ("size negative", MARKET | {"size": "-1"}, {"40808"}),
    ("size text", MARKET | {"size": "one"}, {"40808"}),
    ("market size above the maximum", MARKET | {"size": "1900.01"}, {"45112"}),
    ("limit size above the maximum", LIMIT | {"size": "9900.01"}, {"45112"}),
    ("price zero", LIMIT | {"price": "0"}, {"40808", "41103", "40020", "43011"}),
    ("price negative", LIMIT | {"price": "-1"}, {"40808", "41103", "40020", "43011"}),
    ("price text", LIMIT | {"price": "cheap"}, {"40808", "41103", "40020"}),
    ("price off the tick", LIMIT | {"price": "960.001"}, {"45115", "41103"}),
    ("buy above the band", LIMIT | {"price": "1050.01"}, {"43009", "40815"}),
    ("sell below the band", LIMIT | {"side": "sell", "price": "949.99"}, {"43008", "40816"}),
    ("value below 5", LIMIT | {"size": "0.01", "price": "480"}, {"45110"}),
    ("clientOid too long", MARKET | {"clientOid": "c" * 65}, {"40305"}),
    ("clientOid of other letters", MARKET | {"clientOid": "c<"}, {"40305"}),
    ("margin too little", MARKET | {"size": "25"}, {"40762"}),
    ("margin too little for resting", LIMIT | {"size": "25"}, {"40762"}),
]


@pytest.mark.parametrize(("order", "codes"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_an_order_that_is_refused_changes_nothing(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, order: dict[str, Any], codes: set[str]
) -> None:
    """Each faulty order has its code with HTTP 400, no record, and leaves the venue as it was."""
    set_book(LINEAR)
    trader = open_account(balances={"USDT": "1000"})
    before = operator.digest()
    answer = trader.post(f"{MIX}/order/place-order", LINEAR.names | {"marginMode": "crossed"} | order)
    assert answer.code in codes, answer.body
    assert_refused(answer, answer.code)
    assert before == operator.digest()
    assert [] == trader.pending(LINEAR)
    assert [] == trader.past_orders(LINEAR)


def test_the_largest_affordable_order_is_accepted(open_account: OpenAccount, set_book: SetBook) -> None:
    """contracts.md 5: an order may use all funds: 1012 pay for 20 at 1000, leverage 20, and the fee of 12."""
    set_book(LINEAR, bids=(("1000", DEEP),), asks=(("1000.01", DEEP),))
    short_of_one, enough = (
        open_account(balances={"USDT": "1011.99999999"}),
        open_account(balances={"USDT": "1012"}),
    )
    assert_refused(short_of_one.place(LINEAR, side="sell", size="20"), "40762")
    enough.take(LINEAR, "-20")
    assert "0" != plain(enough.account(LINEAR)["crossedRiskRate"])


def test_a_used_client_oid_is_refused(open_account: OpenAccount, set_book: SetBook) -> None:
    """A clientOid of a live, filled or cancelled order of the account is 40786."""
    set_book(LINEAR)
    trader = open_account()
    trader.market(LINEAR, "buy", "1", clientOid="filled")
    trader.limit(LINEAR, "buy", "1", "960", clientOid="live")
    for client_oid in ("filled", "live"):
        assert_refused(trader.place(LINEAR, side="buy", size="1", clientOid=client_oid), "40786")
    assert "+1" == trader.held(LINEAR)


def test_an_empty_book_cannot_fill_a_market_order(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """errors.md: a market order without a counterpart is refused (40825 or 22045, it names both)."""
    set_book(LINEAR, asks=())
    trader = open_account()
    before = operator.digest()
    answer = trader.place(LINEAR, side="buy", size="1")
    assert (400, True) == (answer.status, answer.code in {"40825", "22045"}), answer.body
    assert before == operator.digest()


def test_a_market_without_an_index_takes_no_orders(venue: VenueProcess) -> None:
    """DESIGN 4: a market set by hand has no index until one is given, and orders are refused with a code."""
    trader = venue.operator.trader()
    untouched = Product("XRPUSDT", "USDT-FUTURES", "USDT", inverse=False)
    for order in (MARKET | {"size": "10"}, LIMIT | {"size": "10", "price": "0.5"}):
        answer = trader.place(untouched, **order)
        assert_refused(answer, answer.code)
        assert answer.code not in {"400172", "40762"}
    assert [] == trader.past_orders(untouched)
