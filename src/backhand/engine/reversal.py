"""
Position reversal: close a position and open the same size on the other side, as one step.

    judge ─▶ ReversalPlan | refusal        nothing is touched; a quote would stop here
    apply ─▶ cancels, both orders, the fills of both legs, one `PositionReversed`

The plan holds every match of both legs, so the result is the plan by construction; an invariant says
so to the last unit of the wallet. Source: reversal.md (decisions A1 to A20), contracts.md section 11.
"""

from backhand.commands import INVALID_SIDE, ReversePosition
from backhand.engine.accepting import accept, is_duplicate, remember
from backhand.engine.book import Order
from backhand.engine.fills import cancel, end, trade
from backhand.engine.guard import capped_ticks, worst_close_ticks
from backhand.engine.invariants import invariant
from backhand.engine.margin import EVERY_PRICE, band_edge_ticks, value_e20
from backhand.engine.market import Market
from backhand.engine.matching import Match, Sweep, first_lots, matched_lots, split_lots
from backhand.engine.orders import oldest_closing
from backhand.engine.preview import Preview
from backhand.engine.refusals import lots_text, refuse
from backhand.engine.state import Holding, Position, State
from backhand.events import (
    CancelReason,
    Event,
    OrderSource,
    PositionReversed,
    Rejected,
    RejectReason,
)


class ReversalPlan:
    """
    What a reversal will do: orders to cancel, both legs' matches, and the holding as it stands then.

    `shortfall` tells why the open leg is smaller than the close leg, None when it is not.
    """

    def __init__(self, holding: Holding, from_side: int, size_lots: int) -> None:
        self.holding = holding
        self.from_side = from_side
        self.size_lots = size_lots
        self.cancels: list[Order] = []
        self.cancel_reasons: list[CancelReason] = []
        self.closes: list[Match] = []
        self.opens: list[Match] = []
        self.closed_lots = 0
        self.opened_lots = 0
        self.shortfall: CancelReason | None = None
        self.size_ignored = False
        self.after = Preview(holding, holding.isolated)

    def cancel(self, orders: list[Order], reason: CancelReason) -> None:
        """Plan to cancel orders."""
        for order in orders:
            self.cancels.append(order)
            self.cancel_reasons.append(reason)


def plan_reversal(state: State, command: ReversePosition) -> ReversalPlan | Rejected:
    """
    Work out both legs against the book without touching anything.

    Refusals, first that applies: unknown account or symbol, symbol not trading, trade side missing or
    invalid (hedge), side missing or invalid, duplicate client order id, no position on that side, size
    off the grid or too small (where a size counts), no index price, no liquidity within the band.
    """
    account = state.client(command.uid)
    if account is None:
        return Rejected(RejectReason.UNKNOWN_ACCOUNT, command.uid)
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
    if is_duplicate(state, account, command.client_oid):
        return Rejected(RejectReason.DUPLICATE_CLIENT_OID)
    holding = account.holdings.get(market.symbol)
    position = None if holding is None else held_position(holding, command.side if hedge else None)
    if holding is None or position is None:
        return Rejected(RejectReason.NO_POSITION_TO_REVERSE)

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
    if market.mark_price_e12 == 0:
        return Rejected(RejectReason.NO_INDEX_PRICE, market.symbol)

    plan = ReversalPlan(holding, position.side, size)
    plan.size_ignored = sized and not counts
    _plan_locked(plan, hedge)
    sweep = Sweep(market, -position.side, account)
    _plan_close(plan, position, sweep)
    if plan.closed_lots == 0:
        # The guard may leave nothing to close at; only a band without any order refuses.
        anything = Sweep(market, -position.side, account).take(1, band_edge_ticks(market, -position.side))
        if matched_lots(anything) == 0:
            return Rejected(RejectReason.NO_LIQUIDITY, market.symbol)
    _plan_open(plan, sweep, hedge, command.shortfall)
    return plan


def held_position(holding: Holding, side: int | None) -> Position | None:
    """The leg on a side; without a side, the one position of one-way mode."""
    if side is not None:
        return holding.leg(side)
    return holding.long if holding.long is not None else holding.short


def _plan_locked(plan: ReversalPlan, hedge: bool) -> None:
    """
    What resting closing orders of the leg mean for the reversal (A10).

    One-way: all of them are cancelled. Hedge: only what is free is reversed; when nothing is free, the
    oldest are cancelled until the size is.
    """
    holding, side = plan.holding, plan.from_side
    held = holding.lots(side)
    free = held - holding.locked_lots(side)
    if not hedge:
        plan.cancel(oldest_closing(holding, side, held), CancelReason.REVERSAL)
    elif free == 0:
        plan.cancel(oldest_closing(holding, side, plan.size_lots), CancelReason.REVERSAL)
    else:
        plan.size_lots = min(plan.size_lots, free)


def _plan_close(plan: ReversalPlan, position: Position, sweep: Sweep) -> None:
    """Match the close leg within the band and, as far as it helps, the bankruptcy price (A19)."""
    market = plan.holding.market
    side = plan.from_side
    edge = band_edge_ticks(market, -side)
    limit = capped_ticks(side, edge, worst_close_ticks(plan.holding, position))
    plan.closes = [] if limit == EVERY_PRICE else sweep.take(plan.size_lots, limit)
    plan.closed_lots = matched_lots(plan.closes)
    plan.cancel(sweep.own, CancelReason.SELF_TRADE)
    plan.after.release(plan.cancels)
    plan.after.close(side, plan.closes)


def _plan_open(plan: ReversalPlan, sweep: Sweep, hedge: bool, shortfall: str) -> None:
    """Match the open leg for what was closed, if it may be opened and can be paid for (A12, A13)."""
    holding = plan.holding
    market = holding.market
    side = -plan.from_side
    if market.contract.status == "limit_open":
        plan.shortfall = CancelReason.SHORTFALL_OPENING_DISABLED
        return
    # One-way legs net: while the old position is not gone, more of the same trade would only close it.
    unfinished = not hedge and plan.closed_lots < plan.size_lots
    met = len(sweep.own)
    opens = [] if unfinished else sweep.take(plan.closed_lots, band_edge_ticks(market, side))
    lots = matched_lots(opens)
    if lots == 0:
        plan.shortfall = CancelReason.SHORTFALL_LIQUIDITY
        return
    if lots < plan.closed_lots:
        plan.shortfall = CancelReason.SHORTFALL_LIQUIDITY
    # Own orders that the leg would hit are cancelled first, so what they lock is free for it.
    own = sweep.own[met:]
    before = plan.after.copy()
    before.release(own)
    after, reason = _open(before, side, hedge, opens)
    if reason is not None and reason is not CancelReason.SHORTFALL_DUST and shortfall == "largest":
        plan.shortfall = reason
        affordable = _largest(before, side, hedge, opens)
        if affordable == 0:
            return
        opens = first_lots(opens, affordable)
        after, reason = _open(before, side, hedge, opens)
    if reason is not None:
        plan.shortfall = reason
        return
    plan.cancel(own, CancelReason.SELF_TRADE)
    plan.opens = opens
    plan.opened_lots = matched_lots(opens)
    plan.after = after


def _open(before: Preview, side: int, hedge: bool, opens: list[Match]) -> tuple[Preview, CancelReason | None]:
    """The holding after the open leg, and why that may not be: dust, margin or tier; None when it may."""
    market = before.market
    after = before.copy()
    if matched_lots(opens) < market.size_lots_min or _value_e20(market, opens) < market.value_min_e20:
        return after, CancelReason.SHORTFALL_DUST
    left = 0 if hedge else before.lots(-side)
    if left:
        # Only where one-way sizes are honoured is there still something to close (A6).
        closes, pure = split_lots(opens, left)
        closed = before.copy()
        closed.close(-side, closes)
        short = closed.opening_need_e20(side, pure) > closed.available_e20()
        after.net(side, opens)
        if not pure:
            return after, None
    else:
        short = before.opening_need_e20(side, opens) > before.available_e20()
        after.open(side, opens)
    if short:
        return after, CancelReason.SHORTFALL_MARGIN
    if after.exceeds_tier(side, 0):
        return after, CancelReason.SHORTFALL_TIER
    if after.exceeds_opening_ratio(side):
        return after, CancelReason.SHORTFALL_MARGIN
    return after, None


def _largest(before: Preview, side: int, hedge: bool, opens: list[Match]) -> int:
    """The most lots of these matches that may be opened: need grows with size, so bisection finds it."""
    low, high = 0, matched_lots(opens)
    while low < high:
        middle = (low + high + 1) // 2
        _, reason = _open(before, side, hedge, first_lots(opens, middle))
        if reason is None or reason is CancelReason.SHORTFALL_DUST:
            low = middle
        else:
            high = middle - 1
    return low


def _value_e20(market: Market, matches: list[Match]) -> int:
    value = 0
    for match in matches:
        value += value_e20(market, match.lots, match.maker.price_ticks * market.tick_e12)
    return value


def reverse(state: State, command: ReversePosition, events: list[Event]) -> None:
    """Plan a reversal and apply the plan, or refuse with the first reason that applies."""
    plan = plan_reversal(state, command)
    if isinstance(plan, Rejected):
        return refuse(events, plan.reason, plan.detail)

    # Nothing may fail below this line.
    holding = plan.holding
    account = holding.account
    market = holding.market
    side = -plan.from_side
    hold_side = plan.from_side if account.hedge_mode(market.product_type) else 0
    source: OrderSource = "trader_reverse" if account.copy_trader else "reverse"
    cancelled: list[int] = []
    for order, reason in zip(plan.cancels, plan.cancel_reasons, strict=True):
        cancelled.append(order.order_id)
        cancel(state, order, reason, events)
    if command.client_oid is not None:
        remember(state, account, command.client_oid)
    # Both records exist before either leg runs: the returned id always resolves (A14).
    close = accept(
        state, holding, None, side, hold_side, True, "market", "ioc", 0, plan.size_lots, source, events
    )
    open_lots = plan.closed_lots or plan.size_lots
    opened = accept(
        state,
        holding,
        command.client_oid,
        side,
        -hold_side,
        False,
        "market",
        "ioc",
        0,
        open_lots,
        source,
        events,
    )
    for match in plan.closes:
        trade(state, close, match, events)
    if close.open_lots:
        end(close, CancelReason.SHORTFALL_LIQUIDITY, events)
    for match in plan.opens:
        trade(state, opened, match, events)
    if opened.open_lots:
        end(opened, plan.shortfall or CancelReason.SHORTFALL_LIQUIDITY, events)
    invariant(holding.ledger.wallet_e8 == plan.after.wallet_e8, "a reversal's result is its plan")
    events.append(
        PositionReversed(
            account.uid,
            market.symbol,
            plan.from_side,
            close.order_id,
            opened.order_id,
            opened.client_oid,
            plan.closed_lots,
            plan.opened_lots,
            plan.shortfall,
            tuple(cancelled),
            plan.size_ignored,
        )
    )
    return None
