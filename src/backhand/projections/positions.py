"""
Positions that have ended, folded from events.

Open positions are the engine's to show; a row appears here when one comes down to zero. The house's
positions make no rows.
"""

from collections.abc import Iterable

import msgspec

from backhand.commands import HOUSE_UID, Contract, MarginMode
from backhand.events import ContractListed, PositionClosed
from backhand.projections.applied import Applied
from backhand.units import half_up_div


class ClosedPositionRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    The whole life of a position, in absolute units.

    `side` is 1 long or -1 short. Fees are what was charged (positive), funding what was received
    (positive) or paid; they and the realised price profit are in the margin coin, values in the quote
    currency.
    """

    position_id: int
    uid: str
    symbol: str
    product_type: str
    margin_coin: str
    inverse: bool
    side: int
    hedge_mode: bool
    margin_mode: MarginMode
    opened_size_e8: int
    closed_size_e8: int
    opened_value_e20: int
    closed_value_e20: int
    profit_e8: int
    open_fee_e8: int
    close_fee_e8: int
    funding_e8: int
    opened_at_ms: int
    closed_at_ms: int

    @property
    def open_average_price_e12(self) -> int:
        """The average price at which it was built up, halves up."""
        return half_up_div(self.opened_value_e20, self.opened_size_e8) if self.opened_size_e8 else 0

    @property
    def close_average_price_e12(self) -> int:
        """The average price at which it was taken down, halves up."""
        return half_up_div(self.closed_value_e20, self.closed_size_e8) if self.closed_size_e8 else 0


class ClosedPositionsFold:
    """A pure fold that remembers nothing but contract terms."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        """Start from nothing, or resume with the contracts of an earlier fold."""
        self._contracts = {contract.symbol: contract for contract in contracts}

    def fold(self, applied: Applied) -> list[ClosedPositionRow]:
        """Take in one applied command and tell which positions it ended."""
        rows: list[ClosedPositionRow] = []
        for event in applied.events:
            # `type`, not isinstance: as in `orders`.
            if type(event) is PositionClosed:
                if event.uid != HOUSE_UID:
                    rows.append(_row(event, self._contracts[event.symbol], applied.time_ms))
            elif type(event) is ContractListed:
                self._contracts[event.contract.symbol] = event.contract
        return rows


def _row(event: PositionClosed, contract: Contract, time_ms: int) -> ClosedPositionRow:
    return ClosedPositionRow(
        position_id=event.position_id,
        uid=event.uid,
        symbol=event.symbol,
        product_type=contract.product_type,
        margin_coin=contract.margin_coin,
        inverse=contract.inverse,
        side=event.side,
        hedge_mode=event.hedge_mode,
        margin_mode=event.margin_mode,
        opened_size_e8=event.opened_lots * contract.lot_e8,
        closed_size_e8=event.closed_lots * contract.lot_e8,
        opened_value_e20=event.opened_value_e20,
        closed_value_e20=event.closed_value_e20,
        profit_e8=event.profit_e8,
        open_fee_e8=event.open_fee_e8,
        close_fee_e8=event.close_fee_e8,
        funding_e8=event.funding_e8,
        opened_at_ms=event.opened_at_ms,
        closed_at_ms=time_ms,
    )
