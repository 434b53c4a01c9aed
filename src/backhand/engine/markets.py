"""Contracts: listed, changed, closed for opening, and taken off with what is settled then."""

from backhand.commands import Contract, ListContract
from backhand.engine.accepting import venue_order
from backhand.engine.book import Order
from backhand.engine.fills import cancel, settle_between, touch
from backhand.engine.firing import drop
from backhand.engine.ladder import withdraw
from backhand.engine.liquidation import cover_deficit
from backhand.engine.margin import mark_ticks
from backhand.engine.market import Market
from backhand.engine.prices import begin_funding, next_funding_ms
from backhand.engine.refusals import refuse
from backhand.engine.state import Holding, Position, State
from backhand.events import CancelReason, ContractListed, Event, RejectReason
from backhand.units import E8


def list_contract(state: State, command: ListContract, events: list[Event]) -> None:
    """
    List a contract, or change a listed one; its grid only while nobody holds or orders it.

    Closed for opening (`limit_open`), the orders that would open end; taken off (`off`), everything ends.
    Other states leave orders and positions as they are.
    """
    contract = command.contract
    fault = contract_fault(state, contract)
    if fault:
        return refuse(events, RejectReason.INVALID_CONTRACT, fault)
    market = state.markets.get(contract.symbol)
    if market is None:
        market = Market(contract)
        market.flat_maintenance = state.maintenance == "flat"
        market.set_contract(contract)
        state.markets[contract.symbol] = market
    else:
        before = market.contract
        if _kind(before) != _kind(contract):
            return refuse(
                events, RejectReason.INVALID_CONTRACT, "a listed symbol keeps its product type and coins"
            )
        held = market.long_lots or market.book.bids.keys or market.book.asks.keys
        regridded = (before.lot_e8, before.tick_e12) != (contract.lot_e8, contract.tick_e12)
        if regridded and (held or _waiting_holdings(state, market)):
            return refuse(events, RejectReason.CONTRACT_IN_USE, contract.symbol)
        market.last_price_ticks = market.last_price_ticks * before.tick_e12 // contract.tick_e12
        market.set_contract(contract)
        if before.funding_interval_hours != contract.funding_interval_hours and market.next_funding_ms:
            market.next_funding_ms = next_funding_ms(market, state.time_ms)
        if market.mark_price_e12:
            # Its price may be good for ever: a contract that comes back need not be given another.
            begin_funding(market, state.time_ms)
    events.append(ContractListed(contract))
    if contract.status == "limit_open":
        _end_openings(state, market, events)
    elif contract.status == "off":
        _take_off(state, market, events)
    # Margins follow the new terms at once.
    for holding in market.held.values():
        touch(state, holding)
    return None


def _end_openings(state: State, market: Market, events: list[Event]) -> None:
    """Cancel the clients' orders that would open where nothing may be opened any more."""
    for order in client_orders(market):
        if not order.reduce_only:
            cancel(state, order, CancelReason.OPENING_DISABLED, events)


def client_orders(market: Market) -> list[Order]:
    """Resting orders of clients, best bids first, then best asks."""
    found: list[Order] = []
    for side in (market.book.bids, market.book.asks):
        for key in reversed(side.keys):
            order = side.levels[key].first
            while order is not None:
                if not order.holding.account.is_house:
                    found.append(order)
                order = order.after
    return found


def _take_off(state: State, market: Market, events: list[Event]) -> None:
    """
    Take a contract off: all orders end, positions are settled at mark on the nearest tick, free of fees.

    Longs are settled against shorts in the order in which they came to hold; each long lot has a short one.
    The house's ladder is taken out, and funding ends.
    """
    for order in client_orders(market):
        cancel(state, order, CancelReason.DELISTED, events)
    for holding in _waiting_holdings(state, market):
        for trigger in list(holding.triggers.values()):
            drop(trigger, CancelReason.DELISTED, events)
    withdraw(market.house_bids, {})
    withdraw(market.house_asks, {})
    _settle_positions(state, market, events)
    market.next_funding_ms = 0
    market.premium.reset()


def _waiting_holdings(state: State, market: Market) -> list[Holding]:
    found: list[Holding] = []
    for account in state.accounts.values():
        holding = account.holdings.get(market.symbol)
        if holding is not None and holding.triggers:
            found.append(holding)
    return found


def _settle_positions(state: State, market: Market, events: list[Event]) -> None:
    """Settle every long against shorts; what isolated legs lose beyond their margin is covered."""
    #: Isolated legs, and the least that each may have realised in the end: all that it stands on lost.
    isolated = [
        (holding, leg, leg.profit_e8 - leg.margin_e16 // E8)
        for holding in market.held.values()
        for leg in _isolated_legs(holding)
    ]
    price_ticks = mark_ticks(market)
    longs = [holding for holding in market.held.values() if holding.long is not None]
    shorts = [holding for holding in market.held.values() if holding.short is not None]
    place = 0
    against: Order | None = None
    for holding in longs:
        closing = venue_order(state, holding, -1, holding.lots(1), "delivery", events)
        while closing.open_lots:
            if against is None or against.open_lots == 0:
                short = shorts[place]
                against = venue_order(state, short, 1, short.lots(-1), "delivery", events)
                place += 1
            lots = min(closing.open_lots, against.open_lots)
            settle_between(state, closing, against, price_ticks, lots, "delivery", events)
    for holding, leg, least_e8 in isolated:
        if leg.profit_e8 < least_e8:
            cover_deficit(state, holding.account, holding.ledger, least_e8 - leg.profit_e8, events)


def _isolated_legs(holding: Holding) -> list[Position]:
    if not holding.isolated or holding.account.is_house:
        return []
    return [leg for leg in (holding.long, holding.short) if leg is not None]


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
    if contract.funding_interval_hours < 1 or 24 % contract.funding_interval_hours:
        return "the funding interval must divide a day"
    if not -E8 < contract.funding_rate_min_e8 <= contract.funding_rate_max_e8 < E8:
        return "the bounds of the funding rate must be ascending and below 1"
    if not contract.tiers:
        return "at least one tier is needed"
    end = 0
    rate = 0
    for tier in contract.tiers:
        if tier.end_value_e8 <= end or tier.leverage_max < 1 or not rate <= tier.maintenance_rate_e8 < E8:
            return "tiers must ascend, with a leverage of at least 1 and rates below 1 that do not fall"
        end = tier.end_value_e8
        rate = tier.maintenance_rate_e8
    for market in state.markets.values():
        if market.margin_coin == contract.margin_coin and market.product_type != contract.product_type:
            return "a margin coin belongs to one product type"
    return ""
