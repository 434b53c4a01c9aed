from typing import Any

import msgspec
import pytest

from backhand.commands import CancelTrigger, CancelTriggers, ModifyTrigger, Preset
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.requests.trigger_changes import (
    parse_cancel_plan,
    parse_modify_plan,
    parse_modify_protection,
)
from backhand.wire.responses.lists import cancelled_protections, cancelled_triggers
from tests.wire.calls import post, raw_call

NAMES = {"symbol": "btcusdt", "productType": "usdt-futures"}
PLAN = NAMES | {"orderId": "5"}
PROTECTION = PLAN | {"marginCoin": "usdt", "triggerPrice": "59000"}


def changed(**fields: Any) -> ModifyTrigger:
    """Give the command for plan order 5, with these differences."""
    return msgspec.structs.replace(ModifyTrigger("7", "BTCUSDT", protecting=False, order_id=5), **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"newSize": "0.5"}, changed(size_lots=5_000)),
        ({"newPrice": 60000}, changed(limit_price_ticks=600_000)),
        ({"newTriggerPrice": "60000"}, changed(trigger_price_ticks=600_000)),
        (
            {"newTriggerPrice": "60000", "newTriggerType": "fill_price"},
            changed(trigger_price_ticks=600_000, trigger_by="last"),
        ),
        ({"newCallbackRatio": "3"}, changed(callback_rate_e8=3_000_000)),
        (
            {"newSize": "0.5", "orderId": ..., "clientOid": "c"},
            changed(order_id=None, client_oid="c", size_lots=5_000),
        ),
        # ccxt misspells the take-profit.
        (
            {
                "newSurplusTriggerPrice": "61000",
                "newStopSurplusExecutePrice": "61001",
                "newStopSurplusTriggerType": "mark_price",
                "newStopLossTriggerPrice": "59000",
            },
            changed(presets_sent=True, take_profit=Preset(610_000, 610_010), stop_loss=Preset(590_000)),
        ),
        (
            {"newStopSurplusTriggerPrice": "0", "newStopLossTriggerPrice": "59000"},
            changed(presets_sent=True, stop_loss=Preset(590_000)),
        ),
        ({"newStopSurplusTriggerPrice": "0", "newStopLossTriggerPrice": "0"}, changed(presets_sent=True)),
        (
            {"newStopLossTriggerPrice": "59000", "newStopLossTriggerType": "fill_price"},
            changed(
                presets_sent=True,
                stop_loss=Preset(590_000, trigger_by="last"),
                kept_preset="take_profit",
            ),
        ),
        ({"newStopSurplusTriggerPrice": "0"}, changed(presets_sent=True, kept_preset="stop_loss")),
        ({}, codes.PARAMETERS),
        ({"newSize": "1", "newTriggerType": "fill_price"}, codes.PARAMETERS),
        ({"newTriggerPrice": "60000", "newTriggerType": "index_price"}, codes.PARAMETERS),
        ({"newSize": "0"}, codes.bad_number("delegate count 0 > 0")),
        ({"newPrice": "x"}, codes.malformed("price")),
        ({"newTriggerPrice": "x"}, codes.malformed("newTriggerPrice")),
        ({"newTriggerPrice": "60000.05"}, codes.off_price_step("0.1")),
        ({"newCallbackRatio": "x"}, codes.malformed("newCallbackRatio")),
        ({"newSize": "1", "newStopLossExecutePrice": "1"}, codes.PARAMETERS),
        ({"orderId": ...}, codes.ORDER_ID_MISSING),
        ({"orderId": "x"}, codes.ORDER_ID_INVALID),
        ({"symbol": ...}, codes.PARAMETERS),
        ({"productType": ...}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
    ],
)
def test_modify_plan(fields: dict[str, Any], expected: object) -> None:
    """What is not sent stays; presets change together."""
    assert expected == parse_modify_plan(post(**(PLAN | fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, changed(protecting=True, trigger_price_ticks=590_000, limit_price_ticks=0)),
        (
            {"size": "", "executePrice": "0"},
            changed(protecting=True, trigger_price_ticks=590_000, limit_price_ticks=0),
        ),
        (
            {"size": 0.5, "executePrice": "58000", "triggerType": "fill_price", "rangeRate": "1"},
            changed(
                protecting=True,
                trigger_price_ticks=590_000,
                trigger_by="last",
                size_lots=5_000,
                limit_price_ticks=580_000,
                callback_rate_e8=1_000_000,
            ),
        ),
        *[({name: ...}, codes.PARAMETERS) for name in PROTECTION if name != "orderId"],
        ({"orderId": ...}, codes.ORDER_ID_MISSING),
        ({"triggerPrice": "x"}, codes.malformed("triggerPrice")),
        ({"triggerType": "x"}, codes.PARAMETERS),
        ({"executePrice": "x"}, codes.malformed("executePrice")),
        ({"size": "0"}, codes.bad_number("delegate count 0 > 0")),
        ({"rangeRate": "x"}, codes.malformed("rangeRate")),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
    ],
)
def test_modify_protection(fields: dict[str, Any], expected: object) -> None:
    """A protecting order gets its terms anew: without an execute price it executes at market."""
    assert expected == parse_modify_protection(post(**(PROTECTION | fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, CancelTriggers("7", "USDT-FUTURES", ("entry",), "BTCUSDT")),
        ({"symbol": ...}, CancelTriggers("7", "USDT-FUTURES", ("entry",))),
        ({"planType": "track_plan"}, CancelTriggers("7", "USDT-FUTURES", ("trailing_entry",), "BTCUSDT")),
        ({"planType": "Pos_Loss"}, CancelTriggers("7", "USDT-FUTURES", ("position_stop_loss",), "BTCUSDT")),
        (
            {"planType": "profit_loss"},
            CancelTriggers(
                "7",
                "USDT-FUTURES",
                (
                    "take_profit",
                    "stop_loss",
                    "trailing_stop",
                    "position_take_profit",
                    "position_stop_loss",
                ),
                "BTCUSDT",
            ),
        ),
        ({"planType": "x"}, codes.PLAN_TYPE_ILLEGAL),
        ({"productType": ...}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"orderIdList": []}, codes.PARAMETERS),
        ({"orderIdList": [{}] * 51}, codes.TOO_MANY_CANCELLED),
        ({"symbol": ..., "orderIdList": [{"orderId": "1"}]}, codes.PARAMETERS),
    ],
)
def test_cancel_plan_without_names(fields: dict[str, Any], expected: object) -> None:
    """Without a list all orders of a plan type are meant, plain trigger orders when none was sent."""
    assert expected == parse_cancel_plan(post(**(NAMES | fields)))


@pytest.mark.parametrize(
    ("plan_type", "answer"),
    [("", cancelled_triggers), ("track_plan", cancelled_triggers), ("pos_loss", cancelled_protections)],
)
def test_cancel_plan_by_name(plan_type: str, answer: object) -> None:
    """Each entry names one order; an unknown TP/SL order has a code of its own."""
    names = [{"orderId": "5"}, {"clientOid": "c"}, {}]
    parsed = parse_cancel_plan(post(**NAMES, planType=plan_type, orderIdList=names))
    assert isinstance(parsed, Batch)
    assert (
        Entry(CancelTrigger("7", "BTCUSDT", 5), "5", ""),
        Entry(CancelTrigger("7", "BTCUSDT", None, "c"), "", "c"),
        Entry(codes.ORDER_ID_MISSING, "", ""),
    ) == parsed.entries
    assert answer is parsed.answer


@pytest.mark.parametrize("parse", [parse_modify_plan, parse_modify_protection, parse_cancel_plan])
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b"[]"))
