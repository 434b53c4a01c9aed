"""A reversal planned for somebody who asks first: the quote, and the token that holds its execution to it."""

from typing import Final

from backhand.engine import State
from backhand.engine.matching import Match, lot_ticks, matched_lots
from backhand.engine.reversal_bounds import bounds_of
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.events import Rejected
from backhand.wire.codes import Refusal, refusal_of
from backhand.wire.quotes import Quote, seal_quote
from backhand.wire.requests.reversals import ReversalQuery
from backhand.wire.responses.reversals import LegView, QuoteAnswer, QuoteView, quote_answer

#: How long a quote may be committed, in venue time: a person has read it by then, or must read it again.
QUOTE_VALID_MS: Final = 10_000


def quote(state: State, uid: str, query: ReversalQuery, key: bytes, now_ms: int) -> QuoteAnswer | Refusal:
    """Plan a reversal and print the plan; the state is as it was."""
    command = query.command
    plan = plan_reversal(state, command, max(now_ms, state.time_ms))
    contract = state.markets[command.symbol].contract
    if isinstance(plan, Rejected):
        return refusal_of(plan, contract)
    expires_ms = now_ms + QUOTE_VALID_MS
    bounds = bounds_of(plan, expires_ms)
    sealed = Quote(
        uid,
        contract.symbol,
        state.sequence,
        bounds,
        # What did not count is not asked for again, or the commit would say once more that it does not.
        side=None if "side" in plan.ignored else command.side,
        effect=None if "effect" in plan.ignored else command.effect,
        size_lots=None if "size" in plan.ignored else command.size_lots,
        shortfall=command.shortfall,
        open_orders=command.open_orders,
        worst_price_ticks=command.worst_price_ticks,
        slippage_max_e8=command.slippage_max_e8,
    )
    return quote_answer(_view(state, plan, seal_quote(sealed, key), expires_ms))


def _view(state: State, plan: ReversalPlan, token: str, expires_ms: int) -> QuoteView:
    market, before, after = plan.holding.market, plan.before, plan.after
    new_side = -plan.from_side
    shown_side = new_side if plan.opened_lots else plan.from_side
    return QuoteView(
        contract=market.contract,
        quote_id=token,
        sequence=state.sequence,
        expires_ms=expires_ms,
        mark_price_e12=market.mark_price_e12,
        from_side=plan.from_side,
        asked_lots=plan.asked_lots,
        long_lots_before=before.long_lots,
        short_lots_before=before.short_lots,
        long_lots_after=after.long_lots,
        short_lots_after=after.short_lots,
        close_leg=_leg(new_side, plan.closes, plan.close_fee_e8),
        open_leg=_leg(new_side, plan.opens, after.fee_e8 - plan.close_fee_e8),
        profit_e8=after.profit_e8,
        margin_needed_e20=plan.needed_e20,
        margin_free_e20=plan.free_e20,
        margin_ratio_e16=after.margin_ratio_e16(shown_side),
        liquidation_price_e16=after.liquidation_price_e16(shown_side) if after.lots(shown_side) else 0,
        order_ids=tuple(order.order_id for order in plan.cancels),
        trigger_ids=tuple(trigger.order_id for trigger in plan.protections),
        shortfall="" if plan.shortfall is None else plan.shortfall.value,
        ignored=tuple(plan.ignored),
    )


def _leg(side: int, matches: list[Match], fee_e8: int) -> LegView:
    traded = [match for match in matches if match.lots]
    worst_ticks = traded[-1].maker.price_ticks if traded else 0
    return LegView(side, matched_lots(matches), lot_ticks(matches), worst_ticks, fee_e8)
