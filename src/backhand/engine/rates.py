"""The arithmetic of funding: premium index, rate, payment. Pure. Source: contracts.md section 10."""

from typing import Final

from backhand.commands import Contract
from backhand.engine.book import BookSide
from backhand.engine.margin import margin_value_e20
from backhand.engine.market import Market
from backhand.units import E4, E12, E20, half_up_div

#: The interest part of every rate, and how far the premium may be from it before the rate follows.
INTEREST_E12: Final = 10**8
INTEREST_REACH_E12: Final = 5 * 10**8
#: Rates are for eight hours, and divided for shorter intervals.
RATE_HOURS: Final = 8
#: The impact prices are those of an order of this much margin (quote currency) at the highest leverage.
IMPACT_MARGIN_E20: Final = 200 * E20


def premium_e12(market: Market) -> int | None:
    """
    (max(0, impact bid - index) - max(0, index - impact ask)) / index, half up; None without both sides.

    The impact prices are the average prices at which an order of IMPACT_MARGIN_E20 x the highest leverage
    would be filled, or the whole side when it holds less.
    """
    index = market.index_price_e12
    value_e20 = IMPACT_MARGIN_E20 * market.contract.leverage_max
    bid = impact_price_e12(market, market.book.bids, value_e20)
    ask = impact_price_e12(market, market.book.asks, value_e20)
    if bid == 0 or ask == 0:
        return None
    return premium_of_e12(bid, ask, index)


def premium_of_e12(impact_bid_e12: int, impact_ask_e12: int, index_e12: int) -> int:
    """The premium index of given impact prices."""
    above = max(0, impact_bid_e12 - index_e12)
    below = max(0, index_e12 - impact_ask_e12)
    return half_up_div((above - below) * E12, index_e12)


def impact_price_e12(market: Market, side: BookSide, value_e20: int) -> int:
    """The average price, half up, at which a quote value would be filled on a side; 0 when it is empty."""
    left_e20 = value_e20
    lots = 0
    lot_ticks = 0
    for key in reversed(side.keys):
        level = side.levels[key]
        lot_value_e20 = level.price_ticks * market.unit_e20
        taken = min(level.lots, -(-left_e20 // lot_value_e20))
        lots += taken
        lot_ticks += taken * level.price_ticks
        left_e20 -= taken * lot_value_e20
        if left_e20 <= 0:
            break
    return half_up_div(lot_ticks * market.tick_e12, lots) if lots else 0


def funding_rate_e8(contract: Contract, premium_mean_e12: int) -> int:
    """clamp((P + clamp(I - P, -0.05%, 0.05%)) / (8 / N), floor, cap), half up at 8 decimals."""
    pull = max(-INTEREST_REACH_E12, min(INTEREST_REACH_E12, INTEREST_E12 - premium_mean_e12))
    rate_e8 = half_up_div((premium_mean_e12 + pull) * contract.funding_interval_hours, RATE_HOURS * E4)
    return max(contract.funding_rate_min_e8, min(contract.funding_rate_max_e8, rate_e8))


def funding_due_e28(market: Market, lots: int, rate_e8: int) -> int:
    """V at mark x F in the margin coin, signed as the rate: what longs pay and shorts receive."""
    return margin_value_e20(market, lots, market.mark_price_e12) * rate_e8
