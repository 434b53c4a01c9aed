"""Changing an open limit order: another order in its place, or other presets on the same one."""

from backhand.commands import ModifyOrder, PlaceOrder
from backhand.engine.book import Order
from backhand.engine.cancelling import find_order
from backhand.engine.fills import cancel
from backhand.engine.market import Market
from backhand.engine.orders import execute, judge
from backhand.engine.presets import preset_fault, presets_valid
from backhand.engine.refusals import refuse
from backhand.engine.state import Account, State
from backhand.events import CancelReason, Event, OrderPresetsChanged, Rejected, RejectReason


def modify_order(state: State, command: ModifyOrder, events: list[Event]) -> None:
    """
    Replace a live limit order, or change its presets.

    The new order is judged as if the old one were gone already; where it is refused, the old one stays. An
    order that has filled in part is not modified. Price and size win over presets, which are then carried
    over. Source: Modify Order; rest-private.md section 5.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    order = find_order(account, command.symbol, command.order_id, command.client_oid)
    if order is None:
        return refuse(events, RejectReason.UNKNOWN_ORDER)
    if order.open_lots != order.size_lots:
        return refuse(events, RejectReason.ORDER_NOT_MODIFIABLE)
    if command.size_lots is not None and command.price_ticks is not None:
        return _replace(state, account, market, order, command, events)
    if not command.presets_sent:
        return refuse(events, RejectReason.ORDER_UNCHANGED)
    return _change_presets(market, order, command, events)


def _replace(
    state: State, account: Account, market: Market, order: Order, command: ModifyOrder, events: list[Event]
) -> None:
    price_ticks, size_lots = command.price_ticks, command.size_lots
    if (price_ticks, size_lots) == (order.price_ticks, order.size_lots):
        return refuse(events, RejectReason.ORDER_UNCHANGED)
    hedge = order.hold_side != 0
    side = order.hold_side or order.side
    request = PlaceOrder(
        command.uid,
        command.symbol,
        1 if side > 0 else -1,
        "limit",
        size_lots or 0,
        price_ticks,
        "post_only" if order.post_only else "gtc",
        ("close" if order.reduce_only else "open") if hedge else None,
        order.reduce_only and not hedge,
        None,
        command.new_client_oid,
        order.stp_mode,
        order.take_profit,
        order.stop_loss,
    )
    placement = judge(state, account, market, request, "modify", order)
    if isinstance(placement, Rejected):
        return refuse(events, placement.reason, placement.detail)

    # Nothing may fail below this line.
    cancel(state, order, CancelReason.MODIFIED, events)
    execute(state, placement, events)
    return None


def _change_presets(market: Market, order: Order, command: ModifyOrder, events: list[Event]) -> None:
    if order.reduce_only:
        return refuse(events, RejectReason.ORDER_NOT_MODIFIABLE)
    if not presets_valid(command.take_profit, command.stop_loss):
        return refuse(events, RejectReason.INVALID_PRICE)
    reference_e12 = order.price_ticks * market.tick_e12
    fault = preset_fault(market, order.side, reference_e12, command.take_profit, command.stop_loss)
    if fault is not None:
        return refuse(events, fault.reason, fault.detail)
    order.take_profit = command.take_profit
    order.stop_loss = command.stop_loss
    events.append(
        OrderPresetsChanged(
            order.order_id, command.uid, command.symbol, command.take_profit, command.stop_loss
        )
    )
    return None
