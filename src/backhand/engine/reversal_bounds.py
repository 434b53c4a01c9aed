"""
What a quote holds the execution of its reversal to.

    plan ─▶ bounds_of ─▶ the quote's token ─▶ another plan, later ─▶ worse_than

A bound is of one position and holds for one commit (REV-5 of docs/deviations.md).
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from backhand.commands import ReversalBounds
from backhand.engine.book import Order
from backhand.engine.market import Market
from backhand.engine.matching import Match, lot_ticks, matched_lots
from backhand.engine.preview import Preview
from backhand.units import E4, half_up_div

if TYPE_CHECKING:
    from backhand.engine.reversal_plan import ReversalPlan

#: What a journal's 64-bit integers hold, with room; far above any price that matters.
LIQUIDATION_PRICE_E12_MAX: Final = 9 * 10**18


def bounds_of(plan: "ReversalPlan", expires_ms: int | None = None) -> ReversalBounds:
    """What a quote of this plan holds its execution to, until a time if one is given."""
    market = plan.holding.market
    return ReversalBounds(
        plan.from_side,
        plan.closed_lots,
        average_e12(market, plan.closes),
        plan.opened_lots,
        average_e12(market, plan.opens),
        plan.after.fee_e8,
        _liquidation_price_e12(plan, plan.after),
        plan.after.lots(plan.from_side),
        plan.position_id,
        plan.past_lots,
        orders_hash(plan.cancels),
        expires_ms,
    )


def worse_than(plan: "ReversalPlan", quoted: ReversalBounds) -> str:
    """In what a plan is worse than it was quoted, nothing when it is as good or better."""
    now = bounds_of(plan)
    if quoted.position_id and (now.position_id, now.past_lots) != (quoted.position_id, quoted.past_lots):
        return "position"
    if now.from_side != quoted.from_side or now.left_lots != quoted.left_lots:
        return "position"
    if now.closed_lots != quoted.closed_lots or now.opened_lots < quoted.opened_lots:
        return "size"
    if quoted.cancels_hash is not None and now.cancels_hash != quoted.cancels_hash:
        return "cancelled orders"
    side = -plan.from_side
    # A buy is worse at a higher average.
    for average, quoted_average in (
        (now.close_average_e12, quoted.close_average_e12),
        (now.open_average_e12, quoted.open_average_e12),
    ):
        if quoted_average and (average - quoted_average) * side > 0:
            return "average price"
    # A fee grows with what is opened and with a better price of a sale: its share of the value counts, but
    # for the unit that each fill is rounded up by.
    inverse = plan.holding.market.inverse
    value, quoted_value = _fee_value(now, inverse), _fee_value(quoted, inverse)
    fills = len(plan.closes) + len(plan.opens)
    if quoted_value and (now.fee_e8 - fills) * quoted_value > quoted.fee_e8 * value:
        return "fee"
    # The same depth in more orders is rounded more often, and no worse for that.
    before, after = quoted.liquidation_price_e12, _liquidation_price_e12(plan, plan.after.eased(side, fills))
    # Below the mark it is a fall that leads there, above it a rise.
    mark = plan.holding.market.mark_price_e12
    nearer = after - before if after < mark else before - after
    if now.left_lots and not plan.after.isolated:
        # Of a crossed hedge that is not told by the new leg, and it may have turned, when orders were filled
        # since: the way there counts.
        nearer = abs(before - mark) - abs(after - mark)
    if after and (before == 0 or nearer > 0):
        return "liquidation price"
    return ""


def _liquidation_price_e12(plan: "ReversalPlan", after: Preview) -> int:
    """The liquidation price of the new leg, 0 where none is opened."""
    liquidation_e16 = after.liquidation_price_e16(-plan.from_side) if plan.opened_lots else 0
    return min(half_up_div(liquidation_e16, E4), LIQUIDATION_PRICE_E12_MAX)


def _fee_value(legs: ReversalBounds, inverse: bool) -> int:
    """What the fee of both legs is proportional to."""
    if inverse:
        return legs.closed_lots + legs.opened_lots
    return legs.closed_lots * legs.close_average_e12 + legs.opened_lots * legs.open_average_e12


def orders_hash(orders: Iterable[Order]) -> int:
    """A number for a set of orders: their ids alone would make a quote as long as the list of them."""
    ids = ",".join([str(order.order_id) for order in sorted(orders, key=lambda order: order.order_id)])
    # Seven bytes: a journal's integers have 63 bits.
    return int.from_bytes(hashlib.blake2b(ids.encode(), digest_size=7).digest(), "big")


def average_e12(market: Market, matches: list[Match]) -> int:
    """The average price of some matches, half up; 0 without any."""
    lots = matched_lots(matches)
    return half_up_div(lot_ticks(matches) * market.tick_e12, lots) if lots else 0
