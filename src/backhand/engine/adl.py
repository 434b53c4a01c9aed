"""
Auto-deleveraging: who stands first in line when the insurance fund cannot pay for a liquidation.

ROI = unrealised profit / value at entry. Score = ROI x ratio when it is a profit, ROI / ratio when it is a
loss, with the margin ratio of the account (crossed) or the leg (isolated); what is being liquidated scores
0. The highest score is matched first. Source: contracts.md section 9.
"""

from heapq import heappop, heappush

from backhand.engine.figures import crossed_ratio_e16, leg_ratio_e16
from backhand.engine.margin import unrealised_e20, value_e20
from backhand.engine.market import AdlQueue, Market
from backhand.engine.state import Holding, Position, State
from backhand.units import E12, E16


def kept_queue(state: State, market: Market, side: int) -> AdlQueue:
    """The queue of a side of a market, made at the first question about it since marks moved."""
    queue = state.adl_queues.get((market.symbol, side))
    if queue is None:
        queue = state.adl_queues[market.symbol, side] = AdlQueue(market, side)
        for holding in market.held.values():
            _enter(queue, holding)
    return queue


def _enter(queue: AdlQueue, holding: Holding) -> None:
    """Give a client's leg, if it holds one on this side, its place by its score as it is now."""
    leg = holding.leg(queue.side)
    if leg is not None and not holding.account.is_house:
        leg.scored_version = holding.ledger.version
        heappush(queue.heap, (-adl_score_e16(holding, leg), leg.position_id, leg.scored_version, holding))


def first_of(queue: AdlQueue) -> Holding | None:
    """
    Who of the clients is to be deleveraged now; of equal scores the older position.

    Only what was touched since the last question is scored again: one price may liquidate thousands, and
    each of them asks.
    """
    side = queue.side
    for ledger in queue.touched:
        for holding in ledger.holdings:
            if holding.market is queue.market:
                _enter(queue, holding)
    queue.touched.clear()
    while queue.heap:
        _, position_id, version, holding = queue.heap[0]
        leg = holding.leg(side)
        if leg is not None and leg.position_id == position_id and leg.scored_version == version:
            return holding
        heappop(queue.heap)
    return None


def set_aside(queue: AdlQueue) -> None:
    """Let who is first stand back behind the others, until `take_back`; who is touched is asked again."""
    queue.aside.append(heappop(queue.heap))


def take_back(queue: AdlQueue) -> None:
    """Let those who stood back stand where their scores put them."""
    for entry in queue.aside:
        heappush(queue.heap, entry)
    queue.aside.clear()


def adl_queue(market: Market, side: int) -> list[Holding]:
    """The clients' legs on a side of a market, the first to be deleveraged first; the house stands apart."""
    scored: list[tuple[int, int, Holding]] = []
    for holding in market.held.values():
        leg = holding.leg(side)
        if leg is not None and not holding.account.is_house:
            scored.append((-adl_score_e16(holding, leg), leg.position_id, holding))
    scored.sort(key=_by_score)
    return [holding for _, _, holding in scored]


def _by_score(entry: tuple[int, int, Holding]) -> tuple[int, int]:
    return entry[0], entry[1]


def adl_score_e16(holding: Holding, leg: Position) -> int:
    """The score of one leg, rounded down; 0 where its margin no longer covers maintenance."""
    market = holding.market
    ratio_e16 = leg_ratio_e16(holding, leg) if holding.isolated else crossed_ratio_e16(holding.ledger)
    profit = unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
    value = value_e20(market, leg.lots, leg.average_price_e12)
    if market.inverse:
        # The value at entry in coin.
        value = value * E12 // leg.average_price_e12
    return score_e16(profit, value, ratio_e16)


def score_e16(profit_e20: int, entry_value_e20: int, ratio_e16: int) -> int:
    """The score of a profit on a value at entry at a margin ratio."""
    if ratio_e16 >= E16 or ratio_e16 == 0:
        return 0
    if profit_e20 > 0:
        return profit_e20 * ratio_e16 // entry_value_e20
    return profit_e20 * E16 * E16 // (entry_value_e20 * ratio_e16)
