from typing import Any

import msgspec
import pytest

from backhand.wire import codes
from backhand.wire.requests.plan_reads import (
    PLAN_GROUPS,
    PlacedByPlanQuery,
    PlansQuery,
    parse_past_plans,
    parse_placed_by_plan,
    parse_plans,
)
from backhand.wire.requests.queries import Page
from backhand.wire.responses.plans import PlanView, past_plans_page, placed_rows, plans_page
from backhand.wire.responses.presets import PresetView
from tests.wire.calls import get

PRODUCT = {"productType": "usdt-futures"}
NORMAL = {**PRODUCT, "planType": "normal_plan"}
ENDED = ("executed", "failed", "cancelled")
TPSL = PLAN_GROUPS["profit_loss"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PlansQuery("USDT-FUTURES", None, None, None, ("entry",), (), Page())),
        (
            {"planType": "Profit_Loss", "symbol": "btcusdt", "orderId": "5", "clientOid": "c", "limit": "7"},
            PlansQuery("USDT-FUTURES", "BTCUSDT", 5, "c", TPSL, (), Page(7)),
        ),
        (
            {"planType": "track_plan"},
            PlansQuery("USDT-FUTURES", None, None, None, ("trailing_entry",), (), Page()),
        ),
        ({"planType": ""}, codes.PARAMETERS),
        ({"productType": ""}, codes.PARAMETERS),
        ({"planType": "pos_loss"}, codes.PLAN_TYPE_ILLEGAL),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"orderId": "x"}, codes.ORDER_ID_INVALID),
        ({"startTime": "2", "endTime": "1"}, codes.WINDOW_BACKWARDS),
    ],
)
def test_lists_of_waiting_orders(fields: dict[str, str], expected: object) -> None:
    """The same questions may be asked about what waits and about what has ended."""
    call = get(**{**NORMAL, **fields})
    assert expected == parse_plans(call)
    if isinstance(expected, PlansQuery):
        expected = msgspec.structs.replace(expected, statuses=ENDED)
    assert expected == parse_past_plans(call)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("executed", ("executed",)),
        ("Fail_Execute", ("failed",)),
        ("cancelled", ("cancelled",)),
        ("live", codes.PARAMETERS),
    ],
)
def test_the_status_of_what_has_ended(text: str, expected: object) -> None:
    """A status narrows the history; what still waits is not in it."""
    query = parse_past_plans(get(**NORMAL, planStatus=text))
    assert expected == (query.statuses if isinstance(query, PlansQuery) else query)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PlacedByPlanQuery("USDT-FUTURES", 5, ("entry",))),
        ({"planOrderId": ""}, codes.PARAMETERS),
        ({"planOrderId": "x"}, codes.ORDER_ID_INVALID),
        ({"planType": "profit_loss"}, codes.PLAN_TYPE_ILLEGAL),
        ({"productType": "NOPE"}, codes.PARAMETERS),
    ],
)
def test_what_one_placed(fields: dict[str, str], expected: object) -> None:
    """It is asked for by the waiting order's id, of the two plan types that the exchange has for it."""
    assert expected == parse_placed_by_plan(get(**{**NORMAL, "planOrderId": "5", **fields}))


VIEW = PlanView(
    order_id=10**18,
    client_oid="c",
    symbol="BTCUSDT",
    margin_coin="USDT",
    kind="position_take_profit",
    side=-1,
    hold_side=1,
    reduce_only=True,
    size_e8=0,
    trigger_price_e12=61_000 * 10**12,
    trigger_by="mark",
    limit_price_e12=0,
    callback_rate_e8=0,
    margin_mode="crossed",
    take_profit=None,
    stop_loss=None,
    status="live",
    created_at_ms=6,
    updated_at_ms=7,
)
ROW = {
    "planType": "pos_profit",
    "symbol": "BTCUSDT",
    "size": "0",
    "orderId": "1000000000000000000",
    "clientOid": "c",
    "price": "",
    "executePrice": "0",
    "callbackRatio": "",
    "triggerPrice": "61000",
    "triggerType": "mark_price",
    "planStatus": "live",
    "side": "buy",
    "posSide": "long",
    "marginCoin": "USDT",
    "marginMode": "",
    "enterPointSource": "API",
    "tradeSide": "close",
    "posMode": "hedge_mode",
    "orderType": "market",
    "orderSource": "pos_profit_market",
    "stopSurplusExecutePrice": "",
    "stopSurplusTriggerPrice": "",
    "stopSurplusTriggerType": "",
    "stopLossExecutePrice": "",
    "stopLossTriggerPrice": "",
    "stopLossTriggerType": "",
    "cTime": "6",
    "uTime": "7",
}


def builtins(answer: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(answer))


def test_a_whole_position_row() -> None:
    """rest-private.md 6: size 0, no margin mode, the side of the position, as a real row was seen."""
    assert {"entrustedList": [ROW], "endId": "1000000000000000000"} == builtins(plans_page([VIEW]))


def test_an_entry_with_presets() -> None:
    """A limit price, a way back in percent, and what protects the position that comes of it."""
    view = msgspec.structs.replace(
        VIEW,
        kind="trailing_entry",
        side=1,
        hold_side=0,
        reduce_only=False,
        size_e8=150_000,
        trigger_by="last",
        limit_price_e12=60_500 * 10**12,
        callback_rate_e8=1_500_000,
        take_profit=PresetView(62_000 * 10**12, 0),
        stop_loss=PresetView(59_000 * 10**12, 58_000 * 10**12),
    )
    (row,) = builtins(plans_page([view]))["entrustedList"]
    assert {
        **ROW,
        "planType": "track_plan",
        "size": "0.0015",
        "price": "60500",
        "executePrice": "60500",
        "callbackRatio": "1.5",
        "triggerType": "fill_price",
        "posSide": "net",
        "marginMode": "crossed",
        "tradeSide": "buy_single",
        "posMode": "one_way_mode",
        "orderType": "limit",
        "orderSource": "tracking_limit",
        "stopSurplusTriggerPrice": "62000",
        "stopSurplusTriggerType": "mark_price",
        "stopLossTriggerPrice": "59000",
        "stopLossExecutePrice": "58000",
        "stopLossTriggerType": "mark_price",
    } == row


def test_a_page_of_the_past() -> None:
    """The order that was placed, and how far it was filled; a failure placed none."""
    executed = msgspec.structs.replace(
        VIEW, status="executed", placed_order_id=9, filled_size_e8=10**8, average_price_e12=5 * 10**11
    )
    failed = msgspec.structs.replace(VIEW, status="failed")
    rows = builtins(past_plans_page([executed, failed]))["entrustedList"]
    assert [
        ("executed", "9", "0.5", "1"),
        ("fail_execute", "", "", "0"),
    ] == [(row["planStatus"], row["executeOrderId"], row["priceAvg"], row["baseVolume"]) for row in rows]


@pytest.mark.parametrize(
    ("status", "placed", "expected"),
    [
        ("executed", "filled", [("9", "success")]),
        ("executed", "partially_filled", [("9", "in_progress")]),
        ("executed", "cancelled", [("9", "cancelled")]),
        ("failed", None, [("", "fail")]),
        ("live", None, []),
        ("cancelled", None, []),
    ],
)
def test_what_was_placed(status: Any, placed: Any, expected: list[tuple[str, str]]) -> None:
    """One order where one was placed, one failure where none could be, nothing before."""
    view = msgspec.structs.replace(VIEW, status=status, placed_order_id=9 if placed else 0)
    rows = builtins(placed_rows(view, placed))
    assert expected == [(row["orderId"], row["status"]) for row in rows]
    assert all(("market", "") == (row["type"], row["price"]) for row in rows)
