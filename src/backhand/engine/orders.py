"""
Placing orders: judged without touching anything, then executed.

    judge   ─▶ Placement | Rejected     a flat list of checks in the documented order; a sweep and a preview
    execute ─▶ cancels, acceptance, fills, rest

`judge` works for whoever places an order: a client, a waiting order whose price came, a flash close.
"""

from typing import Final

from backhand.commands import Effect, PlaceOrder, TimeInForce
from backhand.engine.accepting import accept, is_duplicate
from backhand.engine.book import Order
from backhand.engine.fills import cancel, end, rest, trade
from backhand.engine.guard import capped_ticks, worst_close_ticks
from backhand.engine.limits import (
    TRIGGERS_MAX,
    opening_lots,
    position_lots_max,
    resting_lots,
    too_many_orders,
    too_many_positions,
    waiting_orders,
)
from backhand.engine.margin import EVERY_PRICE, band_edge_ticks, order_reserve_e8, unrealised_e20, value_e20
from backhand.engine.market import Market
from backhand.engine.matching import Match, matched_lots, split_lots
from backhand.engine.presets import preset_fault, presets_valid
from backhand.engine.preview import Preview
from backhand.engine.refusals import lots_text, refuse, ticks_text
from backhand.engine.state import Account, Holding, State
from backhand.engine.sweep import Sweep
from backhand.events import CancelReason, Event, MarginModeSet, OrderSource, Rejected, RejectReason
from backhand.units import E12, format_decimal

#: Orders that close a whole position, whatever its size and whatever other orders hold of it.
WHOLE_SOURCES: Final = ("close", "position_take_profit", "position_stop_loss")
#: Orders that close what they can, however small: refusing a stop-loss for its size would be worse.
PROTECTING_SOURCES: Final = ("take_profit", "stop_loss", "trailing_stop")


class Placement:
    """What an order will do: what it is, what it hits, what it ends, and what becomes of its rest."""

    def __init__(self, holding: Holding, command: PlaceOrder, source: OrderSource) -> None:
        self.holding = holding
        self.command = command
        self.source: OrderSource = source
        self.side = 0
        self.hold_side = 0
        self.closing = False
        self.size_lots = 0
        self.tif: TimeInForce = "gtc"
        self.switches_mode = False
        #: Orders that end before the fills: older closing ones, and own ones that would be hit.
        self.displaced: list[Order] = []
        self.own: list[Order] = []
        self.matches: list[Match] = []
        #: Why the rest ends; None when it rests.
        self.ending: CancelReason | None = None


def place_order(state: State, command: PlaceOrder, events: list[Event]) -> None:
    """
    Accept an order, match it, and rest what its time in force lets rest.

    Source: bitget-v2/place-order (rest-private.md section 5); contracts.md section 5.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    placement = judge(
        state, account, market, command, "market" if command.order_type == "market" else "normal", None
    )
    if isinstance(placement, Rejected):
        return refuse(events, placement.reason, placement.detail)

    # Nothing may fail below this line.
    execute(state, placement, events)
    return None


def judge(
    state: State,
    account: Account,
    market: Market,
    command: PlaceOrder,
    source: OrderSource,
    replaced: Order | None,
) -> Placement | Rejected:
    """
    Work out an order against the book without touching anything; `replaced` is the order it takes over from.

    The checks stand in the order of `precedence`.
    """
    hedge = account.hedge_mode(market.product_type)
    if hedge and command.effect is None:
        return Rejected(RejectReason.EFFECT_MISSING)
    if hedge and command.effect == "invalid":
        return Rejected(RejectReason.EFFECT_INVALID)
    closing = closes(command.effect, command.reduce_only, hedge)
    refusal = may_trade(market, closing)
    if refusal is not None:
        return refusal
    holding = account.holding(market)
    switches = command.margin_mode is not None and command.margin_mode != holding.margin_mode()
    if switches and not holding.is_flat():
        return Rejected(RejectReason.MARGIN_MODE_MISMATCH, holding.margin_mode())
    if is_duplicate(state, account, command.client_oid):
        return Rejected(RejectReason.DUPLICATE_CLIENT_OID)

    price = command.price_ticks
    is_market = command.order_type == "market"
    if (price is None and not is_market) or (price is not None and price <= 0):
        return Rejected(RejectReason.INVALID_PRICE)
    if not presets_valid(command.take_profit, command.stop_loss):
        return Rejected(RejectReason.INVALID_PRICE)
    # In hedge mode `side` names the leg; the trade that closes a leg goes the other way.
    side: int = -command.side if hedge and closing else command.side
    size = command.size_lots
    size_max = market.contract.market_size_lots_max if is_market else market.contract.limit_size_lots_max
    if size > size_max and source not in WHOLE_SOURCES:
        return Rejected(RejectReason.SIZE_TOO_LARGE, lots_text(market, size_max))
    edge = band_edge_ticks(market, side)
    if price is not None and side > 0 and price > edge:
        return Rejected(RejectReason.PRICE_ABOVE_BAND, ticks_text(market, edge))
    if price is not None and side < 0 and price < edge:
        return Rejected(RejectReason.PRICE_BELOW_BAND, ticks_text(market, edge))
    limit = edge if price is None else price

    placement = Placement(holding, command, source)
    placement.side = side
    placement.hold_side = command.side if hedge else 0
    placement.closing = closing
    placement.switches_mode = switches
    held = holding.lots(-side)
    free = held - holding.locked_lots(-side)
    if replaced is not None and replaced.reduce_only and replaced.side == side:
        free += replaced.open_lots
    if closing:
        if held == 0:
            return Rejected(RejectReason.NO_POSITION_TO_CLOSE)
        if hedge and source not in WHOLE_SOURCES:
            if free == 0 and not is_market:
                return Rejected(RejectReason.NOTHING_AVAILABLE_TO_CLOSE)
            size = min(size, free or held)
        elif size > held:
            return Rejected(RejectReason.REDUCE_ONLY_TOO_LARGE)
        placement.displaced = oldest_closing(holding, -side, size - free, replaced)
    leg = holding.leg(-side)
    if leg is not None and (closing or not hedge):
        guard = worst_close_ticks(holding, leg)
        capped = capped_ticks(leg.side, limit, guard)
        if price is not None and capped != price:
            return Rejected(
                RejectReason.LIMIT_BUY_BANKRUPTS if side > 0 else RejectReason.LIMIT_SELL_BANKRUPTS,
                "" if guard == EVERY_PRICE else ticks_text(market, guard),
            )
        if capped == EVERY_PRICE:
            return Rejected(
                RejectReason.MARKET_BUY_BANKRUPTS if side > 0 else RejectReason.MARKET_SELL_BANKRUPTS
            )
        limit = capped
    placement.size_lots = size
    small = size < market.size_lots_min and source not in PROTECTING_SOURCES
    if size <= 0 or (small and not (closing and size == held)):
        return Rejected(RejectReason.SIZE_TOO_SMALL, lots_text(market, market.size_lots_min))
    opening = 0 if closing else size if hedge else max(0, size - held)
    reference = market.mark_price_e12 if price is None else price * market.tick_e12
    if opening and value_e20(market, size, reference) < market.value_min_e20:
        return Rejected(RejectReason.VALUE_TOO_SMALL, format_decimal(market.contract.value_min_e8, 8))
    if not closing and (command.take_profit is not None or command.stop_loss is not None):
        refusal = preset_fault(market, side, reference, command.take_profit, command.stop_loss)
        if refusal is not None:
            return refusal
        if waiting_orders(holding, True) >= TRIGGERS_MAX:
            return Rejected(RejectReason.TOO_MANY_TRIGGERS, str(TRIGGERS_MAX))
    tif: TimeInForce = "ioc" if is_market else command.time_in_force
    placement.tif = tif
    leaving = len(placement.displaced) + (0 if replaced is None else 1)
    if tif in ("gtc", "post_only") and too_many_orders(holding, leaving):
        return Rejected(RejectReason.TOO_MANY_ORDERS, str(market.contract.symbol_orders_max))
    # A one-way order that turns a position over leaves as many as there were.
    is_new = holding.leg(side) is None and (hedge or held == 0)
    if opening and is_new and too_many_positions(holding):
        return Rejected(RejectReason.TOO_MANY_POSITIONS, str(market.contract.positions_max))

    _match(placement, limit)
    matched = matched_lots(placement.matches)
    met_own = placement.own or placement.ending is CancelReason.SELF_TRADE
    if is_market and matched == 0 and not met_own:
        return Rejected(RejectReason.NO_LIQUIDITY, market.symbol)
    if not closing and not is_stillborn(placement):
        resting = 0 if placement.ending else size - matched
        isolated = holding.isolated != switches
        is_limited = opening > 0 and state.position_limit == "enforce"
        if is_limited and holding.lots(side) + opening > position_lots_max(market, opening):
            return Rejected(RejectReason.POSITION_LIMIT_EXCEEDED)
        preview = Preview(holding, isolated)
        preview.release(placement.own)
        if replaced is not None:
            preview.release([replaced])
        shortage = check_funds(preview, side, hedge, placement.matches, resting, limit, replaced)
        if shortage is not None:
            return Rejected(shortage)
    return placement


def closes(effect: Effect | None, reduce_only: bool, hedge: bool) -> bool:
    """Whether an order only closes, by the words of the position mode."""
    return effect == "close" if hedge else reduce_only


def may_trade(market: Market, closing: bool) -> Rejected | None:
    """Why a market takes no order of this kind now."""
    status = market.contract.status
    if status != "normal" and not (status == "limit_open" and closing):
        reason = RejectReason.OPENING_DISABLED if status == "limit_open" else RejectReason.SYMBOL_NOT_TRADING
        return Rejected(reason, market.symbol)
    if market.mark_price_e12 == 0:
        return Rejected(RejectReason.NO_INDEX_PRICE, market.symbol)
    return None


def _match(placement: Placement, limit: int) -> None:
    """Find what an order would hit, and what its time in force and self-trade rule make of it."""
    holding, tif, size = placement.holding, placement.tif, placement.size_lots
    stp = "none" if tif == "post_only" else placement.command.stp_mode
    sweep = Sweep(holding.market, placement.side, holding, stp, placement.closing, placement.hold_side)
    matches = sweep.take(size, limit)
    matched = matched_lots(matches)
    placement.own = sweep.own
    if tif == "post_only" and matched:
        placement.ending = CancelReason.POST_ONLY_WOULD_TAKE
    elif tif == "fok" and matched < size:
        placement.ending = CancelReason.FILL_OR_KILL
    elif sweep.stopped and matched < size:
        placement.ending = CancelReason.SELF_TRADE
    elif tif == "ioc" and matched < size:
        placement.ending = CancelReason.IMMEDIATE_REMAINDER
    if is_stillborn(placement):
        placement.own = []
        placement.displaced = []
    else:
        placement.matches = matches


def is_stillborn(placement: Placement) -> bool:
    """Whether the order ends as it came, without doing anything."""
    return placement.ending in (CancelReason.POST_ONLY_WOULD_TAKE, CancelReason.FILL_OR_KILL)


def execute(state: State, placement: Placement, events: list[Event]) -> Order:
    """Do what was judged; nothing in here can fail."""
    holding, command = placement.holding, placement.command
    holding.account.keep(holding)
    if placement.switches_mode and not is_stillborn(placement):
        holding.isolated = not holding.isolated
        events.append(margin_mode_set(holding))
    order = accept(
        state,
        holding,
        command.client_oid,
        placement.side,
        placement.hold_side,
        placement.closing,
        command.order_type,
        placement.tif,
        command.price_ticks or 0,
        placement.size_lots,
        placement.source,
        events,
        command.stp_mode,
        None if placement.closing else command.take_profit,
        None if placement.closing else command.stop_loss,
    )
    for other in placement.displaced:
        cancel(state, other, CancelReason.DISPLACED, events)
    for other in placement.own:
        cancel(state, other, CancelReason.SELF_TRADE, events)
    for match in placement.matches:
        trade(state, order, match, events)
    if order.open_lots:
        if placement.ending is None:
            rest(state, order)
        else:
            end(order, placement.ending, events)
    return order


def check_funds(
    preview: Preview,
    side: int,
    hedge: bool,
    matches: list[Match],
    resting: int,
    limit: int,
    replaced: Order | None,
) -> RejectReason | None:
    """Whether what an order opens, filled now or resting, may be opened and can be paid for."""
    holding = preview.holding
    market = holding.market
    opening = matches
    overdone = False
    older = resting_lots(holding, side, replaced)
    if not hedge:
        # What an own order takes of the leg, it opens again: what others take closes it.
        closed, opening = split_lots(matches, holding.lots(-side), holding)
        preview.meet(side, 0, closed)
        # Where anything comes after them, own orders are gone, and what they locked is free.
        own = [match for match in closed if match.maker.holding is holding]
        preview.release([match.maker for match in own])
        # What they open again is an opening of any size, and costs fees. To isolated legs `Sweep` sees.
        if matched_lots(own) and not preview.isolated:
            overdone = preview.exceeds_opening_ratio(-side)
        # Older orders come first at closing what is left of the position.
        left, locked = preview.lots(-side), holding.locked_lots(-side)
        # Closing orders that hold more than that end with what is closed now.
        for order in oldest_closing(holding, -side, locked - left):
            locked -= order.open_lots
        resting_then = opening_lots(older + resting, left, locked)
        older = opening_lots(older, left, locked)
        resting = resting_then - older
    if resting == 0 and not opening and not overdone:
        return None
    available = preview.available_e20()
    leverage = holding.leverage_in(side, preview.isolated)
    need = preview.opening_need_e20(side, opening) + order_reserve_e8(market, resting, limit, leverage) * E12
    preview.meet(side, side, opening)
    if preview.exceeds_tier(side, resting + older):
        return RejectReason.TIER_EXCEEDED
    loses = resting > 0 and unrealised_e20(market, side, resting, limit * market.tick_e12) < 0
    if loses:
        preview.extend(side, resting, limit)
    if overdone or need > available or ((opening or loses) and preview.exceeds_opening_ratio(side)):
        return RejectReason.INSUFFICIENT_MARGIN
    return None


def oldest_closing(holding: Holding, side: int, lots: int, but: Order | None = None) -> list[Order]:
    """The oldest closing orders of a leg that together hold at least `lots`."""
    found: list[Order] = []
    left = lots
    if left > 0:
        for order in holding.orders.values():
            if order.reduce_only and order.side == -side and order is not but:
                found.append(order)
                left -= order.open_lots
                if left <= 0:
                    break
    return found


def margin_mode_set(holding: Holding) -> MarginModeSet:
    """The event that tells a holding's margin mode and leverages."""
    return MarginModeSet(
        holding.account.uid,
        holding.market.symbol,
        "isolated" if holding.isolated else "crossed",
        holding.crossed_leverage,
        holding.long_leverage,
        holding.short_leverage,
    )
