"""
A second, naive model of positions and money, in fractions, fed with events only.

It shares no arithmetic with the engine: from the events it works out what every fill must have charged
and realised, and what every wallet, position and open order must be. `verify` compares that with the
state. Rounding is the one that contracts.md section 1 names: fees up, profits down at 8 decimals,
averages half up at 12.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from backhand.commands import HOUSE_UID, Contract
from backhand.engine import State
from backhand.events import (
    ContractListed,
    DeficitCovered,
    Event,
    Fill,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    PositionClosed,
    PositionLiquidated,
    Transferred,
)


def round_down(value: Fraction, places: int) -> Fraction:
    """Cut towards minus infinity."""
    return Fraction(math.floor(value * 10**places), 10**places)


def round_up(value: Fraction, places: int) -> Fraction:
    """Cut towards plus infinity."""
    return -round_down(-value, places)


def round_half_up(value: Fraction, places: int) -> Fraction:
    """Round a positive value to nearest, halves up."""
    return round_down(value + Fraction(1, 2 * 10**places), places)


@dataclass
class Leg:
    """Base coin held on one side, its average price, and what it realised so far."""

    size: Fraction = Fraction(0)
    average: Fraction = Fraction(0)
    profit: Fraction = Fraction(0)

    def add(self, size: Fraction, price: Fraction) -> None:
        value = self.size * self.average + size * price
        self.size += size
        self.average = round_half_up(value / self.size, 12)


@dataclass
class Live:
    """An accepted order and how much of it is open."""

    accepted: OrderAccepted
    open_lots: int


@dataclass
class Twin:
    """The venue as its events tell it."""

    contracts: dict[str, Contract] = field(default_factory=dict)
    wallets: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    legs: dict[tuple[str, str, int], Leg] = field(default_factory=dict)
    orders: dict[int, Live] = field(default_factory=dict)
    fund: dict[str, Fraction] = field(default_factory=dict)

    def fold(self, events: list[Event]) -> None:
        """Follow the events of one command."""
        for event in events:
            if isinstance(event, ContractListed):
                self.contracts[event.contract.symbol] = event.contract
            elif isinstance(event, Transferred):
                wallet = self._pay(event.uid, event.coin, Fraction(event.amount_e8, 10**8))
                assert wallet == Fraction(event.wallet_e8, 10**8), event
            elif isinstance(event, OrderAccepted):
                assert event.order_id not in self.orders, event
                self.orders[event.order_id] = Live(event, event.size_lots)
            elif isinstance(event, OrderCancelled):
                assert self.orders.pop(event.order_id).open_lots == event.open_lots, event
            elif isinstance(event, Fill):
                self._fill(event)
            elif isinstance(event, PositionClosed):
                self._closed(event)
            elif isinstance(event, FundingPaid):
                wallet = self._pay(event.uid, self._coin(event.symbol), Fraction(event.amount_e8, 10**8))
                assert wallet == Fraction(event.wallet_e8, 10**8), event
            elif isinstance(event, PositionLiquidated):
                self._insure(event, -event.insurance_e8 + event.house_e8)
            elif isinstance(event, DeficitCovered):
                self._insure(event, event.insurance_e8 + event.house_e8)
                self.fund[event.margin_coin] -= 2 * Fraction(event.insurance_e8, 10**8)

    def _fill(self, fill: Fill) -> None:
        contract = self.contracts[fill.symbol]
        price = Fraction(fill.price_ticks * contract.tick_e12, 10**12)
        size = Fraction(fill.size_lots * contract.lot_e8, 10**8)
        hold_side, reduce_only = self._order_filled(fill)
        held = self.legs.setdefault((fill.uid, fill.symbol, -fill.side), Leg())
        grown = self.legs.setdefault((fill.uid, fill.symbol, fill.side), Leg())
        closing = size if reduce_only else Fraction(0) if hold_side else min(size, held.size)
        assert closing <= held.size, f"a close never closes more than is held: {fill}"
        assert fill.is_close == (closing > 0), fill

        rate = contract.taker_fee_rate_e8 if fill.is_taker else contract.maker_fee_rate_e8
        value = size if contract.inverse else size * price
        free = fill.kind in {"netting", "adl", "delivery"}
        fee = Fraction(0) if free else round_up(value * Fraction(rate, 10**8), 8)
        assert fee == Fraction(fill.fee_e8, 10**8), fill
        gain = -fill.side * closing * (price - held.average)
        profit = round_down(gain / price if contract.inverse else gain, 8)
        assert profit == Fraction(fill.profit_e8, 10**8), fill
        wallet = self._pay(fill.uid, contract.margin_coin, profit - fee)
        assert wallet == Fraction(fill.wallet_e8, 10**8), fill

        held.size -= closing
        held.profit += profit
        if closing < size:
            grown.add(size - closing, price)
        leg, side = (grown, fill.side) if closing < size else (held, -fill.side)
        assert leg.size == Fraction(fill.position_lots * contract.lot_e8, 10**8), fill
        assert fill.position_side == (side if leg.size else 0), fill
        if leg.size:
            assert leg.average == Fraction(fill.position_average_price_e12, 10**12), fill

    def _insure(self, event: PositionLiquidated | DeficitCovered, amount_e8: int) -> None:
        """Follow what a holder gets from the fund and the house, or gives to the fund."""
        coin, house = event.margin_coin, Fraction(event.house_e8, 10**8)
        wallet = self._pay(event.uid, coin, Fraction(amount_e8, 10**8))
        assert wallet == Fraction(event.wallet_e8, 10**8), event
        self._pay(HOUSE_UID, coin, -house)
        self.fund[coin] = self.fund.get(coin, Fraction(0)) + Fraction(event.insurance_e8, 10**8)

    def _coin(self, symbol: str) -> str:
        return self.contracts[symbol].margin_coin

    def _order_filled(self, fill: Fill) -> tuple[int, bool]:
        """Count the fill against its order; the leg that it names and whether it only closes."""
        live = self.orders.get(fill.order_id)
        if live is None:
            assert HOUSE_UID == fill.uid, f"a fill belongs to an order that exists: {fill}"
            return 0, False
        order = live.accepted
        assert (order.uid, order.symbol, order.side) == (fill.uid, fill.symbol, fill.side), fill
        if order.price_ticks:
            assert (fill.price_ticks - order.price_ticks) * order.side <= 0, f"worse than its limit: {fill}"
        live.open_lots -= fill.size_lots
        assert live.open_lots == fill.order_open_lots >= 0, fill
        if live.open_lots == 0:
            del self.orders[fill.order_id]
        return order.hold_side, order.reduce_only

    def _closed(self, event: PositionClosed) -> None:
        leg = self.legs.pop((event.uid, event.symbol, event.side))
        assert leg.size == 0, event
        assert leg.profit == Fraction(event.profit_e8, 10**8), event
        assert event.opened_lots == event.closed_lots, event

    def _pay(self, uid: str, coin: str, amount: Fraction) -> Fraction:
        wallet = self.wallets.get((uid, coin), Fraction(0)) + amount
        self.wallets[uid, coin] = wallet
        return wallet

    def verify(self, state: State) -> None:
        """Compare wallets, positions and open orders with what the engine holds."""
        wallets = {
            (uid, coin): Fraction(ledger.wallet_e8, 10**8)
            for uid, account in state.accounts.items()
            for coin, ledger in account.ledgers.items()
        }
        assert {key: money for key, money in self.wallets.items() if money} == {
            key: money for key, money in wallets.items() if money
        }
        legs = {}
        for uid, account in state.accounts.items():
            for symbol, holding in account.holdings.items():
                for side in (1, -1):
                    leg = holding.leg(side)
                    if leg is not None:
                        size = Fraction(leg.lots * self.contracts[symbol].lot_e8, 10**8)
                        legs[uid, symbol, side] = (size, Fraction(leg.average_price_e12, 10**12))
        assert {key: (leg.size, leg.average) for key, leg in self.legs.items() if leg.size} == legs
        funds = {coin: Fraction(money.insurance_e8, 10**8) for coin, money in state.coins.items()}
        assert {coin: fund for coin, fund in self.fund.items() if fund} == {
            coin: fund for coin, fund in funds.items() if fund
        }
        orders = {
            order.order_id: order.open_lots
            for account in state.accounts.values()
            for order in account.orders.values()
        }
        assert {order_id: live.open_lots for order_id, live in self.orders.items()} == orders
