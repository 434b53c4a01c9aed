import json
from typing import Any

import msgspec
import pytest

from backhand.commands import BUY, LONG, SELL, SHORT
from backhand.events import CancelReason
from backhand.wire.responses.fills import FillView, fills_page
from backhand.wire.responses.orders import (
    CANCEL_REASONS,
    OrderView,
    open_orders_page,
    order_detail,
    order_history_page,
    order_ids,
)

ORDER = OrderView(
    order_id=1_354_000_000_000_000_101,
    client_oid="c1",
    symbol="BTCUSDT",
    margin_coin="USDT",
    status="filled",
    side=SELL,
    hold_side=0,
    reduce_only=True,
    order_type="market",
    time_in_force="ioc",
    price_e12=0,
    size_e8=2_000_000_000,
    filled_size_e8=2_000_000_000,
    filled_value_e20=2_000_000_000 * 60_000_100_000_000_000,
    average_price_e12=60_000_123_456_789_012,
    fee_e8=72_012_345,
    profit_e8=-150_000_000,
    margin_mode="crossed",
    leverage=20,
    source="reverse",
    cancel_reason=None,
    created_at_ms=1_790_208_000_123,
    updated_at_ms=1_790_208_000_124,
)
FILL = FillView(
    trade_id=11,
    order_id=7,
    symbol="BTCUSDT",
    margin_coin="USDT",
    side=SELL,
    hold_side=LONG,
    reduce_only=True,
    is_taker=True,
    price_e12=60_000_100_000_000_000,
    size_e8=10_000,
    fee_e8=361,
    profit_e8=5,
    created_at_ms=9,
)


def sent(answer: object) -> Any:
    """Give an answer as a client decodes it, keys in order."""
    return json.loads(msgspec.json.encode(answer))


def test_an_order_in_detail() -> None:
    """Every field of order/detail: numbers as text, fee negative, `state` and no `status`."""
    assert {
        "symbol": "BTCUSDT",
        "size": "20",
        "orderId": "1354000000000000101",
        "clientOid": "c1",
        "baseVolume": "20",
        "quoteVolume": "1200002",
        "priceAvg": "60000.123456789012",
        "price": "",
        "fee": "-0.72012345",
        "state": "filled",
        "side": "sell",
        "force": "ioc",
        "totalProfits": "-1.5",
        "posSide": "net",
        "marginCoin": "USDT",
        "orderType": "market",
        "leverage": "20",
        "marginMode": "crossed",
        "reduceOnly": "YES",
        "enterPointSource": "API",
        "tradeSide": "sell_single",
        "posMode": "one_way_mode",
        "orderSource": "reverse",
        "cancelReason": "",
        "cTime": "1790208000123",
        "uTime": "1790208000124",
        "presetStopSurplusPrice": "",
        "presetStopSurplusType": "",
        "presetStopSurplusExecutePrice": "",
        "presetStopLossPrice": "",
        "presetStopLossType": "",
        "presetStopLossExecutePrice": "",
        "newTradeSide": None,
    } == sent(order_detail(ORDER))
    keys = list(sent(order_detail(ORDER)))
    assert ["fee", "state", "side"] == keys[8:11]


def test_an_order_in_lists() -> None:
    """Lists have status instead of state, history two fields more; nothing that ccxt stumbles over."""
    pending = sent(open_orders_page([ORDER]))["entrustedList"][0]
    history = sent(order_history_page([ORDER]))["entrustedList"][0]
    for row in (pending, history):
        assert "filled" == row["status"]
        assert not {"state", "newTradeSide", "feeDetail", "errorMsg"} & set(row)
    assert {"posAvg", "liqPrice"} == set(history) - set(pending)


def test_an_unfilled_limit_order() -> None:
    """Without fills priceAvg is empty and fee is "0"; a limit order shows its price."""
    view = msgspec.structs.replace(
        ORDER,
        status="live",
        order_type="limit",
        price_e12=150_000_000_000,
        filled_size_e8=0,
        filled_value_e20=0,
        average_price_e12=0,
        fee_e8=0,
        profit_e8=0,
        reduce_only=False,
    )
    row = sent(order_detail(view))
    assert ("live", "0.15", "", "0", "0", "0", "NO") == tuple(
        row[name]
        for name in ("state", "price", "priceAvg", "fee", "baseVolume", "totalProfits", "reduceOnly")
    )


@pytest.mark.parametrize(
    ("side", "hold_side", "reduce_only", "expected"),
    [
        (BUY, LONG, False, ("buy", "open", "long", "hedge_mode")),
        (SELL, LONG, True, ("buy", "close", "long", "hedge_mode")),
        (SELL, SHORT, False, ("sell", "open", "short", "hedge_mode")),
        (BUY, SHORT, True, ("sell", "close", "short", "hedge_mode")),
        (BUY, 0, False, ("buy", "buy_single", "net", "one_way_mode")),
        (BUY, 0, True, ("buy", "buy_single", "net", "one_way_mode")),
        (SELL, 0, False, ("sell", "sell_single", "net", "one_way_mode")),
    ],
)
def test_sides(side: int, hold_side: int, reduce_only: bool, expected: tuple[str, ...]) -> None:
    """In hedge mode side is the position's direction, in one-way mode the trade's (rest-private.md 2)."""
    row = sent(
        order_detail(msgspec.structs.replace(ORDER, side=side, hold_side=hold_side, reduce_only=reduce_only))
    )
    assert expected == (row["side"], row["tradeSide"], row["posSide"], row["posMode"])


@pytest.mark.parametrize("reason", list(CancelReason))
def test_every_cancel_reason_has_a_word(reason: CancelReason) -> None:
    """Each reason for an order's end is one of Bitget's words; cancelled has one l on the wire."""
    row = sent(order_detail(msgspec.structs.replace(ORDER, status="cancelled", cancel_reason=reason)))
    assert ("canceled", CANCEL_REASONS[reason]) == (row["state"], row["cancelReason"])
    assert row["cancelReason"].endswith(("_cancel", "_small", "_limit_order"))


def test_a_fill() -> None:
    """Every field of a fill in the documented order; feeDetail is a list of one, negative, with a null."""
    expected = (
        '{"tradeId":"11","symbol":"BTCUSDT","orderId":"7","price":"60000.1","baseVolume":"0.0001",'
        '"quoteVolume":"6.00001","feeDetail":[{"deduction":"no","feeCoin":"USDT","totalDeductionFee":null,'
        '"totalFee":"-0.00000361"}],"side":"buy","profit":"0.00000005","enterPointSource":"API",'
        '"tradeSide":"close","posMode":"hedge_mode","tradeScope":"taker","cTime":"9"}'
    )
    answer = msgspec.json.encode(fills_page([FILL]))
    assert f'{{"fillList":[{expected}],"endId":"11"}}' == answer.decode()


def test_pages_end_with_the_last_rows_id() -> None:
    """A page ends with the id of its oldest row, null when there is none."""
    older = msgspec.structs.replace(ORDER, order_id=5)
    assert "5" == sent(open_orders_page([ORDER, older]))["endId"]
    assert {"entrustedList": [], "endId": None} == sent(order_history_page([]))
    assert {"fillList": [], "endId": None} == sent(fills_page([]))


def test_the_answer_to_a_command() -> None:
    """Both ids are text."""
    assert b'{"orderId":"1354000000000000101","clientOid":"c"}' == msgspec.json.encode(
        order_ids(1_354_000_000_000_000_101, "c")
    )
