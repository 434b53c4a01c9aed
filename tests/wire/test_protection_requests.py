from typing import Any

import msgspec
import pytest

from backhand.commands import LONG, SHORT, PlaceTrigger
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.requests.protections import parse_place_protection, parse_place_protections
from tests.wire.calls import post, raw_call

NAMES = {"symbol": "btcusdt", "productType": "usdt-futures", "marginCoin": "usdt", "holdSide": "long"}
GOOD = NAMES | {"planType": "pos_loss", "triggerPrice": "59000"}
SIZED = {"planType": "loss_plan", "size": "0.5"}
MOVING = {"planType": "moving_plan", "size": "0.5", "rangeRate": "2"}
BOTH = NAMES | {"stopSurplusTriggerPrice": "61000", "stopLossTriggerPrice": "59000"}


def protection(**fields: Any) -> PlaceTrigger:
    """Give the command of GOOD, with these differences."""
    made = PlaceTrigger("7", "BTCUSDT", "position_stop_loss", LONG, "mark", 590_000)
    return msgspec.structs.replace(made, **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, protection()),
        ({"size": "0.5", "triggerType": "mark_price"}, protection()),
        ({"size": "x"}, protection()),
        (
            {"planType": "POS_PROFIT", "holdSide": "Short"},
            protection(kind="position_take_profit", side=SHORT),
        ),
        ({"holdSide": "buy"}, protection()),
        ({"holdSide": "sell"}, protection(side=SHORT)),
        ({"triggerType": "fill_price"}, protection(trigger_by="last")),
        ({"triggerPrice": 59000, "executePrice": "0"}, protection()),
        ({"executePrice": "58999.9"}, protection(limit_price_ticks=589_999)),
        (SIZED, protection(kind="stop_loss", size_lots=5_000)),
        (
            SIZED | {"planType": "profit_plan", "clientOid": "c", "stpMode": "cancel_maker"},
            protection(kind="take_profit", size_lots=5_000, client_oid="c", stp_mode="cancel_maker"),
        ),
        (MOVING, protection(kind="trailing_stop", size_lots=5_000, callback_rate_e8=2_000_000)),
        (
            MOVING | {"executePrice": "0", "rangeRate": 0.5},
            protection(kind="trailing_stop", size_lots=5_000, callback_rate_e8=500_000),
        ),
        ({"rangeRate": "2"}, protection()),
    ],
)
def test_place_protection(fields: dict[str, Any], expected: PlaceTrigger) -> None:
    """Every kind of TP/SL becomes its command; whole-position kinds have no size, whatever ccxt sends."""
    assert expected == parse_place_protection(post(**(GOOD | fields)))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        *[({name: ...}, codes.PARAMETERS) for name in GOOD if name != "planType"],
        ({"planType": ...}, codes.PLAN_TYPE_ILLEGAL),
        ({"planType": "normal_plan"}, codes.PLAN_TYPE_ILLEGAL),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"productType": "coin-futures"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"holdSide": "up"}, codes.PARAMETERS),
        ({"stpMode": "x"}, codes.PARAMETERS),
        ({"triggerType": "index_price"}, codes.PARAMETERS),
        (SIZED | {"size": ...}, codes.PARAMETERS),
        (SIZED | {"size": "0"}, codes.bad_number("delegate count 0 > 0")),
        ({"triggerPrice": "0"}, codes.malformed("triggerPrice")),
        ({"triggerPrice": "59000.05"}, codes.off_price_step("0.1")),
        ({"executePrice": "-1"}, codes.malformed("executePrice")),
        (MOVING | {"executePrice": "59000"}, codes.malformed("executePrice")),
        (MOVING | {"rangeRate": ...}, codes.PARAMETERS),
        (MOVING | {"rangeRate": "x"}, codes.malformed("rangeRate")),
        ({"clientOid": "x" * 65}, codes.CLIENT_OID_INVALID),
    ],
)
def test_bad_protections_are_refused(fields: dict[str, Any], refusal: codes.Refusal) -> None:
    """Each way of being wrong has its code."""
    assert refusal == parse_place_protection(post(**(GOOD | fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [protection(kind="position_take_profit", trigger_price_ticks=610_000), protection()]),
        (
            {"stopLossTriggerPrice": ""},
            [protection(kind="position_take_profit", trigger_price_ticks=610_000)],
        ),
        ({"stopSurplusTriggerPrice": "0"}, [protection()]),
        (
            {
                "holdSide": "sell",
                "stpMode": "cancel_taker",
                "stopSurplusSize": "0.5",
                "stopSurplusTriggerType": "fill_price",
                "stopSurplusClientOid": "g",
                "stopLossSize": "0.1",
                "stopLossExecutePrice": "59001",
                "stopLossClientOid": "l",
            },
            [
                protection(
                    kind="take_profit",
                    side=SHORT,
                    trigger_by="last",
                    trigger_price_ticks=610_000,
                    size_lots=5_000,
                    client_oid="g",
                    stp_mode="cancel_taker",
                ),
                protection(
                    kind="stop_loss",
                    side=SHORT,
                    size_lots=1_000,
                    limit_price_ticks=590_010,
                    client_oid="l",
                    stp_mode="cancel_taker",
                ),
            ],
        ),
    ],
)
def test_place_protections(fields: dict[str, Any], expected: list[PlaceTrigger]) -> None:
    """One request places one or both; a size makes it an order of that size."""
    parsed = parse_place_protections(post(**(BOTH | fields)))
    assert isinstance(parsed, Batch)
    assert (
        tuple(Entry(command, client_oid=command.client_oid or "") for command in expected) == parsed.entries
    )


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        *[({name: ...}, codes.PARAMETERS) for name in NAMES],
        ({"stopSurplusTriggerPrice": "", "stopLossTriggerPrice": "0"}, codes.NO_PROTECTION),
        ({"holdSide": "up"}, codes.PARAMETERS),
        ({"stpMode": "x"}, codes.PARAMETERS),
        ({"stopSurplusTriggerPrice": "x"}, codes.malformed("stopSurplusTriggerPrice")),
        ({"stopLossTriggerPrice": "59000.05"}, codes.off_price_step("0.1")),
        ({"stopLossExecutePrice": "x"}, codes.malformed("stopLossExecutePrice")),
        ({"stopLossTriggerType": "x"}, codes.PARAMETERS),
        ({"stopLossSize": "0"}, codes.bad_number("delegate count 0 > 0")),
        ({"stopLossClientOid": "x" * 65}, codes.CLIENT_OID_INVALID),
        ({"symbol": "X"}, codes.not_existing("X")),
    ],
)
def test_bad_pairs_are_refused(fields: dict[str, Any], refusal: codes.Refusal) -> None:
    """What is wrong with one of both refuses the request: nothing is placed."""
    assert refusal == parse_place_protections(post(**(BOTH | fields)))


@pytest.mark.parametrize("parse", [parse_place_protection, parse_place_protections])
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b"[]"))
