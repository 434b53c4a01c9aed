"""What clients are told about commands that were applied, from their events alone."""

import json
from typing import Any

import msgspec
import pytest

from backhand.commands import (
    BUY,
    LONG,
    CancelOrders,
    CancelTriggers,
    ClosePositions,
    Command,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    SetLeverage,
)
from backhand.events import (
    CancelReason,
    Event,
    LeverageSet,
    MarginMoved,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    OrderSource,
    PositionKept,
    Rejected,
    RejectReason,
    TriggerCancelled,
    TriggerChanged,
    TriggerPlaced,
)
from backhand.gateway.rendering import AnswerMissing, render, render_batch
from backhand.projections.applied import Applied
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.codes import Refusal
from backhand.wire.contracts import built_in_contracts
from backhand.wire.responses.lists import placed_orders

CONTRACTS = {contract.symbol: contract for contract in built_in_contracts()}
ORDER = PlaceOrder("7", "BTCUSDT", BUY, "market", 10)
MODIFY = ModifyOrder("7", "BTCUSDT", None, "old", "new", 1, 1)


def applied(command: Command, *events: Event) -> Applied:
    return Applied(1, 5, command, list(events))


def told(command: Command, *events: Event) -> Any:
    """The data of an answer, as JSON has it."""
    return json.loads(msgspec.json.encode(render(applied(command, *events), CONTRACTS)[0]))


def accepted(order_id: int, source: OrderSource = "market", uid: str = "7", **fields: Any) -> OrderAccepted:
    made = OrderAccepted(
        order_id, f"c{order_id}", uid, "BTCUSDT", 1, 0, False, "market", "ioc", 0, 10, "crossed", 20, source
    )
    return msgspec.structs.replace(made, **fields)


def ended(order_id: int, reason: CancelReason, uid: str = "7") -> OrderCancelled:
    return OrderCancelled(order_id, f"c{order_id}", uid, "BTCUSDT", reason, 10)


def waiting(order_id: int) -> TriggerPlaced:
    return TriggerPlaced(
        order_id, f"c{order_id}", "7", "BTCUSDT", "entry", 1, 0, False, 10, 9, "mark", 0, 0, "crossed", 20
    )


DISPLACED = ended(1, CancelReason.DISPLACED)


@pytest.mark.parametrize(
    ("events", "order_id"),
    [
        ((accepted(5),), "5"),
        ((accepted(5, reduce_only=True), DISPLACED), None),
        ((accepted(5, reduce_only=True, hold_side=1), DISPLACED), "5"),
        # A waiting order of somebody else fired in the same step and displaced one of that account's.
        ((accepted(5), accepted(7, uid="8"), ended(3, CancelReason.DISPLACED, "8")), "5"),
    ],
)
def test_an_order_that_made_room_has_no_id(events: tuple[Event, ...], order_id: str | None) -> None:
    """In one-way mode, only an order that itself displaced older ones is answered without its id."""
    assert {"orderId": order_id, "clientOid": "c5"} == told(ORDER, *events)


@pytest.mark.parametrize(
    ("command", "events", "expected"),
    [
        (
            CancelOrders("7", "USDT-FUTURES"),
            (ended(3, CancelReason.BY_CLIENT), ended(1, CancelReason.LIQUIDATION)),
            {"successList": [{"orderId": "3", "clientOid": "c3"}], "failureList": []},
        ),
        (
            CancelTriggers("7", "USDT-FUTURES", ("entry",)),
            (TriggerCancelled(3, "c3", "7", "BTCUSDT", CancelReason.BY_CLIENT),),
            {"successList": [{"orderId": "3", "clientOid": "c3"}], "failureList": []},
        ),
        (
            MODIFY,
            (ended(3, CancelReason.MODIFIED), accepted(5, "modify", client_oid="new")),
            {"orderId": "5", "clientOid": "new"},
        ),
        (
            ModifyOrder("7", "BTCUSDT", None, "old", presets_sent=True),
            (OrderPresetsChanged(3, "7", "BTCUSDT", None, None),),
            {"orderId": "3", "clientOid": "old"},
        ),
        (
            ModifyTrigger("7", "BTCUSDT", False, 3, "another's"),
            (TriggerChanged(3, "7", "BTCUSDT", 1, 1, "mark", 0, 0),),
            {"orderId": "3", "clientOid": ""},
        ),
        (
            PlaceTrigger("7", "BTCUSDT", "position_stop_loss", LONG),
            (TriggerCancelled(1, "c1", "7", "BTCUSDT", CancelReason.REPLACED), waiting(5), waiting(7)),
            {"orderId": "5", "clientOid": "c5"},
        ),
        (
            ClosePositions("7", "USDT-FUTURES"),
            (
                accepted(5, "close"),
                accepted(7, "stop_loss", uid="8"),
                PositionKept("7", "ETHUSDT", 1, RejectReason.NO_LIQUIDITY, "ETHUSDT"),
            ),
            {
                "successList": [{"orderId": "5", "clientOid": "c5", "symbol": "BTCUSDT"}],
                "failureList": [
                    {
                        "orderId": "",
                        "clientOid": "",
                        "symbol": "ETHUSDT",
                        "errorMsg": "Insufficient liquidity in the market, please operate later",
                        "errorCode": "22045",
                    }
                ],
                "result": False,
            },
        ),
        (MoveMargin("7", "BTCUSDT", LONG, 1), (MarginMoved("7", "BTCUSDT", 1, 1, 1, "client"),), ""),
    ],
)
def test_answers(command: Command, events: tuple[Event, ...], expected: object) -> None:
    """Each command's answer has what the exchange's page says, from the events that are its own."""
    assert expected == told(command, *events)


def test_a_leverage_that_drew_margin_is_answered_as_a_leverage() -> None:
    """Margin that a lower leverage needs is told before it, and is not the answer."""
    answer = told(
        SetLeverage("7", "BTCUSDT", 5),
        MarginMoved("7", "BTCUSDT", 1, 1, 1, "leverage"),
        LeverageSet("7", "BTCUSDT", "isolated", 20, 5, 5),
    )
    assert "5" == answer["longLeverage"]


@pytest.mark.parametrize(
    ("command", "event", "note"),
    [
        (ORDER, accepted(5, reduce_only=True), None),
        (
            msgspec.structs.replace(ORDER, stop_loss=Preset(1)),
            accepted(5, reduce_only=True),
            "take-profit and stop-loss ignored: the order only closes",
        ),
        (msgspec.structs.replace(ORDER, take_profit=Preset(1)), accepted(5), None),
        (MODIFY, accepted(5, "modify"), None),
        (
            msgspec.structs.replace(MODIFY, presets_sent=True),
            accepted(5, "modify"),
            "take-profit and stop-loss ignored: price and size were changed",
        ),
    ],
)
def test_what_was_ignored_is_noted(command: Command, event: Event, note: str | None) -> None:
    """A field that was sent and did not count is told in a header."""
    assert note == render(applied(command, event), CONTRACTS)[1]


def test_a_batch_is_answered_entry_by_entry() -> None:
    """Entries without a command keep their refusal; the others get what their command came to."""
    entries = (
        Entry(codes.SIDE_MISMATCH, client_oid="a"),
        Entry(ORDER, client_oid="b"),
        Entry(ORDER, client_oid="c"),
    )
    answer = render_batch(
        Batch(entries, placed_orders),
        [applied(ORDER, accepted(5)), applied(ORDER, Rejected(RejectReason.DUPLICATE_CLIENT_OID))],
        CONTRACTS,
    )
    assert not isinstance(answer, Refusal)
    data = json.loads(msgspec.json.encode(answer))
    assert [("a", "400172"), ("c", "40786")] == [
        (row["clientOid"], row["errorCode"]) for row in data["failureList"]
    ]
    assert [{"orderId": "5", "clientOid": "c5"}] == data["successList"]


def test_an_answer_that_is_missing_is_our_mistake() -> None:
    """Events that do not answer a command are never taken for an answer."""
    with pytest.raises(AnswerMissing):
        render(applied(ORDER, ended(1, CancelReason.BY_CLIENT)), CONTRACTS)
