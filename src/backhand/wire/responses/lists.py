"""
Answers about several orders at once: what succeeded, what failed and why.

The functions that make them from a batch are its `answer`: they see each entry, and the data or the refusal
that it came to.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import PlaceTrigger
from backhand.events import RejectReason
from backhand.wire.batches import Entry
from backhand.wire.codes import REASON_CODES, Refusal, refused
from backhand.wire.responses.orders import OrderIds

#: Kinds of protecting orders that take a profit.
GAINING_KINDS: Final = ("take_profit", "position_take_profit")
#: Answer of changes that have nothing to tell.
DONE: Final = "success"

_UNKNOWN_TRIGGER: Final = REASON_CODES[RejectReason.UNKNOWN_TRIGGER]
_UNKNOWN_PROTECTION: Final = REASON_CODES[RejectReason.UNKNOWN_PROTECTION]
_UNKNOWN_CODES: Final = (_UNKNOWN_TRIGGER[0], _UNKNOWN_PROTECTION[0])


class OrderFailure(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An entry of a list that came to nothing, under the ids that were sent."""

    order_id: str
    client_oid: str
    error_msg: str
    error_code: str


class PlacedOrders(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of batch-place-order; both lists together have every entry, `result` tells that none failed."""

    success_list: list[OrderIds]
    failure_list: list[OrderFailure]
    result: bool


class CancelledOrders(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of batch-cancel-orders, cancel-all-orders and cancel-plan-order."""

    success_list: list[OrderIds]
    failure_list: list[OrderFailure]


class ClosingOrder(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The market order that closes a position."""

    order_id: str
    client_oid: str
    symbol: str


class KeptPosition(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A position that could not be closed; it has no order."""

    order_id: str
    client_oid: str
    symbol: str
    error_msg: str
    error_code: str


class ClosedPositions(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of close-positions; `result` tells that none failed."""

    success_list: list[ClosingOrder]
    failure_list: list[KeptPosition]
    result: bool


class ProtectionIds(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One order of place-pos-tpsl: its id, and the client order ids of both, "" where none was asked."""

    order_id: str
    stop_surplus_client_oid: str
    stop_loss_client_oid: str


def placed_orders(entries: Sequence[Entry], outcomes: Sequence[object]) -> PlacedOrders:
    """Answer batch-place-order: a failed order is no failed request. Source: bitget-v2/batch-order."""
    succeeded, failed = _parted(entries, outcomes)
    return PlacedOrders(succeeded, failed, not failed)


def cancelled_orders(entries: Sequence[Entry], outcomes: Sequence[object]) -> CancelledOrders | Refusal:
    """
    Answer a list of cancellations; when not one was possible, with the first one's refusal.

    Source: bitget-v2/batch-cancel-orders; errors.md, code 43001.
    """
    succeeded, failed = _parted(entries, outcomes)
    if not succeeded:
        return refused(failed[0].error_code, failed[0].error_msg)
    return CancelledOrders(succeeded, failed)


def cancelled_triggers(entries: Sequence[Entry], outcomes: Sequence[object]) -> CancelledOrders | Refusal:
    """
    Answer a list of cancellations of waiting orders: one that is not there is no failed request.

    freqtrade cancels a stop after the close that ended it, and retries for ever what is refused. Refused
    is a list of which nothing was cancelled for any other reason, with the first such one.
    Source: bitget-v2/cancel-plan-order; an empty list of successes was logged on the exchange.
    """
    succeeded, failed = _parted(entries, outcomes)
    faults = [failure for failure in failed if failure.error_code not in _UNKNOWN_CODES]
    if faults and not succeeded:
        return refused(faults[0].error_code, faults[0].error_msg)
    return CancelledOrders(succeeded, failed)


def cancelled_protections(entries: Sequence[Entry], outcomes: Sequence[object]) -> CancelledOrders | Refusal:
    """Answer a list of cancellations of TP/SL orders: as others, but an unknown one has a code of its own."""
    return cancelled_triggers(entries, [_protection_refusal(outcome) for outcome in outcomes])


def _protection_refusal(outcome: object) -> object:
    if isinstance(outcome, Refusal) and outcome.code == _UNKNOWN_TRIGGER[0]:
        return refused(*_UNKNOWN_PROTECTION)
    return outcome


def _parted(
    entries: Sequence[Entry], outcomes: Sequence[object]
) -> tuple[list[OrderIds], list[OrderFailure]]:
    succeeded: list[OrderIds] = []
    failed: list[OrderFailure] = []
    for entry, outcome in zip(entries, outcomes, strict=True):
        if isinstance(outcome, OrderIds):
            succeeded.append(outcome)
        elif isinstance(outcome, Refusal):
            failed.append(OrderFailure(entry.order_id, entry.client_oid, outcome.message, outcome.code))
    return succeeded, failed


def protections(entries: Sequence[Entry], outcomes: Sequence[object]) -> list[ProtectionIds] | Refusal:
    """
    Answer place-pos-tpsl: a row per order, each with both client order ids, as in the published sample.

    Source: bitget-v2/place-pos-tpsl.
    """
    refusal = _first_refusal(outcomes)
    if refusal is not None:
        return refusal
    gaining = losing = ""
    placed: list[str] = []
    for entry, outcome in zip(entries, outcomes, strict=True):
        if isinstance(outcome, OrderIds) and isinstance(entry.asked, PlaceTrigger):
            placed.append(outcome.order_id or "")
            if entry.asked.kind in GAINING_KINDS:
                gaining = outcome.client_oid
            else:
                losing = outcome.client_oid
    return [ProtectionIds(order_id, gaining, losing) for order_id in placed]


def all_done(entries: Sequence[Entry], outcomes: Sequence[object]) -> str | Refusal:  # noqa: ARG001 (a batch's)
    """Answer changes of which each must succeed; the refusal of some tells how many were made."""
    return _first_refusal(outcomes) or DONE


def _first_refusal(outcomes: Sequence[object]) -> Refusal | None:
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    if not refusals:
        return None
    first = refusals[0]
    done = len(outcomes) - len(refusals)
    # Never "refused" for what was done: the text says so.
    return refused(first.code, f"{first.message} ({done} of {len(outcomes)} done)") if done else first
