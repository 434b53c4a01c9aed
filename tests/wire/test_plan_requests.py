from typing import Any

import msgspec
import pytest

from backhand.commands import BUY, SELL, PlaceTrigger, Preset
from backhand.wire import codes
from backhand.wire.requests.plans import parse_place_plan
from tests.wire.calls import post, raw_call

GOOD = {
    "planType": "normal_plan",
    "symbol": "btcusdt",
    "productType": "usdt-futures",
    "marginMode": "crossed",
    "marginCoin": "usdt",
    "size": "0.5",
    "triggerPrice": "60000",
    "triggerType": "mark_price",
    "side": "buy",
    "orderType": "market",
}
TRAILING = {"planType": "track_plan", "callbackRatio": "1.5"}
LIMIT = {"orderType": "limit", "price": "60001"}


def plan(**fields: Any) -> PlaceTrigger:
    """Give the command of GOOD, with these differences."""
    made = PlaceTrigger("7", "BTCUSDT", "entry", BUY, "mark", 600_000, size_lots=5_000, margin_mode="crossed")
    return msgspec.structs.replace(made, **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, plan()),
        ({"triggerPrice": 60000, "size": 0.5, "planType": "Normal_Plan"}, plan()),
        ({"triggerType": "Fill_Price"}, plan(trigger_by="last")),
        ({"side": "Sell", "tradeSide": "Open"}, plan(side=SELL, effect="open")),
        ({"tradeSide": "x"}, plan(effect="invalid")),
        ({"reduceOnly": "YES", "marginMode": "isolated"}, plan(reduce_only=True, margin_mode="isolated")),
        ({"stpMode": "cancel_both", "clientOid": "c"}, plan(stp_mode="cancel_both", client_oid="c")),
        (LIMIT, plan(limit_price_ticks=600_010)),
        (LIMIT | {"executePrice": "7"}, plan(limit_price_ticks=600_010)),
        (LIMIT | {"price": ..., "executePrice": "60002"}, plan(limit_price_ticks=600_020)),
        ({"executePrice": "60002", "price": "x"}, plan()),
        ({"callbackRatio": "5"}, plan()),
        (TRAILING, plan(kind="trailing_entry", callback_rate_e8=1_500_000)),
        (TRAILING | {"callbackRatio": 10}, plan(kind="trailing_entry", callback_rate_e8=10_000_000)),
        (
            {"stopSurplusTriggerPrice": "61000", "stopSurplusTriggerType": "mark_price"},
            plan(take_profit=Preset(610_000)),
        ),
        (
            {
                "stopLossTriggerPrice": "59000",
                "stopLossExecutePrice": "58000",
                "stopSurplusTriggerPrice": "0",
                "stopSurplusTriggerType": "fill_price",
            },
            plan(stop_loss=Preset(590_000, 580_000)),
        ),
        (
            {"stopSurplusTriggerPrice": "61000", "stopSurplusTriggerType": "fill_price"},
            plan(take_profit=Preset(610_000, trigger_by="last")),
        ),
    ],
)
def test_what_was_sent_becomes_a_command(fields: dict[str, Any], expected: PlaceTrigger) -> None:
    """Every accepted spelling of a plan order becomes the command that it means."""
    assert expected == parse_place_plan(post(**(GOOD | fields)))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        *[({name: ...}, codes.PARAMETERS) for name in GOOD if name != "planType"],
        ({"planType": ...}, codes.PLAN_TYPE_ILLEGAL),
        ({"planType": "pos_profit"}, codes.PLAN_TYPE_ILLEGAL),
        ({"productType": "x"}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"productType": "coin-futures"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"marginMode": "cross"}, codes.PARAMETERS),
        ({"side": "long"}, codes.SIDE_MISMATCH),
        ({"orderType": "stop"}, codes.ORDER_TYPE_ILLEGAL),
        (TRAILING | LIMIT, codes.ORDER_TYPE_ILLEGAL),
        ({"triggerType": "index_price"}, codes.PARAMETERS),
        ({"reduceOnly": "maybe"}, codes.PARAMETERS),
        ({"stpMode": "all"}, codes.PARAMETERS),
        ({"size": "0"}, codes.bad_number("delegate count 0 > 0")),
        ({"triggerPrice": "0"}, codes.malformed("triggerPrice")),
        ({"triggerPrice": "x"}, codes.malformed("triggerPrice")),
        ({"triggerPrice": "60000.05"}, codes.off_price_step("0.1")),
        ({"orderType": "limit"}, codes.PARAMETERS),
        (LIMIT | {"price": "x"}, codes.malformed("price")),
        (LIMIT | {"price": "60000.05"}, codes.off_price_step("0.1")),
        (TRAILING | {"callbackRatio": ...}, codes.PARAMETERS),
        (TRAILING | {"callbackRatio": "x"}, codes.malformed("callbackRatio")),
        (TRAILING | {"callbackRatio": "0.0000001"}, codes.malformed("callbackRatio")),
        ({"clientOid": "x" * 65}, codes.CLIENT_OID_INVALID),
        ({"stopLossTriggerPrice": "x"}, codes.malformed("stopLossTriggerPrice")),
        ({"stopLossExecutePrice": "1"}, codes.PARAMETERS),
        (
            {"stopLossTriggerPrice": "59000", "stopLossExecutePrice": "x"},
            codes.malformed("stopLossExecutePrice"),
        ),
        ({"stopLossTriggerPrice": "59000", "stopLossTriggerType": "x"}, codes.PARAMETERS),
        (
            TRAILING | {"stopLossTriggerPrice": "5"},
            codes.not_supported("take-profit or stop-loss of a track_plan"),
        ),
    ],
)
def test_bad_requests_are_refused(fields: dict[str, Any], refusal: codes.Refusal) -> None:
    """Each way of being wrong has its code; what the venue has no rule for is refused by its name."""
    assert refusal == parse_place_plan(post(**(GOOD | fields)))


def test_what_is_no_object_is_refused() -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse_place_plan(raw_call(b"[]"))
