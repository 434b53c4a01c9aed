import json
from typing import Any

import msgspec
import pytest

from backhand.commands import BUY, LONG, SELL, SHORT
from backhand.wire.channels.orders import (
    OrderTerms,
    PresetView,
    TriggerView,
    deleverage_push,
    fill_push,
    order_push,
    trigger_push,
)
from backhand.wire.responses.fills import FillView
from backhand.wire.responses.orders import OrderView

E8, E12 = 10**8, 10**12
#: The sample of websocket.md, section on orders.
ORDER = OrderView(
    order_id=1354000000000000101,
    client_oid="my-1",
    symbol="BTCUSDT",
    margin_coin="USDT",
    status="filled",
    side=SELL,
    hold_side=0,
    reduce_only=False,
    order_type="market",
    time_in_force="gtc",
    price_e12=0,
    size_e8=2_000_000,
    filled_size_e8=2_000_000,
    filled_value_e20=2_000_000 * 65_000_100_000_000_000,
    average_price_e12=65_000_100_000_000_000,
    fee_e8=78_000_120,
    profit_e8=125_000_000,
    margin_mode="crossed",
    leverage=20,
    source="normal",
    cancel_reason=None,
    created_at_ms=1790208000118,
    updated_at_ms=1790208000121,
)
FILL = FillView(
    trade_id=1354000000000000555,
    order_id=1354000000000000101,
    symbol="BTCUSDT",
    margin_coin="USDT",
    side=SELL,
    hold_side=0,
    reduce_only=False,
    is_taker=True,
    price_e12=65_000_100_000_000_000,
    size_e8=2_000_000,
    fee_e8=78_000_120,
    profit_e8=125_000_000,
    created_at_ms=1790208000120,
)
NO_TERMS = OrderTerms()


def printed(row: object) -> dict[str, Any]:
    read = json.loads(msgspec.json.encode(row))
    assert isinstance(read, dict)
    return read


def changed(view: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(view, **changes)


def test_a_filled_order_is_the_sample() -> None:
    """The documented push, field for field; presets are empty and the fee has no trailing zeros."""
    assert {
        "orderId": "1354000000000000101",
        "clientOid": "my-1",
        "instId": "BTCUSDT",
        "price": "0",
        "size": "0.02",
        "orderType": "market",
        "force": "gtc",
        "side": "sell",
        "posSide": "net",
        "tradeSide": "sell_single",
        "posMode": "one_way_mode",
        "marginMode": "crossed",
        "marginCoin": "USDT",
        "leverage": "20",
        "status": "filled",
        "accBaseVolume": "0.02",
        "baseVolume": "0.02",
        "fillPrice": "65000.1",
        "priceAvg": "65000.1",
        "tradeId": "1354000000000000555",
        "fillTime": "1790208000120",
        "fillFee": "-0.7800012",
        "fillFeeCoin": "USDT",
        "tradeScope": "T",
        "notionalUsd": "1300.002",
        "fillNotionalUsd": "1300.002",
        "feeDetail": [{"feeCoin": "USDT", "fee": "-0.7800012"}],
        "pnl": "1.25",
        "totalProfits": "1.25",
        "reduceOnly": "no",
        "enterPointSource": "API",
        "cancelReason": "",
        "stpMode": "none",
        "presetStopSurplusPrice": "",
        "presetStopSurplusType": "",
        "presetStopSurplusExecutePrice": "",
        "presetStopLossPrice": "",
        "presetStopLossType": "",
        "presetStopLossExecutePrice": "",
        "cTime": "1790208000118",
        "uTime": "1790208000121",
    } == printed(order_push(ORDER, NO_TERMS, FILL))


#: What an order is while it rests.
LIVE = {
    "status": "live",
    "order_type": "limit",
    "price_e12": 65_000 * E12,
    "filled_size_e8": 0,
    "filled_value_e20": 0,
    "average_price_e12": 0,
    "fee_e8": 0,
    "profit_e8": 0,
}


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        (LIVE, {"status": "live", "price": "65000", "notionalUsd": "1300", "fillNotionalUsd": "0",
                "priceAvg": "0", "accBaseVolume": "0", "pnl": "0"}),
        (LIVE | {"status": "cancelled", "cancel_reason": "reversal"},
         {"status": "canceled", "cancelReason": "back_contract_cancel"}),
        ({"hold_side": LONG, "reduce_only": True},
         {"side": "buy", "posSide": "long", "tradeSide": "close", "posMode": "hedge_mode",
          "reduceOnly": "yes"}),
        ({"hold_side": SHORT}, {"side": "sell", "posSide": "short", "tradeSide": "open"}),
        ({"side": BUY}, {"side": "buy", "tradeSide": "buy_single"}),
        ({"source": "liquidation"}, {"enterPointSource": "SYS", "tradeSide": "burst_sell_single"}),
        ({"source": "adl", "hold_side": LONG},
         {"enterPointSource": "SYS", "tradeSide": "dte_sys_adl_close_long"}),
    ],
)  # fmt: skip
def test_orders(changes: dict[str, Any], shown: dict[str, str]) -> None:
    """What state, mode and origin of an order are called, and that no fill is named where there was none."""
    row = printed(order_push(changed(ORDER, **changes), NO_TERMS, None))
    assert shown == {name: row[name] for name in shown}
    for absent in ("fillPrice", "tradeId", "baseVolume", "fillTime", "fillFee", "fillFeeCoin", "tradeScope"):
        assert absent not in row
    assert ("priceAvg" in row) == (row["status"] != "canceled")


def test_what_an_order_brings_along() -> None:
    """Presets are triggered by the mark price; one without a limit price executes at market."""
    terms = OrderTerms("cancel_maker", PresetView(70_000 * E12, 69_999 * E12), PresetView(60_000 * E12, 0))
    row = printed(order_push(ORDER, terms, None))
    assert ("cancel_maker", "70000", "mark_price", "69999", "60000", "mark_price", "") == tuple(
        row[name]
        for name in (
            "stpMode", "presetStopSurplusPrice", "presetStopSurplusType", "presetStopSurplusExecutePrice",
            "presetStopLossPrice", "presetStopLossType", "presetStopLossExecutePrice",
        )
    )  # fmt: skip


def test_a_maker_is_m() -> None:
    """This channel has letters for liquidity where the others have words."""
    assert "M" == printed(order_push(ORDER, NO_TERMS, changed(FILL, is_taker=False)))["tradeScope"]


def test_a_fill() -> None:
    """It names its symbol, not its instId, and its fee has one entry."""
    assert {
        "orderId": "1354000000000000101", "clientOid": "my-1", "tradeId": "1354000000000000555",
        "symbol": "BTCUSDT", "side": "sell", "orderType": "market", "posMode": "one_way_mode",
        "price": "65000.1", "baseVolume": "0.02", "quoteVolume": "1300.002", "profit": "1.25",
        "tradeSide": "sell_single", "tradeScope": "taker",
        "feeDetail": [{"feeCoin": "USDT", "deduction": "no", "totalDeductionFee": "0",
                       "totalFee": "-0.7800012"}],
        "cTime": "1790208000120", "uTime": "1790208000120",
    } == printed(fill_push(ORDER, FILL, "trade"))  # fmt: skip


@pytest.mark.parametrize(
    ("side", "hold_side", "reduce_only", "kind", "shown"),
    [
        (BUY,  LONG,  False, "trade",       ("buy", "open")),
        (BUY,  SHORT, True,  "trade",       ("buy", "close")),
        (SELL, LONG,  True,  "trade",       ("sell", "close")),
        (SELL, SHORT, False, "trade",       ("sell", "open")),
        (SELL, LONG,  True,  "liquidation", ("sell", "burst_close_long")),
        (BUY,  SHORT, True,  "adl",         ("buy", "dte_sys_adl_close_short")),
        (SELL, 0,     False, "trade",       ("sell", "sell_single")),
        (BUY,  0,     True,  "reduction",   ("buy", "reduce_buy_single")),
    ],
)  # fmt: skip
def test_sides_of_a_fill(
    side: int, hold_side: int, reduce_only: bool, kind: Any, shown: tuple[str, str]
) -> None:
    """In this channel alone the side of a hedged fill is the direction of the trade."""
    about = {"side": side, "hold_side": hold_side, "reduce_only": reduce_only}
    row = printed(fill_push(changed(ORDER, **about), changed(FILL, **about), kind))
    assert shown == (row["side"], row["tradeSide"])


TRIGGER = TriggerView(
    order_id=1354000000000000201,
    client_oid="t-1",
    symbol="BTCUSDT",
    margin_coin="USDT",
    kind="entry",
    side=BUY,
    hold_side=0,
    reduce_only=False,
    size_e8=2_000_000,
    trigger_price_e12=64_000 * E12,
    trigger_by="last",
    limit_price_e12=0,
    callback_rate_e8=0,
    margin_mode="crossed",
    terms=OrderTerms("none", None, PresetView(60_000 * E12, 0)),
    status="live",
    triggered_at_ms=0,
    created_at_ms=1790208000118,
    updated_at_ms=1790208000121,
)


def test_a_waiting_order() -> None:
    """Every documented field is there."""
    assert {
        "instId": "BTCUSDT", "orderId": "1354000000000000201", "clientOid": "t-1", "triggerPrice": "64000",
        "triggerType": "fill_price", "triggerTime": "", "planType": "pl", "price": "", "executePrice": "",
        "size": "0.02", "actualSize": "0", "orderType": "market", "side": "buy", "tradeSide": "buy_single",
        "posSide": "net", "posMode": "one_way_mode", "marginCoin": "USDT", "marginMode": "crossed",
        "status": "live", "enterPointSource": "API", "stopSurplusPrice": "", "stopSurplusTriggerPrice": "",
        "stopSurplusTriggerType": "", "stopLossPrice": "", "stopLossTriggerPrice": "60000",
        "stopLossTriggerType": "mark_price", "stpMode": "none", "cTime": "1790208000118",
        "uTime": "1790208000121",
    } == printed(trigger_push(TRIGGER))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"kind": "trailing_entry", "trigger_price_e12": 0}, {"planType": "track", "triggerPrice": ""}),
        ({"kind": "take_profit"}, {"planType": "tp"}),
        ({"kind": "stop_loss"}, {"planType": "sl"}),
        ({"kind": "trailing_stop"}, {"planType": "mtpsl"}),
        ({"kind": "position_take_profit", "size_e8": 0}, {"planType": "ptp", "size": "0"}),
        ({"kind": "position_stop_loss"}, {"planType": "psl"}),
        ({"limit_price_e12": 63_999 * E12, "trigger_by": "mark"},
         {"price": "63999", "executePrice": "63999", "orderType": "limit", "triggerType": "mark_price"}),
        ({"status": "executed", "triggered_at_ms": 5},
         {"status": "executed", "actualSize": "0.02", "triggerTime": "5"}),
        ({"status": "failed", "triggered_at_ms": 5}, {"status": "fail_execute", "actualSize": "0"}),
        ({"status": "cancelled"}, {"status": "cancelled"}),
        ({"side": SELL, "hold_side": LONG, "reduce_only": True},
         {"side": "buy", "posSide": "long", "tradeSide": "close", "posMode": "hedge_mode"}),
    ],
)  # fmt: skip
def test_waiting_orders(changes: dict[str, Any], shown: dict[str, str]) -> None:
    """Kinds and states have short names of this channel's own."""
    row = printed(trigger_push(changed(TRIGGER, **changes)))
    assert shown == {name: row[name] for name in shown}


def test_a_deleveraging() -> None:
    """It says what was done, and when."""
    assert {
        "symbol": "BTCUSDT", "side": "sell", "status": "triggered", "price": "65000.1", "amount": "0.02",
        "ts": "1790208000120",
    } == printed(deleverage_push(FILL))  # fmt: skip
