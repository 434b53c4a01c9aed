"""
From what the engine did to what the client is told: one applied command, one answer. Pure.

Answers are made from events, so they say what happened and not what was asked.
"""

from collections.abc import Mapping
from typing import Final

from backhand.commands import CancelOrder, Contract, PlaceOrder, ReversePosition
from backhand.events import (
    CancelReason,
    LeverageSet,
    MarginModeSet,
    OrderAccepted,
    OrderCancelled,
    PositionModeSet,
    PositionReversed,
    Rejected,
)
from backhand.projections.applied import Applied
from backhand.wire.codes import Refusal, refusal_of
from backhand.wire.responses.accounts import leverage_answer, margin_mode_answer, position_mode_answer
from backhand.wire.responses.orders import OrderIds, order_ids

#: Said in `x-backhand-note` when a one-way reversal did not use the size that was sent (reversal.md A6).
SIZE_IGNORED_NOTE: Final = "size ignored: in one-way mode the whole position is reversed"


class AnswerMissing(Exception):
    """The engine neither refused a command nor did what it is for: a mistake of ours."""


def render(applied: Applied, contracts: Mapping[str, Contract]) -> tuple[object | Refusal, str | None]:
    """
    Give the `data` of the answer, or the refusal; and what `x-backhand-note` says, if anything.

    Raises:
        AnswerMissing: no event of the command answers it.
    """
    command = applied.command
    first = applied.events[0] if applied.events else None
    if isinstance(first, Rejected):
        return refusal_of(first, contracts.get(getattr(command, "symbol", ""))), None
    if isinstance(command, ReversePosition):
        return _reversed(applied)
    if isinstance(command, PlaceOrder):
        return _placed(applied), None
    if isinstance(command, CancelOrder):
        return _cancelled(applied), None
    for event in applied.events:
        if isinstance(event, LeverageSet):
            return leverage_answer(event, contracts[event.symbol].margin_coin), None
        if isinstance(event, MarginModeSet):
            return margin_mode_answer(event, contracts[event.symbol].margin_coin), None
        if isinstance(event, PositionModeSet):
            return position_mode_answer(event), None
    raise AnswerMissing(type(command).__name__)


def _reversed(applied: Applied) -> tuple[OrderIds, str | None]:
    """The opening leg's ids (reversal.md A14); the event that tells them comes last but for triggers."""
    for event in reversed(applied.events):
        if isinstance(event, PositionReversed):
            note = SIZE_IGNORED_NOTE if event.size_ignored else None
            return order_ids(event.open_order_id, event.client_oid), note
    raise AnswerMissing("ReversePosition")


def _placed(applied: Applied) -> OrderIds:
    """Both ids; in one-way mode no order id when older reduce-only orders made room (rest-private.md 5)."""
    displaced = any(
        isinstance(event, OrderCancelled) and event.reason is CancelReason.DISPLACED
        for event in applied.events
    )
    for event in applied.events:
        if isinstance(event, OrderAccepted):
            hidden = displaced and event.hold_side == 0
            return order_ids(None if hidden else event.order_id, event.client_oid)
    raise AnswerMissing("PlaceOrder")


def _cancelled(applied: Applied) -> OrderIds:
    for event in applied.events:
        if isinstance(event, OrderCancelled):
            return order_ids(event.order_id, event.client_oid)
    raise AnswerMissing("CancelOrder")
