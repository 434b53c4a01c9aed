"""
Reversals of clients, folded from events: what a receipt says beyond the orders and fills of both legs.

Rows hold absolute units, as those of orders. The fold remembers contract terms.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from backhand.commands import Contract, ReversalBounds, ReversePosition
from backhand.events import CancelReason, ContractListed, PositionReversed, ReversalField
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow

#: Fills of a leg that a receipt lists; sums are of all of them.
FILLS_MAX: Final = 1_000


class QuotedRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a reversal was quoted as; averages are 0 for a leg without fills, 0 is no liquidation price."""

    closed_size_e8: int
    close_average_e12: int
    opened_size_e8: int
    open_average_e12: int
    fee_e8: int
    liquidation_price_e12: int


class ReversalRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    A reversal: its legs by their order ids, its place in the journal, and what came of it.

    `from_side` is that of the position, 1 long or -1 short. `quoted` is None without a quote.
    """

    open_order_id: int
    close_order_id: int
    returned_order_id: int
    uid: str
    sequence: int
    from_side: int
    shortfall: CancelReason | None
    cancelled_order_ids: tuple[int, ...]
    cancelled_trigger_ids: tuple[int, ...]
    ignored: tuple[ReversalField, ...]
    quoted: QuotedRow | None


class LegRows(msgspec.Struct, frozen=True):
    """One leg: its order as it stands, and its fills, oldest first and at most FILLS_MAX."""

    order: OrderRow
    fills: list[FillRow]


class ReceiptRows(msgspec.Struct, frozen=True):
    """Everything that is known of one reversal."""

    reversal: ReversalRow
    close_leg: LegRows
    open_leg: LegRows


class ReversalsFold:
    """A pure fold that remembers nothing but contract terms."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        """Start from nothing, or resume with the contracts of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}

    def fold(self, applied: Applied) -> list[ReversalRow]:
        """Take in one applied command and tell which reversal it was, if it was one."""
        command = applied.command
        for event in applied.events:
            # `type`, not isinstance: as in `orders`.
            if type(event) is PositionReversed and type(command) is ReversePosition:
                return [self._row(applied, event, command.bounds)]
            if type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return []

    def _row(self, applied: Applied, done: PositionReversed, bounds: ReversalBounds | None) -> ReversalRow:
        contract = self._contracts[done.symbol]
        return ReversalRow(
            open_order_id=done.open_order_id,
            close_order_id=done.close_order_id,
            returned_order_id=done.returned_order_id,
            uid=done.uid,
            sequence=applied.sequence,
            from_side=done.from_side,
            shortfall=done.shortfall,
            cancelled_order_ids=done.cancelled_order_ids,
            cancelled_trigger_ids=done.cancelled_trigger_ids,
            ignored=done.ignored,
            quoted=None if bounds is None else quoted_row(bounds, contract),
        )


def quoted_row(bounds: ReversalBounds, contract: Contract) -> QuotedRow:
    """Put bounds into absolute units."""
    return QuotedRow(
        closed_size_e8=bounds.closed_lots * contract.lot_e8,
        close_average_e12=bounds.close_average_e12,
        opened_size_e8=bounds.opened_lots * contract.lot_e8,
        open_average_e12=bounds.open_average_e12,
        fee_e8=bounds.fee_e8,
        liquidation_price_e12=bounds.liquidation_price_e12,
    )
