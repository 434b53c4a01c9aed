"""
From what the engine did to what the client is told: one applied command, one answer. Pure.

Answers are made from events, so they say what happened and not what was asked. A batch's answer is made of
the answers that its commands would have alone.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from backhand.commands import (
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Contract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    PlaceOrder,
    PlaceTrigger,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
)
from backhand.events import (
    AutoMarginSet,
    CancelReason,
    Event,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    PositionKept,
    PositionModeSet,
    PositionReversed,
    Rejected,
    TriggerCancelled,
    TriggerChanged,
    TriggerPlaced,
)
from backhand.projections.applied import Applied
from backhand.wire.batches import Batch
from backhand.wire.codes import Refusal, refusal_of
from backhand.wire.responses.accounts import leverage_answer, margin_mode_answer, position_mode_answer
from backhand.wire.responses.lists import (
    DONE,
    CancelledOrders,
    ClosedPositions,
    ClosingOrder,
    KeptPosition,
)
from backhand.wire.responses.orders import OrderIds, order_ids
from backhand.wire.responses.reversals import ignored_note

#: Said when presets were sent with an order that only closes.
CLOSING_PRESETS_NOTE: Final = "take-profit and stop-loss ignored: the order only closes"
#: Said when presets were sent with a new price and size (rest-private.md section 5).
CHANGED_PRESETS_NOTE: Final = "take-profit and stop-loss ignored: price and size were changed"

#: The `data` of an answer, and the note if there is one to make.
Rendered = tuple[object, str | None]
Contracts = Mapping[str, Contract]


class AnswerMissing(Exception):
    """The engine neither refused a command nor did what it is for: a mistake of ours."""


def render(applied: Applied, contracts: Contracts) -> tuple[object | Refusal, str | None]:
    """
    Give the `data` of the answer, or the refusal; and what `x-backhand-note` says, if anything.

    Raises:
        AnswerMissing: no event of the command answers it.
    """
    command = applied.command
    first = applied.events[0] if applied.events else None
    if isinstance(first, Rejected):
        return refusal_of(first, contracts.get(getattr(command, "symbol", None) or "")), None
    answer_of = _ANSWERS.get(type(command))
    rendered = None if answer_of is None else answer_of(command, applied.events, contracts)
    if rendered is None:
        raise AnswerMissing(type(command).__name__)
    return rendered


def render_batch(batch: Batch, applied: Sequence[Applied], contracts: Contracts) -> object | Refusal:
    """Give the `data` of a batch's answer, or the refusal; `applied` are its commands, in their order."""
    done = iter(applied)
    outcomes = [
        entry.asked if isinstance(entry.asked, Refusal) else render(next(done), contracts)[0]
        for entry in batch.entries
    ]
    return batch.answer(batch.entries, outcomes)


def _reversed(_command: ReversePosition, events: list[Event], _contracts: Contracts) -> Rendered | None:
    """One leg's ids (reversal.md A14); the event that tells them comes last but for triggers."""
    for event in reversed(events):
        if isinstance(event, PositionReversed):
            return order_ids(event.returned_order_id, event.client_oid), ignored_note(event.ignored)
    return None


def _placed(command: PlaceOrder, events: list[Event], _contracts: Contracts) -> Rendered | None:
    """Both ids; in one-way mode no order id when older reduce-only orders made room (rest-private.md 5)."""
    for position, event in enumerate(events):
        if isinstance(event, OrderAccepted):
            # What an order displaces ends right after its acceptance; what ends later is another's doing.
            following = events[position + 1] if position + 1 < len(events) else None
            displaced = isinstance(following, OrderCancelled) and following.reason is CancelReason.DISPLACED
            hidden = displaced and event.hold_side == 0
            presets_sent = command.take_profit is not None or command.stop_loss is not None
            note = CLOSING_PRESETS_NOTE if presets_sent and event.reduce_only else None
            return order_ids(None if hidden else event.order_id, event.client_oid), note
    return None


def _cancelled(_command: CancelOrder, events: list[Event], _contracts: Contracts) -> Rendered | None:
    for event in events:
        if isinstance(event, OrderCancelled):
            return order_ids(event.order_id, event.client_oid), None
    return None


def _all_cancelled(
    _command: CancelOrders | CancelTriggers, events: list[Event], _contracts: Contracts
) -> Rendered:
    ended = [
        order_ids(event.order_id, event.client_oid)
        for event in events
        if isinstance(event, OrderCancelled | TriggerCancelled) and event.reason is CancelReason.BY_CLIENT
    ]
    return CancelledOrders(ended, []), None


def _modified(command: ModifyOrder, events: list[Event], _contracts: Contracts) -> Rendered | None:
    """The new order's ids; those of the order as it stands when only its presets changed."""
    for event in events:
        if isinstance(event, OrderAccepted):
            note = CHANGED_PRESETS_NOTE if command.presets_sent else None
            return order_ids(event.order_id, event.client_oid), note
        if isinstance(event, OrderPresetsChanged):
            return _named(event.order_id, command), None
    return None


def _named(order_id: int, command: ModifyOrder | ModifyTrigger) -> OrderIds:
    """Ids of an order that was changed in place: its client order id where the request named it by that."""
    return order_ids(order_id, "" if command.order_id is not None else command.client_oid or "")


def _closed(_command: ClosePositions, events: list[Event], contracts: Contracts) -> Rendered:
    """The orders that closed positions, and the positions that stayed with why."""
    closing = [
        ClosingOrder(str(event.order_id), event.client_oid, event.symbol)
        for event in events
        if isinstance(event, OrderAccepted) and event.source == "close"
    ]
    kept: list[KeptPosition] = []
    for event in events:
        if isinstance(event, PositionKept):
            refusal = refusal_of(Rejected(event.reason, event.detail), contracts.get(event.symbol))
            kept.append(KeptPosition("", "", event.symbol, refusal.message, refusal.code))
    return ClosedPositions(closing, kept, not kept), None


def _trigger_placed(_command: PlaceTrigger, events: list[Event], _contracts: Contracts) -> Rendered | None:
    for event in events:
        if isinstance(event, TriggerPlaced):
            return order_ids(event.order_id, event.client_oid), None
    return None


def _trigger_changed(command: ModifyTrigger, events: list[Event], _contracts: Contracts) -> Rendered | None:
    for event in events:
        if isinstance(event, TriggerChanged):
            return _named(event.order_id, command), None
    return None


def _trigger_cancelled(
    _command: CancelTrigger, events: list[Event], _contracts: Contracts
) -> Rendered | None:
    for event in events:
        if isinstance(event, TriggerCancelled):
            return order_ids(event.order_id, event.client_oid), None
    return None


def _set(
    _command: SetLeverage | SetMarginMode | SetPositionMode, events: list[Event], contracts: Contracts
) -> Rendered | None:
    """What the setting is now."""
    for event in events:
        if isinstance(event, LeverageSet):
            return leverage_answer(event, contracts[event.symbol].margin_coin), None
        if isinstance(event, MarginModeSet):
            return margin_mode_answer(event, contracts[event.symbol].margin_coin), None
        if isinstance(event, PositionModeSet):
            return position_mode_answer(event), None
    return None


def _margin_moved(_command: MoveMargin, events: list[Event], _contracts: Contracts) -> Rendered | None:
    """An empty text, as the exchange answers (rest-private.md section 3)."""
    return ("", None) if any(isinstance(event, MarginMoved) for event in events) else None


def _auto_margin_set(_command: SetAutoMargin, events: list[Event], _contracts: Contracts) -> Rendered | None:
    return (DONE, None) if any(isinstance(event, AutoMarginSet) for event in events) else None


#: What answers each command of a client from its events; None where an answer is missing.
_ANSWERS: Final[Mapping[type, Callable[[Any, list[Event], Contracts], Rendered | None]]] = {
    ReversePosition: _reversed,
    PlaceOrder: _placed,
    CancelOrder: _cancelled,
    CancelOrders: _all_cancelled,
    ModifyOrder: _modified,
    ClosePositions: _closed,
    PlaceTrigger: _trigger_placed,
    ModifyTrigger: _trigger_changed,
    CancelTrigger: _trigger_cancelled,
    CancelTriggers: _all_cancelled,
    SetLeverage: _set,
    MoveMargin: _margin_moved,
    SetAutoMargin: _auto_margin_set,
    SetMarginMode: _set,
    SetPositionMode: _set,
}
