"""
What a client may ask about an order before it sends it: how much can be opened, and what it would lead to.

Reads only. The largest size is found by judging orders, so it is the size that is accepted, to the lot.
Source: rest-private.md section 3 (open-count, max-open, liq-price).
"""

from typing import Final, Literal

from backhand.commands import OrderType, PlaceOrder, Side
from backhand.engine.margin import order_reserve_e8
from backhand.engine.market import Market
from backhand.engine.orders import judge
from backhand.engine.preview import Preview
from backhand.engine.state import Account, State
from backhand.events import Rejected, RejectReason

#: What a smaller order would not be refused for.
_SIZE_REASONS: Final = (
    RejectReason.SIZE_TOO_LARGE,
    RejectReason.POSITION_LIMIT_EXCEEDED,
    RejectReason.TIER_EXCEEDED,
    RejectReason.INSUFFICIENT_MARGIN,
)


def affordable_lots(market: Market, margin_e8: int, price_ticks: int, leverage: int) -> int:
    """The most lots whose margin and opening fee an amount pays for, whatever else the account holds."""
    low, high = 0, market.contract.limit_size_lots_max
    while low < high:
        middle = (low + high + 1) // 2
        if order_reserve_e8(market, middle, price_ticks, leverage) <= margin_e8:
            low = middle
        else:
            high = middle - 1
    return low


def openable_lots(
    state: State, account: Account, market: Market, side: Side, order_type: OrderType, price_ticks: int | None
) -> int:
    """The largest order on a side that would be accepted now; 0 when none would be."""
    contract = market.contract
    effect: Literal["open"] | None = "open" if account.hedge_mode(market.product_type) else None

    def judged(lots: int) -> RejectReason | None:
        order = PlaceOrder(account.uid, market.symbol, side, order_type, lots, price_ticks, effect=effect)
        outcome = judge(state, account, market, order, "normal", None)
        return outcome.reason if isinstance(outcome, Rejected) else None

    low = 0
    high = contract.market_size_lots_max if order_type == "market" else contract.limit_size_lots_max
    while low < high:
        middle = (low + high + 1) // 2
        if judged(middle) in _SIZE_REASONS:
            high = middle - 1
        else:
            low = middle
    # What is left may be too small, or refused for what no size changes.
    return low if low and judged(low) is None else 0


def liquidation_price_after_e16(
    account: Account, market: Market, side: Side, lots: int, price_ticks: int
) -> int:
    """The liquidation price of a leg after these further lots at one price, funds aside; 0 for none."""
    holding = account.holding(market)
    preview = Preview(holding, holding.isolated)
    preview.extend(side, lots, price_ticks)
    return preview.liquidation_price_e16(side)
