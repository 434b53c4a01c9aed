"""
What a reversal starts from and leaves behind, in fractions: one contract, its accounts, its book.

A scene is read from the engine's state, so what it holds are facts: legs, wallets, resting orders and
their queue. Everything that follows from them (fees, profits, margins, reserves, ratios) is computed here
from contracts.md, for clarity, and shares no code with the engine.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Final

from backhand.commands import Contract

NOTHING: Final = Fraction(0)


def up(value: Fraction, places: int) -> Fraction:
    """Round towards plus infinity."""
    return Fraction(math.ceil(value * 10**places), 10**places)


def down(value: Fraction, places: int) -> Fraction:
    """Round towards minus infinity."""
    return Fraction(math.floor(value * 10**places), 10**places)


@dataclass(slots=True)
class Leg:
    """Lots on one side, their average price, and what an isolated leg has set aside."""

    lots: int = 0
    average: Fraction = NOTHING
    margin: Fraction = NOTHING

    def copy(self) -> "Leg":
        return Leg(self.lots, self.average, self.margin)


@dataclass(slots=True)
class Order:
    """A resting order; `reserve` is what its account has locked for it."""

    order_id: int
    uid: str
    side: int
    hold_side: int
    reduce_only: bool
    price_ticks: int
    lots: int
    reserve: Fraction = NOTHING

    def copy(self) -> "Order":
        terms = (self.side, self.hold_side, self.reduce_only, self.price_ticks)
        return Order(self.order_id, self.uid, *terms, self.lots, self.reserve)


@dataclass(slots=True)
class Party:
    """An account: its settings on the symbol, its legs by side, and its orders, oldest first."""

    uid: str
    hedge: bool
    isolated: bool
    leverages: dict[int, int]
    wallet: Fraction
    legs: dict[int, Leg]
    orders: list[Order]

    @property
    def set_aside(self) -> Fraction:
        return self.legs[1].margin + self.legs[-1].margin

    def closing(self, held_side: int) -> list[Order]:
        """Its resting orders that close a leg, oldest first."""
        return [order for order in self.orders if order.reduce_only and order.side == -held_side]

    def locked_lots(self, held_side: int) -> int:
        return sum(order.lots for order in self.closing(held_side))


@dataclass(slots=True)
class Tier:
    """A position tier in quote value; `offset` makes one product of a sum over slices (section 7)."""

    end: Fraction
    leverage_max: int
    rate: Fraction
    offset: Fraction


@dataclass(slots=True)
class Terms:
    """A contract's terms as fractions."""

    contract: Contract
    lot: Fraction
    tick: Fraction
    taker_rate: Fraction
    maker_rate: Fraction
    tiers: list[Tier]

    @classmethod
    @cache
    def of(cls, contract: Contract) -> "Terms":
        tiers: list[Tier] = []
        for row in contract.tiers:
            end, rate = Fraction(row.end_value_e8, 10**8), Fraction(row.maintenance_rate_e8, 10**8)
            offset = tiers[-1].offset + tiers[-1].end * (rate - tiers[-1].rate) if tiers else NOTHING
            tiers.append(Tier(end, row.leverage_max, rate, offset))
        return cls(
            contract,
            Fraction(contract.lot_e8, 10**8),
            Fraction(contract.tick_e12, 10**12),
            Fraction(contract.taker_fee_rate_e8, 10**8),
            Fraction(contract.maker_fee_rate_e8, 10**8),
            tiers,
        )

    def quote_value(self, lots: int, price: Fraction) -> Fraction:
        return lots * self.lot * price

    def value(self, lots: int, price: Fraction) -> Fraction:
        """Position value in the margin coin: of COIN-FUTURES the size itself (section 1)."""
        return lots * self.lot if self.contract.inverse else lots * self.lot * price

    def gain(self, side: int, lots: int, entry: Fraction, price: Fraction) -> Fraction:
        """Price profit in the margin coin: d*q*(P - E), of COIN-FUTURES over P (section 3)."""
        gain = side * lots * self.lot * (price - entry)
        return gain / price if self.contract.inverse else gain

    def fee(self, lots: int, price: Fraction, rate: Fraction) -> Fraction:
        """V at the fill price times the rate, charged up at 8 decimals (sections 1 and 4)."""
        return up(self.value(lots, price) * rate, 8)

    def tier_of(self, value: Fraction) -> Tier | None:
        """The tier of a quote value; exactly on an end belongs to the lower one, beyond the last is none."""
        for tier in self.tiers:
            if value <= tier.end:
                return tier
        return None

    def maintenance(self, lots: int, tier_value: Fraction, mark: Fraction) -> Fraction:
        """V * (mmr + f) - offset, in the margin coin (section 7)."""
        tier = self.tier_of(tier_value) or self.tiers[-1]
        offset = tier.offset / mark if self.contract.inverse else tier.offset
        return self.value(lots, mark) * (tier.rate + self.taker_rate) - offset


@dataclass(slots=True)
class Scene:
    """One contract between two commands."""

    terms: Terms
    mark: Fraction
    honours_size: bool
    parties: dict[str, Party]
    #: Resting orders, the first to trade first.
    bids: list[Order]
    asks: list[Order]

    def copy(self) -> "Scene":
        """The same facts, to be changed on their own."""
        twins = {id(order): order.copy() for order in self.bids + self.asks}
        parties = {}
        for uid, party in self.parties.items():
            legs = {1: party.legs[1].copy(), -1: party.legs[-1].copy()}
            orders = [twins[id(order)] for order in party.orders]
            parties[uid] = replace(party, legs=legs, orders=orders)
        bids = [twins[id(order)] for order in self.bids]
        asks = [twins[id(order)] for order in self.asks]
        return replace(self, parties=parties, bids=bids, asks=asks)

    def side(self, side: int) -> list[Order]:
        return self.bids if side > 0 else self.asks

    def price(self, ticks: int) -> Fraction:
        return ticks * self.terms.tick

    def in_band(self, side: int, price: Fraction) -> bool:
        """Buys may be this far above mark, sells this far below (section 5)."""
        contract = self.terms.contract
        if side > 0:
            return price <= self.mark * (1 + Fraction(contract.buy_band_rate_e8, 10**8))
        return price >= self.mark * (1 - Fraction(contract.sell_band_rate_e8, 10**8))

    def remove(self, order: Order) -> None:
        """Take an order out of the book and its account."""
        book = self.side(order.side)
        book[:] = [other for other in book if other is not order]
        orders = self.parties[order.uid].orders
        orders[:] = [other for other in orders if other is not order]

    def unrealised(self, party: Party) -> Fraction:
        held = [(side, leg) for side, leg in party.legs.items() if leg.lots]
        return sum((self.terms.gain(side, leg.lots, leg.average, self.mark) for side, leg in held), NOTHING)

    def crossed_margin(self, party: Party) -> Fraction:
        """Initial margin of crossed legs: of the larger one, at mark (section 5)."""
        larger = max(leg.lots for leg in party.legs.values())
        return self.terms.value(larger, self.mark) / party.leverages[1]

    def available(self, party: Party) -> Fraction:
        """What may be used to open: crossedMaxAvailable or isolatedMaxAvailable (section 6)."""
        spare = party.wallet - party.set_aside - sum((order.reserve for order in party.orders), NOTHING)
        if not party.isolated:
            spare += self.unrealised(party) - self.crossed_margin(party)
        return max(NOTHING, spare)

    def risk(self, party: Party, side: int) -> tuple[Fraction, Fraction]:
        """Maintenance margin, and the equity that it is measured against (section 7)."""
        leg = party.legs[side]
        if party.isolated:
            value = self.terms.quote_value(leg.lots, self.mark)
            gain = self.terms.gain(side, leg.lots, leg.average, self.mark)
            return self.terms.maintenance(leg.lots, value, self.mark), leg.margin + gain
        larger = max(leg.lots for leg in party.legs.values())
        both = self.terms.quote_value(sum(leg.lots for leg in party.legs.values()), self.mark)
        maintenance = self.terms.maintenance(larger, both, self.mark) if larger else NOTHING
        return maintenance, party.wallet - party.set_aside + self.unrealised(party)

    def is_liquidated(self, party: Party) -> bool:
        """Whether a leg's margin ratio has reached 1."""
        risks = [self.risk(party, side) for side, leg in party.legs.items() if leg.lots]
        return any(maintenance >= equity for maintenance, equity in risks)

    def reserve(self, party: Party) -> None:
        """
        Lock for each order what its opening part needs: V/L and the larger fee, each up at 8 decimals.

        One-way orders first close what the other side holds and reduce-only orders leave, the oldest first.
        """
        for side in (1, -1):
            closable = party.legs[-side].lots - party.locked_lots(-side)
            for order in party.orders:
                if order.side != side or order.reduce_only:
                    continue
                opening = order.lots
                if not party.hedge:
                    closes = min(closable, opening)
                    closable -= closes
                    opening -= closes
                if opening == 0:
                    order.reserve = NOTHING
                    continue
                price, terms = self.price(order.price_ticks), self.terms
                margin = up(terms.value(opening, price) / party.leverages[side], 8)
                rate = max(terms.taker_rate, terms.maker_rate)
                order.reserve = margin + terms.fee(opening, price, rate)
