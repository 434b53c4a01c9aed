"""The quote of a reversal, printed: the whole plan, as text."""

from collections.abc import Mapping
from typing import Final

import msgspec

from backhand.commands import LONG, Contract
from backhand.events import ReversalField
from backhand.units import format_decimal, half_up_div

#: What is said of fields that were sent and did not count (reversal.md A3, A5, A6; DESIGN D7).
IGNORED: Final[Mapping[ReversalField, str]] = {
    "size": "size ignored: in one-way mode the whole position is reversed",
    "side": "side ignored: in one-way mode there is one position",
    "effect": "tradeSide ignored: it belongs to hedge mode",
    "worst_price": "worstPrice ignored: another bound is nearer",
    "slippage": "maxSlippage ignored: another bound is nearer",
}


class LegView(msgspec.Struct, frozen=True, gc=False):
    """
    One leg of a planned reversal.

    `side` is the direction of the trade, `lot_ticks` the sum of lots x ticks, `worst_ticks` the last price it
    takes; 0 where nothing is traded.
    """

    side: int
    lots: int
    lot_ticks: int
    worst_ticks: int
    fee_e8: int


class QuoteView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a quote is printed from. Lots of both sides before and after; ids of what would be cancelled."""

    contract: Contract
    quote_id: str
    sequence: int
    expires_ms: int
    mark_price_e12: int
    from_side: int
    asked_lots: int
    long_lots_before: int
    short_lots_before: int
    long_lots_after: int
    short_lots_after: int
    close_leg: LegView
    open_leg: LegView
    profit_e8: int
    margin_needed_e20: int
    margin_free_e20: int
    margin_ratio_e16: int
    liquidation_price_e16: int
    order_ids: tuple[int, ...]
    trigger_ids: tuple[int, ...]
    shortfall: str
    ignored: tuple[ReversalField, ...]


class PositionSizes(msgspec.Struct, frozen=True, gc=False):
    """What is held of a symbol."""

    long: str
    short: str


class LegAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One leg: prices are "" when nothing would be traded."""

    side: str
    size: str
    average_price: str
    worst_price: str
    fee: str


class QuoteAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """
    What a reversal would do at `sequence`; send `quoteId` with it to have that or nothing.

    Figures after it are before triggers and liquidation. `shortfall` is why the open leg is smaller than the
    close leg, "" when it is not. `note` names fields that were sent and do not count.
    """

    quote_id: str
    sequence: str
    expires_at: str
    symbol: str
    product_type: str
    margin_coin: str
    mark_price: str
    before: PositionSizes
    after: PositionSizes
    close_leg: LegAnswer
    open_leg: LegAnswer
    realized_profit: str
    margin_needed: str
    margin_free: str
    margin_ratio: str
    liquidation_price: str
    cancelled_orders: list[str]
    cancelled_triggers: list[str]
    shortfall: str
    outcome: str
    note: str


def quote_answer(view: QuoteView) -> QuoteAnswer:
    """Print a plan."""
    contract = view.contract
    return QuoteAnswer(
        quote_id=view.quote_id,
        sequence=str(view.sequence),
        expires_at=str(view.expires_ms),
        symbol=contract.symbol,
        product_type=contract.product_type,
        margin_coin=contract.margin_coin,
        mark_price=format_decimal(view.mark_price_e12, 12),
        before=PositionSizes(_size(contract, view.long_lots_before), _size(contract, view.short_lots_before)),
        after=PositionSizes(_size(contract, view.long_lots_after), _size(contract, view.short_lots_after)),
        close_leg=_leg(contract, view.close_leg),
        open_leg=_leg(contract, view.open_leg),
        realized_profit=format_decimal(view.profit_e8, 8),
        margin_needed=format_decimal(view.margin_needed_e20, 20),
        margin_free=format_decimal(view.margin_free_e20, 20),
        margin_ratio=format_decimal(view.margin_ratio_e16, 16),
        liquidation_price=format_decimal(view.liquidation_price_e16, 16),
        cancelled_orders=[str(order_id) for order_id in view.order_ids],
        cancelled_triggers=[str(order_id) for order_id in view.trigger_ids],
        shortfall=view.shortfall,
        outcome=_outcome(view),
        note=ignored_note(view.ignored) or "",
    )


def _size(contract: Contract, lots: int) -> str:
    return format_decimal(lots * contract.lot_e8, 8)


def _leg(contract: Contract, leg: LegView) -> LegAnswer:
    average_e12 = half_up_div(leg.lot_ticks * contract.tick_e12, leg.lots) if leg.lots else 0
    return LegAnswer(
        side="buy" if leg.side == LONG else "sell",
        size=_size(contract, leg.lots),
        average_price=format_decimal(average_e12, 12) if leg.lots else "",
        worst_price=format_decimal(leg.worst_ticks * contract.tick_e12, 12) if leg.lots else "",
        fee=format_decimal(-leg.fee_e8, 8),
    )


def _outcome(view: QuoteView) -> str:
    """Say in a sentence what the reversal comes to."""
    contract = view.contract
    old, new = ("long", "short") if view.from_side == LONG else ("short", "long")
    closed, opened = _size(contract, view.close_leg.lots), _size(contract, view.open_leg.lots)
    said = f"closes {closed} {old}, opens {opened} {new}"
    if view.close_leg.lots < view.asked_lots:
        said += f"; {_size(contract, view.asked_lots - view.close_leg.lots)} {old} stays"
    if view.shortfall:
        said += f"; the open leg falls short: {view.shortfall.removeprefix('shortfall_').replace('_', ' ')}"
    if view.order_ids or view.trigger_ids:
        said += f"; cancels {len(view.order_ids)} orders and {len(view.trigger_ids)} triggers"
    return said


def ignored_note(ignored: tuple[ReversalField, ...]) -> str | None:
    """Say which of the fields that were sent did not count, and why; nothing when all did."""
    return "; ".join(IGNORED[name] for name in ignored) or None
