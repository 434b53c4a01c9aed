"""
Placing and cancelling orders.

`place_order` is a flat list of checks in the documented order of precedence; the first that fails is
the answer. What is needed is worked out on a `Sweep` and a `Preview`; below the line that says so,
nothing can fail any more.
"""

from typing import Final

from backhand.commands import CancelOrder, OrderType, PlaceOrder, TimeInForce
from backhand.engine.book import Order
from backhand.engine.fills import cancel, end, rest, trade
from backhand.engine.margin import band_edge_ticks, order_reserve_e8, value_e20
from backhand.engine.matching import Match, Sweep, matched_lots, split_lots
from backhand.engine.preview import Preview
from backhand.engine.state import FIRST_ID, Account, Holding, Market, State
from backhand.events import (
    CancelReason,
    Event,
    MarginModeSet,
    OrderAccepted,
    OrderSource,
    Rejected,
    RejectReason,
)
from backhand.units import E12, format_decimal

#: Client order ids are remembered this long and this many per account (DESIGN D15, errors.md).
CLIENT_OID_MEMORY_MS: Final = 30 * 24 * 3600 * 1000
CLIENT_OIDS_MAX: Final = 100_000
ID_DIGITS: Final = len(str(FIRST_ID))


def place_order(state: State, command: PlaceOrder, events: list[Event]) -> None:
    """
    Accept an order, match it, and rest what its time in force lets rest.

    Refusals, first that applies: unknown account or symbol, symbol not trading, opening disabled, no
    index price, trade side missing or invalid (hedge mode), margin mode other than the symbol's while it
    is in use, duplicate client order id, size out of bounds, price outside the band, nothing to close,
    value too small, too many orders, no liquidity (market), tier, margin.

    Source: bitget-v2/place-order (rest-private.md section 5); contracts.md section 5.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    hedge = account.hedge_mode(market.product_type)
    if hedge and command.effect is None:
        return refuse(events, RejectReason.EFFECT_MISSING)
    if hedge and command.effect == "invalid":
        return refuse(events, RejectReason.EFFECT_INVALID)
    closing = command.effect == "close" if hedge else command.reduce_only
    status = market.contract.status
    if status != "normal" and not (status == "limit_open" and closing):
        reason = RejectReason.OPENING_DISABLED if status == "limit_open" else RejectReason.SYMBOL_NOT_TRADING
        return refuse(events, reason, market.symbol)
    if market.mark_price_e12 == 0:
        return refuse(events, RejectReason.NO_INDEX_PRICE, market.symbol)
    holding = account.holding(market)
    mode_differs = command.margin_mode is not None and command.margin_mode != holding.margin_mode()
    if mode_differs and not holding.is_flat():
        return refuse(events, RejectReason.MARGIN_MODE_MISMATCH, holding.margin_mode())
    if is_duplicate(state, account, command.client_oid):
        return refuse(events, RejectReason.DUPLICATE_CLIENT_OID)

    if command.price_ticks is None and command.order_type == "limit":
        return refuse(events, RejectReason.INVALID_PRICE)
    if command.price_ticks is not None and command.price_ticks <= 0:
        return refuse(events, RejectReason.INVALID_PRICE)
    # In hedge mode `side` names the leg; the trade that closes a leg goes the other way.
    side: int = -command.side if hedge and closing else command.side
    hold_side: int = command.side if hedge else 0
    size = command.size_lots
    is_market = command.order_type == "market"
    price = command.price_ticks
    size_max = market.contract.market_size_lots_max if is_market else market.contract.limit_size_lots_max
    if size > size_max:
        return refuse(events, RejectReason.SIZE_TOO_LARGE, lots_text(market, size_max))
    edge = band_edge_ticks(market, side)
    if price is None:
        limit = edge
    else:
        if side > 0 and price > edge:
            return refuse(events, RejectReason.PRICE_ABOVE_BAND, ticks_text(market, edge))
        if side < 0 and price < edge:
            return refuse(events, RejectReason.PRICE_BELOW_BAND, ticks_text(market, edge))
        limit = price

    held = holding.lots(-side)
    free = held - holding.locked_lots(-side)
    displaced: list[Order] = []
    if closing:
        if held == 0:
            return refuse(events, RejectReason.NO_POSITION_TO_CLOSE)
        if hedge:
            if free == 0 and not is_market:
                return refuse(events, RejectReason.NOTHING_AVAILABLE_TO_CLOSE)
            size = min(size, free or held)
        elif size > held:
            return refuse(events, RejectReason.REDUCE_ONLY_TOO_LARGE)
        displaced = oldest_closing(holding, -side, size - free)
    if size < market.size_lots_min and not (closing and size == held):
        return refuse(events, RejectReason.SIZE_TOO_SMALL, lots_text(market, market.size_lots_min))
    opening = 0 if closing else size if hedge else max(0, size - held)
    reference = market.mark_price_e12 if price is None else price * market.tick_e12
    if opening and value_e20(market, size, reference) < market.value_min_e20:
        return refuse(events, RejectReason.VALUE_TOO_SMALL, format_decimal(market.contract.value_min_e8, 8))
    tif: TimeInForce = "ioc" if is_market else command.time_in_force
    may_rest = tif in ("gtc", "post_only")
    if may_rest and too_many_orders(holding, len(displaced)):
        return refuse(events, RejectReason.TOO_MANY_ORDERS, str(market.contract.symbol_orders_max))

    sweep = Sweep(market, side, None, None if closing else holding, hold_side)
    matches = sweep.take(size, limit)
    matched = matched_lots(matches)
    ending: CancelReason | None = None
    if is_market and matched == 0:
        return refuse(events, RejectReason.NO_LIQUIDITY, market.symbol)
    if tif == "post_only" and matched:
        matches, ending = [], CancelReason.POST_ONLY_WOULD_TAKE
    elif tif == "fok" and matched < size:
        matches, ending = [], CancelReason.FILL_OR_KILL
    elif tif == "ioc" and matched < size:
        ending = CancelReason.IMMEDIATE_REMAINDER

    stillborn = ending in (CancelReason.POST_ONLY_WOULD_TAKE, CancelReason.FILL_OR_KILL)
    if not closing and not stillborn:
        resting = 0 if ending else size - matched
        isolated = holding.isolated != mode_differs
        shortage = check_funds(Preview(holding, isolated), side, hedge, matches, resting, limit)
        if shortage is not None:
            return refuse(events, shortage)

    # Nothing may fail below this line.
    account.keep(holding)
    if mode_differs and not stillborn:
        holding.isolated = not holding.isolated
        events.append(margin_mode_set(holding))
    source: OrderSource = "market" if is_market else "normal"
    order = accept(
        state,
        holding,
        command.client_oid,
        side,
        hold_side,
        closing,
        command.order_type,
        tif,
        price or 0,
        size,
        source,
        events,
    )
    for other in [] if stillborn else displaced:
        cancel(state, other, CancelReason.DISPLACED, events)
    for match in matches:
        trade(state, order, match, events)
    if order.open_lots == 0:
        return None
    if ending is None:
        rest(state, order)
        return None
    end(order, ending, events)
    return None


def check_funds(
    preview: Preview, side: int, hedge: bool, matches: list[Match], resting: int, limit: int
) -> RejectReason | None:
    """Whether what an order opens, filled now or resting, may be opened and can be paid for."""
    holding = preview.holding
    market = holding.market
    opening = matches
    if not hedge:
        closes, opening = split_lots(matches, holding.lots(-side))
        preview.close(-side, closes)
        # Older orders come first at closing what is left of the position.
        spoken_for = holding.locked_lots(-side) + resting_lots(holding, side)
        resting -= min(resting, max(0, preview.lots(-side) - spoken_for))
    if resting == 0 and not opening:
        return None
    available = preview.available_e20()
    leverage = holding.leverage_in(side, preview.isolated)
    need = preview.opening_need_e20(side, opening) + order_reserve_e8(market, resting, limit, leverage) * E12
    preview.open(side, opening)
    if preview.exceeds_tier(side, resting + opening_lots(holding, side)):
        return RejectReason.TIER_EXCEEDED
    if need > available or (opening and preview.exceeds_opening_ratio(side)):
        return RejectReason.INSUFFICIENT_MARGIN
    return None


def accept(
    state: State,
    holding: Holding,
    client_oid: str | None,
    side: int,
    hold_side: int,
    closing: bool,
    order_type: OrderType,
    tif: TimeInForce,
    price_ticks: int,
    size_lots: int,
    source: OrderSource,
    events: list[Event],
) -> Order:
    """Give an order its ids, remember its client order id, and tell that it exists."""
    order_id = state.take_order_id()
    account = holding.account
    if client_oid is None:
        # A client may have used the text that would be generated: then the next id is as good.
        while str(order_id + 1) in account.client_oids or str(order_id + 1) in account.open_client_oids:
            order_id = state.take_order_id()
        client_oid = str(order_id + 1)
    else:
        remember(state, account, client_oid)
    order = Order(order_id, client_oid, holding, side, hold_side, closing, price_ticks, size_lots)
    leverage = holding.leverage(-side if closing else side)
    events.append(
        OrderAccepted(
            order_id,
            client_oid,
            account.uid,
            holding.market.symbol,
            side,
            hold_side,
            closing,
            order_type,
            tif,
            price_ticks,
            size_lots,
            "isolated" if holding.isolated else "crossed",
            leverage,
            source,
        )
    )
    return order


def cancel_order(state: State, command: CancelOrder, events: list[Event]) -> None:
    """Cancel an open order of the account; unknown ids, and orders of other symbols, are refused."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    order: Order | None = None
    if command.order_id is not None:
        order = account.orders.get(command.order_id)
    elif command.client_oid is not None:
        order = account.open_client_oids.get(command.client_oid)
    if order is None or order.holding.market.symbol != command.symbol:
        return refuse(events, RejectReason.UNKNOWN_ORDER)
    cancel(state, order, CancelReason.BY_CLIENT, events)
    return None


def refuse(events: list[Event], reason: RejectReason, detail: str = "") -> None:
    """Answer a command with a refusal; nothing has changed."""
    events.append(Rejected(reason, detail))


def is_duplicate(state: State, account: Account, client_oid: str | None) -> bool:
    """
    Whether a client order id is in use, or was within its memory (errors.md, duplicate rules).

    What looks like an id that the venue has generated already counts as one.
    """
    if client_oid is None:
        return False
    if client_oid in account.open_client_oids:
        return True
    if (
        len(client_oid) == ID_DIGITS
        and client_oid.isascii()
        and client_oid.isdigit()
        and FIRST_ID < int(client_oid) < state.next_order_id
    ):
        return True
    forget_at_ms = account.client_oids.get(client_oid)
    return forget_at_ms is not None and forget_at_ms > state.time_ms


def remember(state: State, account: Account, client_oid: str) -> None:
    """Remember a client order id, and forget those that are too old or too many."""
    remembered = account.client_oids
    remembered.pop(client_oid, None)
    remembered[client_oid] = state.time_ms + CLIENT_OID_MEMORY_MS
    # At most two are forgotten for each one remembered: the work of a command stays bounded.
    for _ in range(2):
        oldest = next(iter(remembered))
        if len(remembered) <= CLIENT_OIDS_MAX and remembered[oldest] > state.time_ms:
            break
        del remembered[oldest]


def oldest_closing(holding: Holding, side: int, lots: int) -> list[Order]:
    """The oldest closing orders of a leg that together hold at least `lots`."""
    found: list[Order] = []
    left = lots
    if left > 0:
        for order in holding.orders.values():
            if order.reduce_only and order.side == -side:
                found.append(order)
                left -= order.open_lots
                if left <= 0:
                    break
    return found


def too_many_orders(holding: Holding, leaving: int) -> bool:
    """Whether the symbol or its product type holds as many open orders as it may."""
    account, market = holding.account, holding.market
    if len(holding.orders) - leaving >= market.contract.symbol_orders_max:
        return True
    if len(account.orders) < market.contract.product_orders_max:
        return False
    count = 0
    for other in account.holdings.values():
        if other.market.product_type == market.product_type:
            count += len(other.orders)
    return count - leaving >= market.contract.product_orders_max


def resting_lots(holding: Holding, side: int) -> int:
    """Open lots of the orders of a trade direction that are not reduce-only."""
    lots = 0
    for order in holding.orders.values():
        if order.side == side and not order.reduce_only:
            lots += order.open_lots
    return lots


def opening_lots(holding: Holding, side: int) -> int:
    """What of those lots opens: one-way orders first close what the other side holds and nobody locks."""
    lots = resting_lots(holding, side)
    if holding.account.hedge_mode(holding.market.product_type):
        return lots
    return max(0, lots - holding.lots(-side) + holding.locked_lots(-side))


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


def lots_text(market: Market, lots: int) -> str:
    """A size as clients read it."""
    return format_decimal(lots * market.lot_e8, 8)


def ticks_text(market: Market, ticks: int) -> str:
    """A price as clients read it."""
    return format_decimal(ticks * market.tick_e12, 12)
