"""Bills, closed positions and estimates over HTTP (rest-private.md sections 3 to 6)."""

import time
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.http.checks import ALL_PRODUCTS, FILL_FIELDS, assert_refused, assert_row
from tests.http.conftest import MEMORY, OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, Operator, Product, Trader, VenueProcess, plain

BILL_FIELDS = {
    "billId", "symbol", "amount", "fee", "feeByCoupon", "businessType", "coin", "balance", "cTime",
}  # fmt: skip
CLOSED_FIELDS = {
    "positionId", "symbol", "marginCoin", "holdSide", "posMode", "openAvgPrice", "closeAvgPrice",
    "marginMode", "openTotalPos", "closeTotalPos", "pnl", "netProfit", "totalFunding", "openFee", "closeFee",
    "ctime", "utime", "cTime", "uTime",
}  # fmt: skip
DAY = 86_400_000


def bills(trader: Trader, product: Product, **filters: str) -> list[dict[str, Any]]:
    page = trader.get(f"{MIX}/account/bill", {"productType": product.product_type} | filters).data
    assert page["endId"] == (page["bills"][-1]["billId"] if page["bills"] else None)
    assert isinstance(page["bills"], list)
    return page["bills"]


@ALL_PRODUCTS
def test_a_reversal_in_bills(open_account: OpenAccount, set_book: SetBook, product: Product) -> None:
    """Every posting of an account adds up to its balance; filters and pages leave nothing out."""
    set_book(product)
    trader = open_account()
    trader.take(product, "+20")
    trader.reverse(product).accepted()
    rows = bills(trader, product)
    for row in rows:
        assert_row(BILL_FIELDS, row)
    assert ["sell", "sell", "buy", "trans_from_exchange"] == [row["businessType"] for row in rows]
    for after, before in pairwise(rows):
        change = Decimal(after["amount"]) + Decimal(after["fee"])
        assert Decimal(after["balance"]) == Decimal(before["balance"]) + change
    assert Decimal(rows[0]["balance"]) == trader.wallet(product)
    assert rows[:2] == bills(trader, product, businessType="sell")
    paged = bills(trader, product, limit="3") + bills(trader, product, idLessThan=rows[2]["billId"])
    assert rows == paged


def test_a_liquidation_is_the_venues_own_doing(open_account: OpenAccount, set_book: SetBook) -> None:
    """Order and fill of a liquidation were entered by the system; the order that it met by its owner."""
    set_book(LINEAR)
    trader, buyer = open_account(marginMode="isolated"), open_account()
    trader.take(LINEAR, "+10")
    set_book(LINEAR, bids=(("930", "1"),), asks=(("960", "1"),), mark="970")
    buyer.limit(LINEAR, "buy", "20", "952")
    set_book(LINEAR, bids=(("930", "1"),), asks=(("960", "1"),), mark="953")
    assert "flat" == trader.held(LINEAR)
    (order,) = trader.past_orders(LINEAR, orderSource="liquidation")
    assert ("SYS", "burst_sell_single") == (order["enterPointSource"], order["tradeSide"])
    assert {"SYS"} == {fill["enterPointSource"] for fill in trader.fills(LINEAR, orderId=order["orderId"])}
    assert ["API"] == [row["enterPointSource"] for row in trader.past_orders(LINEAR, orderSource="market")]
    assert {"API"} == {fill["enterPointSource"] for fill in buyer.fills(LINEAR)}


def test_a_closed_position(open_account: OpenAccount, set_book: SetBook) -> None:
    """history-position has the position that a reversal ended, and only for its owner."""
    set_book(LINEAR)
    trader, stranger = open_account(), open_account()
    trader.take(LINEAR, "+20")
    trader.reverse(LINEAR).accepted()
    path = f"{MIX}/position/history-position"
    page = trader.get(path, {"symbol": "ETHUSDT"}).data
    (row,) = page["list"]
    assert_row(CLOSED_FIELDS, row)
    assert page["endId"] == row["positionId"]
    assert ("long", "1000", "999", "-20") == (
        row["holdSide"], plain(row["openAvgPrice"]), plain(row["closeAvgPrice"]), plain(row["pnl"]),
    )  # fmt: skip
    assert {"list": [], "endId": None} == stranger.get(path, {}).data


def test_past_fills_name_their_margin_coin(open_account: OpenAccount, set_book: SetBook) -> None:
    """fill-history is fills with the margin coin, within a week."""
    set_book(LINEAR)
    trader = open_account()
    trader.take(LINEAR, "+2")
    parameters = {"productType": "USDT-FUTURES"}
    (row,) = trader.get(f"{MIX}/order/fill-history", parameters).data["fillList"]
    assert_row(FILL_FIELDS | {"marginCoin"}, row)
    assert [{name: value for name, value in row.items() if name != "marginCoin"}] == trader.fills(LINEAR)


@pytest.mark.parametrize("path", ["order/fills", "order/fill-history"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_fills_have_every_side_of_trades_with_oneself(
    open_account: OpenAccount, operator: Operator, path: str, limit: int
) -> None:
    """Both sides have one trade id: going on below the last row's, none is lost, and none is doubled."""
    operator.set_book(LINEAR, [], [], "1000")
    trader = open_account(posMode="one_way_mode")
    for _ in range(4):
        trader.limit(LINEAR, "sell", "1", "1000")
        trader.limit(LINEAR, "buy", "1", "1000")
    names = {"productType": "USDT-FUTURES", "limit": str(limit)}
    seen: list[tuple[str, str]] = []
    page = trader.get(f"{MIX}/{path}", names).data
    while page["fillList"]:
        seen += [(row["tradeId"], row["orderId"]) for row in page["fillList"]]
        assert seen[-1][0] == page["endId"]
        page = trader.get(f"{MIX}/{path}", names | {"idLessThan": page["endId"]}).data
    assert (8, sorted(set(seen), reverse=True)) == (len(seen), seen)


def test_estimates_and_settings(open_account: OpenAccount, set_book: SetBook) -> None:
    """open-count, max-open, liq-price, isolated-symbols, adlRank and fee rates answer in their fields."""
    set_book(LINEAR)
    trader = open_account()
    ask = LINEAR.names | {"posSide": "long", "orderType": "market", "openAmount": "3"}
    assert float(trader.get(f"{MIX}/account/max-open", ask).data["maxOpen"]) > 100
    count = LINEAR.names | {"openAmount": "100", "openPrice": "1000", "leverage": "10"}
    assert "0.99" == trader.get(f"{MIX}/account/open-count", count).data["size"]
    assert "0" == trader.get(f"{MIX}/account/liq-price", ask).data["liqPrice"]
    product = {"productType": "USDT-FUTURES"}
    trader.set_margin_mode(LINEAR, "isolated").accepted()
    isolated = trader.get(f"{MIX}/account/isolated-symbols", product).data
    assert [{"symbol": "ETHUSDT", "marginMode": "isolated"}] == isolated
    trader.margin_mode = "isolated"
    estimate = trader.get(f"{MIX}/account/liq-price", ask).data["liqPrice"]
    trader.take(LINEAR, "+3")
    assert estimate == trader.position(LINEAR, "long")["liquidationPrice"] != "0"
    (rank,) = trader.get(f"{MIX}/position/adlRank", product).data
    assert_row({"symbol", "marginCoin", "adlRank", "rank", "holdSide"}, rank)
    rates = trader.get("/api/v2/common/trade-rate", {"symbol": "ETHUSDT", "businessType": "mix"}).data
    assert {"makerFeeRate": "0.0002", "takerFeeRate": "0.0006"} == rates
    assert 8 == len(trader.get("/api/v2/common/all-trade-rate", {"businessType": "mix"}).data)


def ago(days: float) -> str:
    return str(int(time.time() * 1_000 - days * DAY))


PRODUCT = {"productType": "USDT-FUTURES"}
REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("account/bill", {}, "400172"),
    ("account/bill", PRODUCT | {"businessType": "nonsense"}, "400172"),
    ("account/bill", PRODUCT | {"startTime": ago(31), "endTime": ago(0)}, "00001"),
    ("account/bill", PRODUCT | {"startTime": ago(100)}, "40704"),
    ("account/bill", PRODUCT | {"startTime": ago(0), "endTime": ago(1)}, "40707"),
    ("position/history-position", PRODUCT | {"startTime": ago(91), "endTime": ago(0)}, "40705"),
    ("position/history-position", {"symbol": "NOPEUSDT"}, "40034"),
    ("order/fill-history", PRODUCT | {"startTime": ago(8), "endTime": ago(0)}, "00001"),
    ("order/fills", PRODUCT | {"startTime": ago(91), "endTime": ago(0)}, "40705"),
    ("order/orders-history", PRODUCT | {"startTime": ago(91), "endTime": ago(0)}, "40705"),
    ("order/orders-plan-pending", PRODUCT, "400172"),
    ("order/orders-plan-pending", PRODUCT | {"planType": "nonsense"}, "400172"),
    ("order/orders-plan-history", PRODUCT | {"planType": "normal_plan", "planStatus": "live"}, "400172"),
    ("order/plan-sub-order", PRODUCT | {"planType": "normal_plan", "planOrderId": "5"}, "43025"),
    ("account/open-count", LINEAR.names, "400172"),
    ("account/max-open", LINEAR.names | {"posSide": "long", "orderType": "limit"}, "400172"),
    ("account/liq-price", LINEAR.names | {"posSide": "long", "orderType": "market"}, "400172"),
    ("position/adlRank", {}, "400172"),
    ("account/union-config", {}, "400172"),
    ("account/transfer-limits", {"coin": "USDT"}, "400172"),
    ("account/switch-union-usdt", {}, "400172"),
]


@pytest.mark.parametrize(
    ("path", "parameters", "code"), REFUSED, ids=[f"{row[0]} {row[2]}" for row in REFUSED]
)
def test_refusals(open_account: OpenAccount, path: str, parameters: Mapping[str, str], code: str) -> None:
    """Missing and unknown values, windows too wide or too old: the codes of rest-private.md section 1."""
    assert_refused(open_account().get(f"{MIX}/{path}", parameters), code)


EMPTY: list[tuple[str, dict[str, str], Any]] = [
    (
        "account/bill",
        {"productType": "USDT-FUTURES", "businessType": "bonus_issue"},
        {"bills": [], "endId": None},
    ),
    ("account/sub-account-assets", PRODUCT, []),
    ("position/adlRank", PRODUCT, []),
    (
        "order/orders-plan-pending",
        PRODUCT | {"planType": "profit_loss"},
        {"entrustedList": [], "endId": None},
    ),
    ("order/orders-plan-history", PRODUCT | {"planType": "track_plan"}, {"entrustedList": [], "endId": None}),
]


@pytest.mark.parametrize(("path", "parameters", "expected"), EMPTY, ids=[row[0] for row in EMPTY])
def test_empty_answers(
    open_account: OpenAccount, path: str, parameters: Mapping[str, str], expected: object
) -> None:
    """What an account has none of is an empty list, never an error."""
    assert expected == open_account().get(f"{MIX}/{path}", parameters).data


def test_the_past_outlives_a_kill(logs: Path, tmp_path: Path) -> None:
    """After SIGKILL bills, closed positions, trades and candles are what they were."""
    options = ("--data", str(tmp_path / "venue"), *MEMORY[1:], "--limits", "off")
    venue = VenueProcess(logs / "past.log", options).start()
    try:
        venue.operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
        trader = venue.operator.trader()
        trader.take(LINEAR, "+5")
        trader.reverse(LINEAR).accepted()
        before = past(trader)
        venue.kill()
        venue.start()
        again = venue.trader(trader.credentials)
        assert before == past(again)
        assert 4 == len(before[0])
    finally:
        venue.stop()


def past(trader: Trader) -> tuple[Any, ...]:
    names = {"symbol": "ETHUSDT", "productType": "USDT-FUTURES"}
    candles = trader.get(f"{MIX}/market/candles", names | {"granularity": "1Dutc"}).data
    return (
        bills(trader, LINEAR),
        trader.get(f"{MIX}/position/history-position", {}).data,
        trader.get(f"{MIX}/market/fills-history", names).data,
        candles,
    )
