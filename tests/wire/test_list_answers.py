import json
from typing import Any

import msgspec
import pytest

from backhand.commands import LONG, CancelTrigger, PlaceTrigger
from backhand.events import Rejected, RejectReason
from backhand.wire import codes
from backhand.wire.batches import Entry
from backhand.wire.codes import Refusal, refusal_of
from backhand.wire.requests.copy_trading import parse_trader_change, parse_trader_question
from backhand.wire.responses.lists import (
    all_done,
    cancelled_orders,
    cancelled_protections,
    cancelled_triggers,
    placed_orders,
    protections,
)
from backhand.wire.responses.orders import order_ids
from tests.wire.calls import post, raw_call

ASKED = CancelTrigger("7", "BTCUSDT", 5)
GONE = refusal_of(Rejected(RejectReason.UNKNOWN_TRIGGER))
DONE = order_ids(8, "9")
ROW = {"orderId": "8", "clientOid": "9"}


def printed(answer: object) -> Any:
    return json.loads(msgspec.json.encode(answer))


def protection(gains: bool) -> PlaceTrigger:
    return PlaceTrigger("7", "BTCUSDT", "take_profit" if gains else "stop_loss", LONG)


def test_placed_orders() -> None:
    """Both lists together have every order; a failure repeats the client's own id and has no order id."""
    entries = [Entry(ASKED), Entry(codes.SIDE_MISMATCH, client_oid="b")]
    assert {
        "successList": [ROW],
        "failureList": [
            {"orderId": "", "clientOid": "b", "errorMsg": "side mismatch", "errorCode": "400172"}
        ],
        "result": False,
    } == printed(placed_orders(entries, [DONE, codes.SIDE_MISMATCH]))
    assert {"successList": [ROW], "failureList": [], "result": True} == printed(
        placed_orders(entries[:1], [DONE])
    )


def test_a_batch_of_failures_is_an_answer() -> None:
    """Even when no order of a batch was taken, the request itself succeeded."""
    answer = printed(placed_orders([Entry(ASKED)], [codes.SIDE_MISMATCH]))
    assert (0, 1, False) == (len(answer["successList"]), len(answer["failureList"]), answer["result"])


def test_cancelled_orders() -> None:
    """What could be cancelled is told beside what could not."""
    entries = [Entry(ASKED, "5", "c"), Entry(ASKED, "8")]
    assert {
        "successList": [ROW],
        "failureList": [
            {"orderId": "5", "clientOid": "c", "errorMsg": "Plan order does not exist", "errorCode": "43025"}
        ],
    } == printed(cancelled_orders(entries, [GONE, DONE]))


def test_nothing_cancelled_is_a_refusal() -> None:
    """A list of which nothing could be cancelled is refused with the first reason."""
    entries = [Entry(ASKED, "5"), Entry(ASKED, "6")]
    assert GONE == cancelled_orders(entries, [GONE, codes.ORDER_ID_INVALID])


@pytest.mark.parametrize(
    ("answer", "code"), [(cancelled_triggers, "43025"), (cancelled_protections, "43020")]
)
def test_waiting_orders_that_are_gone_are_rows(answer: Any, code: str) -> None:
    """Waiting orders that are not there are answered, TP/SL in their words; other faults refuse."""
    entries = [Entry(ASKED, "5"), Entry(ASKED, "6")]
    data = printed(answer(entries, [GONE, GONE]))
    assert ([], [code, code]) == (data["successList"], [row["errorCode"] for row in data["failureList"]])
    assert codes.ORDER_ID_INVALID == answer(entries, [GONE, codes.ORDER_ID_INVALID])


@pytest.mark.parametrize(
    ("gains", "outcomes", "rows"),
    [
        ([True], [order_ids(1, "2")], [("1", "2", "")]),
        ([False], [order_ids(3, "l")], [("3", "", "l")]),
        ([True, False], [order_ids(1, "2"), order_ids(3, "l")], [("1", "2", "l"), ("3", "2", "l")]),
    ],
)
def test_protections(gains: list[bool], outcomes: list[object], rows: list[tuple[str, str, str]]) -> None:
    """An array with a row per order, each with the client order ids of both."""
    names = ("orderId", "stopSurplusClientOid", "stopLossClientOid")
    entries = [Entry(protection(one)) for one in gains]
    assert [dict(zip(names, row, strict=True)) for row in rows] == printed(protections(entries, outcomes))


@pytest.mark.parametrize("answer", [protections, all_done])
def test_a_change_that_was_made_in_part_says_so(answer: Any) -> None:
    """The refusal of one of several changes tells how many were made; of none made it is the plain one."""
    entries = [Entry(protection(gains=True)), Entry(protection(gains=False))]
    partly = answer(entries, [DONE, GONE])
    assert Refusal("43025", 400, "Plan order does not exist (1 of 2 done)") == partly
    assert GONE == answer(entries, [GONE, GONE])


def test_all_done() -> None:
    """Changes without anything to tell are answered with a word."""
    assert "success" == all_done([Entry(ASKED)], [DONE])


@pytest.mark.parametrize("parse", [parse_trader_change, parse_trader_question])
def test_copy_trading_is_for_traders_and_not_here(parse: Any) -> None:
    """Who is not a trader is told so, a trader that there is no copy trading."""
    call = post(productType="USDT-FUTURES", trackingNo="1")
    assert codes.NOT_A_TRADER == parse(call)
    assert codes.NO_COPY_TRADING == parse(msgspec.structs.replace(call, copy_trader=True))


def test_a_trader_must_send_json() -> None:
    """A body that is no JSON object is 40409 first."""
    assert codes.WRONG_FORMAT == parse_trader_change(raw_call(b"x"))
