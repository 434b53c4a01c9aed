"""How many orders and positions an account may have, how large a share, and what its orders may open."""

from typing import Final

from backhand.engine.book import Order
from backhand.engine.market import Market
from backhand.engine.state import Holding
from backhand.units import E8

#: Waiting orders of a symbol, per account and group of kinds; far more than a strategy needs.
TRIGGERS_MAX: Final = 100


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


def too_many_positions(holding: Holding) -> bool:
    """Whether the product type holds as many positions as it may."""
    account, market = holding.account, holding.market
    if 2 * len(account.holdings) < market.contract.positions_max:
        return False
    count = 0
    for other in account.holdings.values():
        if other.market.product_type == market.product_type:
            count += (other.long is not None) + (other.short is not None)
    return count >= market.contract.positions_max


def waiting_orders(holding: Holding, protecting: bool) -> int:
    """How many orders of one group of kinds wait for their price."""
    count = 0
    for trigger in holding.triggers.values():
        if (trigger.position_id != 0) == protecting:
            count += 1
    return count


def position_lots_max(market: Market, opened_lots: int) -> int:
    """The most that a leg may hold, its share of open interest, after these further lots are open."""
    return (market.long_lots + opened_lots) * market.contract.position_limit_rate_e8 // E8


def resting_lots(holding: Holding, side: int, but: Order | None = None) -> int:
    """Open lots of the orders of a trade direction that are not reduce-only."""
    lots = 0
    for order in holding.orders.values():
        if order.side == side and not order.reduce_only and order is not but:
            lots += order.open_lots
    return lots


def opening_lots(lots: int, held_lots: int, locked_lots: int) -> int:
    """What of one-way orders opens: they first close what the other side holds and nobody locks."""
    return max(0, lots - max(0, held_lots - locked_lots))
