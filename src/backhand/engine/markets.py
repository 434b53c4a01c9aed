"""Contracts, prices, and the house's ladder."""

from typing import Final

from backhand.commands import Contract, ListContract, ReplaceLadder, SetPrice
from backhand.engine.book import Order
from backhand.engine.fills import leave_book, rest, trade
from backhand.engine.matching import Sweep
from backhand.engine.orders import refuse
from backhand.engine.state import Holding, Market, State
from backhand.events import ContractListed, Event, LadderReplaced, PriceSet, RejectReason
from backhand.units import E8

#: Levels of a ladder per side: what `merge-depth` shows twice over.
LADDER_LEVELS_MAX: Final = 500
#: Bounds of prices and sizes: what a journal's 64-bit integers hold, with room.
PRICE_E12_MAX: Final = 9 * 10**18
SIZE_LOTS_MAX: Final = 10**15


def list_contract(state: State, command: ListContract, events: list[Event]) -> None:
    """List a contract, or change a listed one; its grid only while nobody holds or orders it."""
    contract = command.contract
    fault = contract_fault(state, contract)
    if fault:
        return refuse(events, RejectReason.INVALID_CONTRACT, fault)
    market = state.markets.get(contract.symbol)
    if market is None:
        state.markets[contract.symbol] = Market(contract)
    else:
        before = market.contract
        if _kind(before) != _kind(contract):
            return refuse(
                events, RejectReason.INVALID_CONTRACT, "a listed symbol keeps its product type and coins"
            )
        held = market.long_lots or market.book.bids.keys or market.book.asks.keys
        if held and (before.lot_e8, before.tick_e12) != (contract.lot_e8, contract.tick_e12):
            return refuse(events, RejectReason.CONTRACT_IN_USE, contract.symbol)
        market.last_price_ticks = market.last_price_ticks * before.tick_e12 // contract.tick_e12
        market.set_contract(contract)
    events.append(ContractListed(contract))
    return None


def _kind(contract: Contract) -> tuple[str, str, str, str, bool]:
    """What money and positions of a symbol are bound to."""
    coins = (contract.base_coin, contract.quote_coin, contract.margin_coin)
    return contract.product_type, *coins, contract.inverse


def contract_fault(state: State, contract: Contract) -> str:
    """What makes a contract's terms unusable, or an empty text."""
    if contract.lot_e8 < 1 or contract.tick_e12 < 1:
        return "size and price steps must be positive"
    size_max = min(contract.limit_size_lots_max, contract.market_size_lots_max)
    if not 1 <= contract.size_lots_min <= size_max:
        return "the size bounds must be positive and ascending"
    if not 1 <= contract.leverage_min <= contract.leverage_max:
        return "the leverage range must be ascending from 1"
    if not 0 <= contract.sell_band_rate_e8 < E8 or contract.buy_band_rate_e8 < 0:
        return "price band rates must be between 0 and 1"
    if max(abs(contract.taker_fee_rate_e8), abs(contract.maker_fee_rate_e8)) >= E8:
        return "fee rates must be below 1"
    if contract.margin_coin != (contract.base_coin if contract.inverse else contract.quote_coin):
        return "the margin coin must be the base coin of an inverse contract, else the quote coin"
    if not contract.tiers:
        return "at least one tier is needed"
    end = 0
    for tier in contract.tiers:
        if tier.end_value_e8 <= end or tier.leverage_max < 1 or not 0 <= tier.maintenance_rate_e8 < E8:
            return "tiers must ascend, with a leverage of at least 1 and a rate below 1"
        end = tier.end_value_e8
    for market in state.markets.values():
        if market.margin_coin == contract.margin_coin and market.product_type != contract.product_type:
            return "a margin coin belongs to one product type"
    return ""


def set_price(state: State, command: SetPrice, events: list[Event]) -> None:
    """Set index and mark; mark follows the index unless it is given."""
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    if not _prices_valid(command.index_price_e12, command.mark_price_e12):
        return refuse(events, RejectReason.INVALID_PRICE, command.symbol)
    _set_prices(market, command.index_price_e12, command.mark_price_e12, events)
    return None


def _prices_valid(index_e12: int | None, mark_e12: int | None) -> bool:
    return all(price is None or 0 < price <= PRICE_E12_MAX for price in (index_e12, mark_e12))


def _set_prices(market: Market, index_e12: int | None, mark_e12: int | None, events: list[Event]) -> None:
    """Take over new prices: an index moves a mark that is not held by hand in the same step."""
    if index_e12 is not None:
        market.index_price_e12 = index_e12
        market.mark_price_e12 = index_e12
    if mark_e12 is not None:
        market.mark_price_e12 = mark_e12
    events.append(PriceSet(market.symbol, market.index_price_e12, market.mark_price_e12))


def replace_ladder(state: State, command: ReplaceLadder, events: list[Event]) -> None:
    """
    Replace the house's ladder; levels that stay at their price keep their place in the queue.

    Levels that cross orders of clients trade as taker first, and rest with what is left.
    """
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    if not _prices_valid(command.index_price_e12, command.mark_price_e12):
        return refuse(events, RejectReason.INVALID_PRICE, command.symbol)
    fault = ladder_fault(command)
    if fault:
        return refuse(events, RejectReason.INVALID_LADDER, fault)
    if command.index_price_e12 is not None or command.mark_price_e12 is not None:
        _set_prices(market, command.index_price_e12, command.mark_price_e12, events)
    holding = state.house.holding(market)
    state.house.keep(holding)
    bids = dict(command.bids)
    asks = dict(command.asks)
    # What leaves goes first, on both sides: a new level never meets an old one of the house.
    _withdraw(market.house_bids, bids)
    _withdraw(market.house_asks, asks)
    events.append(LadderReplaced(market.symbol, command.bids, command.asks))
    _quote(state, holding, 1, bids, market.house_bids, events)
    _quote(state, holding, -1, asks, market.house_asks, events)
    return None


def ladder_fault(command: ReplaceLadder) -> str:
    """What makes a ladder unusable, or an empty text."""
    if len(command.bids) > LADDER_LEVELS_MAX or len(command.asks) > LADDER_LEVELS_MAX:
        return f"at most {LADDER_LEVELS_MAX} levels a side"
    for levels, direction in ((command.bids, -1), (command.asks, 1)):
        previous = 0
        for price_ticks, size_lots in levels:
            if price_ticks <= 0 or not 0 < size_lots <= SIZE_LOTS_MAX:
                return "prices and sizes must be positive"
            if previous and (price_ticks - previous) * direction <= 0:
                return "bids must fall and asks must rise from the best price on"
            previous = price_ticks
    if command.bids and command.asks and command.bids[0][0] >= command.asks[0][0]:
        return "the best bid must be below the best ask"
    return ""


def _withdraw(ladder: dict[int, Order], wanted: dict[int, int]) -> None:
    """Take out the house's orders at prices that are no longer quoted."""
    for price_ticks in list(ladder):
        if price_ticks not in wanted:
            leave_book(ladder[price_ticks])


def _quote(
    state: State,
    holding: Holding,
    side: int,
    wanted: dict[int, int],
    ladder: dict[int, Order],
    events: list[Event],
) -> None:
    for price_ticks, size_lots in wanted.items():
        order = ladder.get(price_ticks)
        if order is not None:
            level = order.level
            if level is not None:
                level.lots += size_lots - order.open_lots
            order.open_lots = size_lots
            order.size_lots = size_lots
            continue
        order = Order(state.take_order_id(), "", holding, side, 0, False, price_ticks, size_lots)
        for match in Sweep(holding.market, side, holding.account).take(size_lots, price_ticks):
            trade(state, order, match, events)
        if order.open_lots:
            rest(state, order)
            ladder[price_ticks] = order
