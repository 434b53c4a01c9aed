"""Identifiers of orders: generated ones, clients' own, and how long those are remembered."""

from typing import Final

from backhand.commands import OrderType, Preset, SelfTradePrevention, TimeInForce
from backhand.engine.book import Order
from backhand.engine.state import FIRST_ID, Account, Holding, State
from backhand.events import Event, OrderAccepted, OrderSource

#: Client order ids are remembered this long and this many per account (DESIGN D15, errors.md).
CLIENT_OID_MEMORY_MS: Final = 30 * 24 * 3600 * 1000
CLIENT_OIDS_MAX: Final = 100_000
ID_DIGITS: Final = len(str(FIRST_ID))


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
    stp_mode: SelfTradePrevention = "none",
    take_profit: Preset | None = None,
    stop_loss: Preset | None = None,
) -> Order:
    """Give an order its ids, remember its client order id, and tell that it exists."""
    order_id, client_oid = take_ids(state, holding.account, client_oid)
    order = Order(order_id, client_oid, holding, side, hold_side, closing, price_ticks, size_lots)
    order.post_only = tif == "post_only"
    order.stp_mode = stp_mode
    order.take_profit = take_profit
    order.stop_loss = stop_loss
    events.append(
        OrderAccepted(
            order_id,
            client_oid,
            holding.account.uid,
            holding.market.symbol,
            side,
            hold_side,
            closing,
            order_type,
            tif,
            price_ticks,
            size_lots,
            "isolated" if holding.isolated else "crossed",
            holding.leverage(-side if closing else side),
            source,
            stp_mode,
            take_profit,
            stop_loss,
        )
    )
    return order


def take_ids(state: State, account: Account, client_oid: str | None) -> tuple[int, str]:
    """Give an order its id, and a client order id where the client gave none: the id after it."""
    order_id = state.take_order_id()
    if client_oid is not None:
        remember(state, account, client_oid)
        return order_id, client_oid
    # A client may have used the text that would be generated: then the next id is as good.
    while is_taken(account, str(order_id + 1)):
        order_id = state.take_order_id()
    return order_id, str(order_id + 1)


def is_taken(account: Account, client_oid: str) -> bool:
    """Whether a text names an order of the account, or is remembered."""
    return (
        client_oid in account.open_client_oids
        or client_oid in account.waiting_client_oids
        or client_oid in account.client_oids
    )


def is_duplicate(state: State, account: Account, client_oid: str | None) -> bool:
    """
    Whether a client order id is in use, or was within its memory (errors.md, duplicate rules).

    What looks like an id that the venue has generated already counts as one.
    """
    if client_oid is None:
        return False
    if client_oid in account.open_client_oids or client_oid in account.waiting_client_oids:
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


def venue_order(
    state: State, holding: Holding, side: int, lots: int, source: OrderSource, events: list[Event]
) -> Order:
    """An order of the venue's own making that closes lots of a holding; the house's makes no event."""
    account = holding.account
    if account.is_house:
        return Order(state.take_order_id(), "", holding, side, 0, True, 0, lots)
    hold_side = -side if account.hedge_mode(holding.market.product_type) else 0
    return accept(state, holding, None, side, hold_side, True, "market", "ioc", 0, lots, source, events)
