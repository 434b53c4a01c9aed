"""
A second model of account arithmetic, in fractions: positions, margins, money, and every figure made of them.

Written from contracts.md alone; it shares no arithmetic with the engine, and takes from it only what was
traded, at which price and rate. It rounds where a rule names it and nowhere else:

    postings       8 decimals: fees and charges up, profits and credits down
    averages      12 decimals, half up
    margins       16 decimals: set aside up, given back down

and it remembers what that left (`Money.rounding`): what the venue's rounding account must hold.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from backhand.commands import Contract

ZERO: Final = Fraction(0)
#: The unit of postings, and half the unit of an average price.
UNIT: Final = Fraction(1, 10**8)
AVERAGE_ERROR: Final = Fraction(1, 2 * 10**12)


def down(value: Fraction, places: int) -> Fraction:
    """Round towards minus infinity."""
    return Fraction(math.floor(value * 10**places), 10**places)


def up(value: Fraction, places: int) -> Fraction:
    """Round towards plus infinity."""
    return Fraction(math.ceil(value * 10**places), 10**places)


@dataclass(frozen=True)
class Terms:
    """A contract as the arithmetic sees it; `tiers` are (end of value, highest leverage, rate)."""

    symbol: str
    coin: str
    product_type: str
    inverse: bool
    lot: Fraction
    tick: Fraction
    taker: Fraction
    maker: Fraction
    tiers: tuple[tuple[Fraction, int, Fraction], ...]

    def value(self, size: Fraction, price: Fraction) -> Fraction:
        """What a size is worth in the margin coin."""
        return size if self.inverse else size * price

    def profit(self, side: int, size: Fraction, entry: Fraction, price: Fraction) -> Fraction:
        """What a size has gained at a price, in the margin coin."""
        gain = side * size * (price - entry)
        return gain / price if self.inverse else gain

    def tier(self, quote_value: Fraction) -> int:
        """The tier that holds a value; exactly its end still belongs to it."""
        ends = [end for end, _, _ in self.tiers]
        return sum(quote_value > end for end in ends[:-1])

    def leverage_allowed(self, quote_value: Fraction) -> int:
        return 0 if quote_value > self.tiers[-1][0] else self.tiers[self.tier(quote_value)][1]

    def maintenance(self, size: Fraction, total: Fraction, price: Fraction) -> Fraction:
        """
        The margin that `size` of altogether `total` must keep, in the margin coin.

        Slice by slice: what of the value lies in a tier counts with that tier's rate and the closing fee.
        """
        value = total * price
        needed, start = ZERO, ZERO
        for place, (end, _, rate) in enumerate(self.tiers):
            is_last = place == len(self.tiers) - 1
            slice_end = value if is_last else min(value, end)
            needed += max(ZERO, slice_end - start) * (rate + self.taker)
            start = end
        needed = needed * size / total
        return needed / price if self.inverse else needed


@dataclass
class Leg:
    """What is held on one side, and its counters since it was opened."""

    size: Fraction = ZERO
    average: Fraction = ZERO
    margin: Fraction = ZERO
    profit: Fraction = ZERO
    fees: Fraction = ZERO
    funding: Fraction = ZERO


@dataclass
class Resting:
    """An open order; `hold_side` is 0 in one-way mode."""

    side: int
    hold_side: int
    closes: bool
    price: Fraction
    size: Fraction


@dataclass
class Holding:
    """One account in one symbol."""

    terms: Terms
    isolated: bool
    leverage: dict[str, int]
    legs: dict[int, Leg] = field(default_factory=dict)
    orders: dict[int, Resting] = field(default_factory=dict)

    def size(self, side: int) -> Fraction:
        return self.legs[side].size if side in self.legs else ZERO

    def leverage_of(self, side: int) -> int:
        return self.leverage[("long" if side > 0 else "short") if self.isolated else "crossed"]

    def reserve(self) -> Fraction:
        """What open orders have locked: margin and fee of what they would open, the oldest closing first."""
        locked = ZERO
        for side in (1, -1):
            held_back = sum(
                (order.size for order in self.orders.values() if order.closes and order.side == side), ZERO
            )
            closable = self.size(-side) - held_back
            for order in self.orders.values():
                if order.side != side or order.closes:
                    continue
                closing = ZERO if order.hold_side else min(order.size, closable)
                closable -= closing
                value = self.terms.value(order.size - closing, order.price)
                fee = max(up(value * self.terms.taker, 8), up(value * self.terms.maker, 8))
                locked += up(value / self.leverage_of(side), 8) + fee
        return locked


@dataclass
class Money:
    """The venue's own side of one coin; `postings` are how many roundings `posted` sums up."""

    deposits: Fraction = ZERO
    fees: Fraction = ZERO
    conversion: Fraction = ZERO
    posted: Fraction = ZERO
    postings: int = 0
    averaged: Fraction = ZERO
    averaged_max: Fraction = ZERO

    @property
    def rounding(self) -> Fraction:
        return self.posted + self.averaged

    def round(self, left: Fraction) -> None:
        """Keep what rounding one posting left."""
        assert ZERO <= left < UNIT
        self.posted += left
        self.postings += 1


@dataclass
class Account:
    """One account; the house is one. `hedge` is its mode at first, `modes` those that were changed."""

    hedge: bool
    isolated: bool
    leverage: int
    wallets: dict[str, Fraction] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    modes: dict[str, bool] = field(default_factory=dict)

    def is_hedged(self, product_type: str) -> bool:
        return self.modes.get(product_type, self.hedge)


class Model:
    """All accounts of a venue."""

    def __init__(self) -> None:
        self.terms: dict[str, Terms] = {}
        self.marks: dict[str, Fraction] = {}
        self.accounts: dict[str, Account] = {}
        self.money: dict[str, Money] = {}

    def list(self, contract: Contract) -> None:
        e8, e12 = 10**8, 10**12
        self.terms[contract.symbol] = Terms(
            contract.symbol,
            contract.margin_coin,
            contract.product_type,
            contract.inverse,
            Fraction(contract.lot_e8, e8),
            Fraction(contract.tick_e12, e12),
            Fraction(contract.taker_fee_rate_e8, e8),
            Fraction(contract.maker_fee_rate_e8, e8),
            tuple(
                (Fraction(tier.end_value_e8, e8), tier.leverage_max, Fraction(tier.maintenance_rate_e8, e8))
                for tier in contract.tiers
            ),
        )
        self.money.setdefault(contract.margin_coin, Money())

    def holding(self, uid: str, symbol: str) -> Holding:
        account = self.accounts[uid]
        if symbol not in account.holdings:
            leverage = dict.fromkeys(("crossed", "long", "short"), account.leverage)
            account.holdings[symbol] = Holding(self.terms[symbol], account.isolated, leverage)
        return account.holdings[symbol]

    # What happens.

    def pay(self, uid: str, coin: str, amount: Fraction) -> None:
        wallets = self.accounts[uid].wallets
        wallets[coin] = wallets.get(coin, ZERO) + amount

    def transfer(self, uid: str, coin: str, amount: Fraction) -> None:
        self.money[coin].deposits += amount
        self.pay(uid, coin, amount)

    def fill(
        self,
        uid: str,
        symbol: str,
        side: int,
        size: Fraction,
        price: Fraction,
        *,
        taker: bool,
        order: Resting,
    ) -> None:
        """Execute one half of a trade: fee, what it closes, what it opens."""
        holding, terms = self.holding(uid, symbol), self.terms[symbol]
        money = self.money[terms.coin]
        rate = terms.taker if taker else terms.maker
        held = holding.size(-side)
        closing = size if order.closes else ZERO if order.hold_side else min(size, held)
        exact_fee = terms.value(size, price) * rate
        fee = up(exact_fee, 8)
        money.fees += exact_fee
        money.round(fee - exact_fee)
        self.pay(uid, terms.coin, -fee)
        close_fee = fee if closing == size else up(terms.value(closing, price) * rate, 8)
        if closing:
            self._close(uid, holding, -side, closing, price, close_fee)
        if closing < size:
            self._open(holding, side, size - closing, price, fee - close_fee if closing else fee)

    def _close(
        self, uid: str, holding: Holding, side: int, size: Fraction, price: Fraction, fee: Fraction
    ) -> None:
        terms, leg = holding.terms, holding.legs[side]
        money = self.money[terms.coin]
        gain = terms.profit(side, size, leg.average, price)
        profit = down(gain, 8)
        if terms.inverse:
            money.conversion -= profit
        else:
            money.round(gain - profit)
        self.pay(uid, terms.coin, profit)
        released = leg.margin if size == leg.size else down(leg.margin * size / leg.size, 16)
        leg.margin -= released
        leg.size -= size
        leg.profit += profit
        leg.fees += fee
        if leg.size == 0:
            del holding.legs[side]

    def _open(self, holding: Holding, side: int, size: Fraction, price: Fraction, fee: Fraction) -> None:
        terms, leg = holding.terms, holding.legs.setdefault(side, Leg())
        money = self.money[terms.coin]
        cost = leg.size * leg.average + size * price
        leg.size += size
        leg.average = down(cost / leg.size + AVERAGE_ERROR, 12)
        if not terms.inverse:
            money.averaged += side * (leg.size * leg.average - cost)
            money.averaged_max += leg.size * AVERAGE_ERROR
        if holding.isolated:
            leg.margin += up(terms.value(size, price) / holding.leverage_of(side), 16)
        leg.fees += fee

    def settle_funding(self, symbol: str, rate: Fraction) -> dict[tuple[str, int], Fraction]:
        """Settle one instant; what each leg received."""
        if rate == 0:
            return {}
        terms, mark = self.terms[symbol], self.marks[symbol]
        paying = 1 if rate > 0 else -1
        payments: dict[tuple[str, int], Fraction] = {}
        shares: dict[tuple[str, int], Fraction] = {}
        short_of = False
        for uid, account in self.accounts.items():
            holding = account.holdings.get(symbol)
            for side, leg in holding.legs.items() if holding else ():
                owed = terms.value(leg.size, mark) * abs(rate)
                if side != paying:
                    shares[uid, side] = owed
                    continue
                charge = up(owed, 8)
                if holding is not None and holding.isolated:
                    spare = self.leg_equity(holding, side) - terms.maintenance(leg.size, leg.size, mark)
                    # More than maintenance stays.
                    most = max(ZERO, min(up(spare, 8) - UNIT, down(leg.margin, 8)))
                    short_of = short_of or charge > most
                    charge = min(charge, most)
                payments[uid, side] = -charge
        collected = -sum(payments.values(), ZERO)
        whole = sum(shares.values(), ZERO)
        for key, share in shares.items():
            payments[key] = down(collected * share / whole if short_of else share, 8)
        left = sum(payments.values(), ZERO)
        money = self.money[terms.coin]
        money.posted -= left
        money.postings += len(payments)
        for (uid, side), amount in payments.items():
            self.pay(uid, terms.coin, amount)
            holding = self.holding(uid, symbol)
            holding.legs[side].funding += amount
            if holding.isolated:
                holding.legs[side].margin += amount
        return payments

    # What it comes to.

    def leg_equity(self, holding: Holding, side: int) -> Fraction:
        """What an isolated leg stands on."""
        return holding.legs[side].margin + self.unrealised(holding, side)

    def unrealised(self, holding: Holding, side: int) -> Fraction:
        terms, leg = holding.terms, holding.legs[side]
        return terms.profit(side, leg.size, leg.average, self.marks[terms.symbol])

    def of_coin(self, uid: str, coin: str, *, isolated: bool) -> Iterator[Holding]:
        """The holdings with legs in a coin, of one margin mode."""
        for holding in self.accounts[uid].holdings.values():
            if holding.terms.coin == coin and holding.isolated == isolated and holding.legs:
                yield holding

    def crossed_initial(self, holding: Holding) -> Fraction:
        """V at mark / L of the larger leg."""
        terms = holding.terms
        larger = max(leg.size for leg in holding.legs.values())
        return terms.value(larger, self.marks[terms.symbol]) / holding.leverage["crossed"]

    def crossed_maintenance(self, holding: Holding, price: Fraction) -> Fraction:
        """Of the larger leg, in the tier of both."""
        sizes = [leg.size for leg in holding.legs.values()]
        return holding.terms.maintenance(max(sizes), sum(sizes, ZERO), price)

    def account(self, uid: str, coin: str) -> dict[str, Fraction]:
        """The sums of contracts.md section 6."""
        account = self.accounts[uid]
        wallet = account.wallets.get(coin, ZERO)
        crossed = list(self.of_coin(uid, coin, isolated=False))
        apart = list(self.of_coin(uid, coin, isolated=True))
        crossed_unrealised = sum(
            (self.unrealised(each, side) for each in crossed for side in each.legs), ZERO
        )
        isolated_unrealised = sum((self.unrealised(each, side) for each in apart for side in each.legs), ZERO)
        margin = sum((leg.margin for each in apart for leg in each.legs.values()), ZERO)
        locked = sum((each.reserve() for each in account.holdings.values() if each.terms.coin == coin), ZERO)
        initial = sum((self.crossed_initial(each) for each in crossed), ZERO)
        maintenance = sum(
            (self.crossed_maintenance(each, self.marks[each.terms.symbol]) for each in crossed), ZERO
        )
        available = wallet - margin - locked
        return {
            "wallet": wallet,
            "locked": locked,
            "available": available,
            "crossed_max_available": max(ZERO, available - initial + crossed_unrealised),
            "isolated_max_available": max(ZERO, available - initial + min(ZERO, crossed_unrealised)),
            "equity": wallet + crossed_unrealised + isolated_unrealised,
            "unrealised": crossed_unrealised + isolated_unrealised,
            "crossed_unrealised": crossed_unrealised,
            "isolated_unrealised": isolated_unrealised,
            "crossed_margin": initial,
            "isolated_margin": margin,
            "crossed_equity": wallet - margin + crossed_unrealised,
            "maintenance": maintenance,
        }

    def buffer(self, uid: str, holding: Holding, side: int, price: Fraction) -> Fraction:
        """What is left beyond maintenance if the mark of this symbol were at a price, all else as it is."""
        terms = holding.terms
        legs = {side: holding.legs[side]} if holding.isolated else holding.legs
        own = sum((terms.profit(each, leg.size, leg.average, price) for each, leg in legs.items()), ZERO)
        if holding.isolated:
            leg = holding.legs[side]
            return leg.margin + own - terms.maintenance(leg.size, leg.size, price)
        figures = self.account(uid, terms.coin)
        here = self.marks[terms.symbol]
        others = figures["crossed_equity"] - sum((self.unrealised(holding, each) for each in legs), ZERO)
        others -= figures["maintenance"] - self.crossed_maintenance(holding, here)
        return others + own - self.crossed_maintenance(holding, price)

    def break_even(self, holding: Holding, side: int) -> Fraction:
        """The price at which closing leaves nothing won or lost; up for a long, down for a short."""
        terms, leg = holding.terms, holding.legs[side]
        net = leg.profit + leg.funding - leg.fees
        if terms.inverse:
            cost, size = side * leg.size * leg.average, leg.size * (side - terms.taker) + net
        else:
            cost, size = side * leg.size * leg.average - net, leg.size * (side - terms.taker)
        if size == 0 or cost / size <= 0:
            return ZERO
        return up(cost / size, 16) if side > 0 else down(cost / size, 16)
