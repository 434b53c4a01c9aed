"""
What a reversal will do, worked out against the book without touching anything.

    checks ─▶ orders in the way ─▶ close leg ─▶ open leg ─▶ policy: strict, guard, quote ─▶ ReversalPlan

Source: reversal.md (decisions A1 to A20), contracts.md section 11; the policies are DESIGN section 5.
"""

from backhand.commands import INVALID_SIDE, ReversePosition
from backhand.engine.accepting import is_duplicate
from backhand.engine.book import Order
from backhand.engine.guard import capped_ticks, worst_close_ticks
from backhand.engine.limits import position_lots_max
from backhand.engine.margin import EVERY_PRICE, band_edge_ticks
from backhand.engine.matching import Match, first_lots, matched_lots
from backhand.engine.open_leg import OpenLeg
from backhand.engine.orders import oldest_closing
from backhand.engine.preview import Preview
from backhand.engine.refusals import lots_text, ticks_text
from backhand.engine.reversal_bounds import worse_than
from backhand.engine.state import Holding, Position, State, Trigger
from backhand.engine.sweep import Sweep
from backhand.events import CancelReason, Rejected, RejectReason, ReversalField
from backhand.units import E8, ceil_div


class ReversalPlan:
    """
    What a reversal will do: orders to cancel, both legs' matches, and the holding as it stands then.

    `before` and `after` are the holding around it, before triggers and liquidation. `shortfall` tells why
    the open leg is smaller than the close leg, None when it is not. `needed_e20` is what the open leg was
    found to need, of `free_e20` that was there after the close.
    """

    def __init__(self, holding: Holding, position: Position, size_lots: int) -> None:
        self.holding = holding
        self.from_side = position.side
        self.position_id = position.position_id
        #: What had been closed of the position before: it only grows, so it tells one commit from the next.
        self.past_lots = position.closed_lots
        #: What was asked for, and what of it the orders in the way leave to be reversed.
        self.asked_lots = size_lots
        self.size_lots = size_lots
        #: Orders that end before the legs run, in that order.
        self.cancels: dict[Order, CancelReason] = {}
        #: Protecting orders that end with the position, when all of it is closed.
        self.protections: list[Trigger] = []
        self.closes: list[Match] = []
        self.opens: list[Match] = []
        self.closed_lots = 0
        self.opened_lots = 0
        self.shortfall: CancelReason | None = None
        #: What was sent and does not count.
        self.ignored: list[ReversalField] = []
        self.before = Preview(holding, holding.isolated)
        self.after = self.before.copy()
        self.close_fee_e8 = 0
        self.needed_e20 = 0
        self.free_e20 = 0
        #: The last price that a leg may take: the band's edge, or the caller's guard before it.
        self.limit_ticks = 0

    def cancel(self, orders: list[Order], reason: CancelReason) -> None:
        """Plan to cancel orders, each once, with the reason that came first."""
        for order in orders:
            self.cancels.setdefault(order, reason)

    def end_protections(self) -> None:
        """Plan to end what protects the position, when nothing stays of it (A11)."""
        if self.after.lots(self.from_side) == 0:
            for trigger in self.holding.triggers.values():
                if trigger.position_id == self.position_id:
                    self.protections.append(trigger)


def plan_reversal(
    state: State, command: ReversePosition, now_ms: int | None = None
) -> ReversalPlan | Rejected:
    """
    Work out both legs against the book without touching anything, or say why not.

    That the id was used before comes first: whatever else has changed since, who retries must learn that the
    first one ran.

    Args:
        now_ms: Venue time, where that of the state may be behind: for a quote.
    """
    account = state.client(command.uid)
    if account is None:
        return Rejected(RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if is_duplicate(state, account, command.client_oid):
        return Rejected(RejectReason.DUPLICATE_CLIENT_OID)
    expires_ms = None if command.bounds is None else command.bounds.expires_ms
    if expires_ms is not None and (state.time_ms if now_ms is None else now_ms) > expires_ms:
        return Rejected(RejectReason.QUOTE_EXPIRED)
    market = state.markets.get(command.symbol)
    if market is None:
        return Rejected(RejectReason.UNKNOWN_SYMBOL, command.symbol)
    if market.contract.status not in ("normal", "limit_open"):
        return Rejected(RejectReason.SYMBOL_NOT_TRADING, market.symbol)
    hedge = account.hedge_mode(market.product_type)
    if hedge and command.effect is None:
        return Rejected(RejectReason.EFFECT_MISSING)
    if hedge and command.effect == "invalid":
        return Rejected(RejectReason.EFFECT_INVALID)
    if hedge and command.side is None:
        return Rejected(RejectReason.SIDE_MISSING)
    if command.side == INVALID_SIDE:
        return Rejected(RejectReason.SIDE_INVALID)
    holding = account.holdings.get(market.symbol)
    position = None if holding is None else held_position(holding, command.side if hedge else None)
    if holding is None or position is None:
        told = state.when_flat == "not_enough"
        return Rejected(RejectReason.NO_POSITION_TO_REVERSE if told else RejectReason.NO_POSITION_TO_CLOSE)
    strict = not hedge and state.one_way_side == "strict"
    if strict and command.side == position.side:
        return Rejected(RejectReason.SIDE_INVALID)

    # A6: in one-way mode a sent size is ignored unless the venue is told to honour it.
    sized = command.size_lots is not None or command.size_off_grid is not None
    counts = hedge or state.one_way_size == "honour"
    size = position.lots
    if sized and counts:
        if command.size_off_grid is not None:
            return Rejected(RejectReason.SIZE_OFF_GRID, command.size_off_grid)
        size = min(size, command.size_lots or 0)
        if size < position.lots and size < market.size_lots_min:
            return Rejected(RejectReason.SIZE_TOO_SMALL, lots_text(market, market.size_lots_min))

    plan = ReversalPlan(holding, position, size)
    if sized and not counts:
        plan.ignored.append("size")
    if not hedge and not strict and command.side is not None:
        plan.ignored.append("side")
    if not hedge and command.effect is not None:
        plan.ignored.append("effect")
    refusal = _plan_locked(plan, hedge, command.open_orders, state.locked_size)
    if refusal is not None:
        return refusal
    trade_side = -position.side
    edge = band_edge_ticks(market, trade_side)
    _plan_limit(plan, edge, command)
    sweep = Sweep(market, trade_side, holding)
    _plan_close(plan, position, sweep)
    if plan.closed_lots == 0:
        # The closing guard may leave nothing to close at; only a band without any order refuses.
        if _offered_lots(plan, edge) == 0:
            return Rejected(RejectReason.NO_LIQUIDITY, market.symbol)
        if plan.limit_ticks != edge and _offered_lots(plan, plan.limit_ticks) == 0:
            return Rejected(RejectReason.PRICE_GUARD_BROKEN, ticks_text(market, plan.limit_ticks))
    _plan_open(state, plan, sweep, hedge, command)
    plan.end_protections()
    return _policy_fault(plan, command, edge) or plan


def held_position(holding: Holding, side: int | None) -> Position | None:
    """The leg on a side; without a side, the one position of one-way mode."""
    if side is not None:
        return holding.leg(side)
    return holding.long if holding.long is not None else holding.short


def _plan_limit(plan: ReversalPlan, edge_ticks: int, command: ReversePosition) -> None:
    """The worst tick for both legs: of band edge, price given and slippage from mark the nearest."""
    market, side = plan.holding.market, -plan.from_side
    mark, slippage, worst = market.mark_price_e12, command.slippage_max_e8, command.worst_price_ticks
    slipped = edge_ticks
    if slippage is not None:
        # Towards the mark: what is allowed is never exceeded by rounding.
        if side > 0:
            slipped = mark * (E8 + slippage) // (E8 * market.tick_e12)
        else:
            slipped = ceil_div(mark * (E8 - slippage), E8 * market.tick_e12)
    bounds = (edge_ticks, slipped, edge_ticks if worst is None else worst)
    plan.limit_ticks = min(bounds) if side > 0 else max(bounds)
    if worst is not None and worst != plan.limit_ticks:
        plan.ignored.append("worst_price")
    if slippage is not None and slipped != plan.limit_ticks:
        plan.ignored.append("slippage")


def _offered_lots(plan: ReversalPlan, limit_ticks: int) -> int:
    """What others offer up to a price, at most both legs."""
    holding = plan.holding
    sweep = Sweep(holding.market, -plan.from_side, holding)
    return matched_lots(sweep.take(2 * plan.size_lots, limit_ticks))


def _policy_fault(plan: ReversalPlan, command: ReversePosition, edge_ticks: int) -> Rejected | None:
    """Why the caller's policy does not let the plan be carried out."""
    market = plan.holding.market
    if command.shortfall == "strict":
        whole = plan.closed_lots == plan.asked_lots == plan.opened_lots
        if not whole:
            guarded = plan.limit_ticks != edge_ticks and plan.shortfall is CancelReason.SHORTFALL_LIQUIDITY
            if guarded and _offered_lots(plan, edge_ticks) > _offered_lots(plan, plan.limit_ticks):
                return Rejected(RejectReason.PRICE_GUARD_BROKEN, ticks_text(market, plan.limit_ticks))
            # Where both legs are equal and yet smaller than asked for, orders hold the rest.
            shortfall = plan.shortfall or CancelReason.SHORTFALL_LOCKED
            return Rejected(RejectReason.NOT_BOTH_LEGS, shortfall.value)
    if command.bounds is not None:
        worse = worse_than(plan, command.bounds)
        if worse:
            return Rejected(RejectReason.WORSE_THAN_QUOTED, worse)
    return None


def _plan_locked(plan: ReversalPlan, hedge: bool, open_orders: str, locked_size: str) -> Rejected | None:
    """
    What resting orders mean for the reversal.

    `auto` is A10: in one-way mode all closing orders are cancelled; in hedge mode only what is free is
    reversed, and when nothing is free, the oldest are cancelled until the size is, always so where the
    venue says `locked_size = cancel`. `include` cancels the oldest until the size is free, `exclude` reverses
    what is free, `cancel_all` cancels every order of the symbol.
    """
    holding, side = plan.holding, plan.from_side
    held = holding.lots(side)
    free = held - holding.locked_lots(side)
    if open_orders == "cancel_all":
        plan.cancel(list(holding.orders.values()), CancelReason.REVERSAL)
    elif open_orders == "exclude":
        if free == 0:
            return Rejected(RejectReason.NOTHING_AVAILABLE_TO_CLOSE)
        plan.size_lots = min(plan.size_lots, free)
    elif open_orders == "include":
        # One-way legs net: where a part is honoured, the open leg takes from the position as well.
        wanted = plan.size_lots if hedge else min(held, 2 * plan.size_lots)
        plan.cancel(oldest_closing(holding, side, wanted - free), CancelReason.REVERSAL)
    elif not hedge:
        plan.cancel(oldest_closing(holding, side, held), CancelReason.REVERSAL)
    elif free == 0 or locked_size == "cancel":
        plan.cancel(oldest_closing(holding, side, plan.size_lots - free), CancelReason.REVERSAL)
    else:
        plan.size_lots = min(plan.size_lots, free)
    return None


def _plan_close(plan: ReversalPlan, position: Position, sweep: Sweep) -> None:
    """Match the close leg within the limit and, as far as it helps, the bankruptcy price (A19)."""
    limit = capped_ticks(plan.from_side, plan.limit_ticks, worst_close_ticks(plan.holding, position))
    plan.closes = [] if limit == EVERY_PRICE else sweep.take(plan.size_lots, limit)
    plan.closed_lots = matched_lots(plan.closes)
    plan.cancel(sweep.own, CancelReason.SELF_TRADE)
    plan.after.release(plan.cancels)
    plan.after.close(plan.from_side, plan.closes)
    plan.close_fee_e8 = plan.after.fee_e8


def _plan_open(state: State, plan: ReversalPlan, sweep: Sweep, hedge: bool, command: ReversePosition) -> None:
    """Match the open leg for what was closed, if it may be opened and can be paid for (A12, A13)."""
    holding = plan.holding
    market = holding.market
    side = -plan.from_side
    if market.contract.status == "limit_open":
        plan.shortfall = CancelReason.SHORTFALL_OPENING_DISABLED
        return
    wanted = plan.closed_lots
    if not hedge:
        # Legs net: while the old position is not gone, more of the same trade would only close it.
        if plan.closed_lots < plan.size_lots:
            plan.shortfall = CancelReason.SHORTFALL_LIQUIDITY
            return
        if command.open_orders == "exclude":
            wanted = _unlocked_lots(plan)
            if wanted < plan.closed_lots:
                plan.shortfall = CancelReason.SHORTFALL_LOCKED
            if wanted == 0:
                return
    met = len(sweep.own)
    limit = plan.limit_ticks
    if not hedge and plan.after.lots(plan.from_side):
        # Where a part was closed, this leg goes on closing, under the same guard.
        limit = capped_ticks(plan.from_side, limit, plan.after.worst_close_ticks(plan.from_side))
    opens = [] if limit == EVERY_PRICE else sweep.take(wanted, limit)
    lots = matched_lots(opens)
    if lots < wanted:
        plan.shortfall = CancelReason.SHORTFALL_LIQUIDITY
    if lots == 0:
        plan.shortfall = CancelReason.SHORTFALL_LIQUIDITY
        return
    # Own orders that the leg would hit are cancelled first, so what they lock is free for it.
    own = [order for order in sweep.own[met:] if order not in plan.cancels]
    before = plan.after
    if own:
        before = before.copy()
        before.release(own)
    lots_max = None
    if state.position_limit == "enforce":
        # A reversal opens what it has closed: open interest stays.
        lots_max = position_lots_max(market, 0)
    leg = OpenLeg(before, side, hedge, lots_max)
    trial = leg.judge(opens)
    plan.needed_e20, plan.free_e20 = trial.needed_e20, trial.free_e20
    shortfall = state.short_of_margin if command.shortfall == "auto" else command.shortfall
    if trial.reason not in (None, CancelReason.SHORTFALL_DUST) and shortfall == "largest":
        plan.shortfall = trial.reason
        affordable = leg.largest(opens)
        if affordable == 0:
            return
        opens = first_lots(opens, affordable)
        trial = leg.judge(opens)
    if trial.reason is not None:
        plan.shortfall = trial.reason
        return
    plan.cancel(own, CancelReason.SELF_TRADE)
    plan.opens = opens
    plan.opened_lots = matched_lots(opens)
    plan.after = trial.after


def _unlocked_lots(plan: ReversalPlan) -> int:
    """What of the close leg may be traded once more in one-way mode, without touching what orders hold."""
    locked = plan.holding.locked_lots(plan.from_side)
    if locked == 0:
        return plan.closed_lots
    left = plan.holding.lots(plan.from_side) - plan.closed_lots
    return min(plan.closed_lots, max(0, left - locked))
