"""A contract's live side: its book, prices, open interest, funding, and who watches its prices."""

from math import gcd
from typing import TYPE_CHECKING, Final

from backhand.commands import Contract
from backhand.engine.averages import Average, RecentMean
from backhand.engine.book import Book, Order
from backhand.engine.watches import Watches
from backhand.units import E8, E12, E20

if TYPE_CHECKING:
    from backhand.engine.state import Holding, Ledger, Trigger

#: Five minutes of samples every five seconds (contracts.md section 10).
BASIS_SAMPLES_MAX: Final = 60


class FeeRate:
    """
    A fee per volume (lots x ticks of a linear contract, lots of an inverse one), as a reduced fraction.

    A volume is charged ceil(volume * numerator / denominator) in e8; exactly it owes
    volume * numerator * unit_e28. What was owed and what rounding up added are counted in that unit, in
    which they are small: long integers would cost a fill more than everything else about its fee.
    """

    def __init__(self, volume_fee_e28: int) -> None:
        self.unit_e28 = gcd(volume_fee_e28, E20)
        self.numerator = volume_fee_e28 // self.unit_e28
        self.denominator = E20 // self.unit_e28
        self.owed = 0
        self.rounded = 0


class Market:
    """A contract's live side: prices, book, open interest and clearing in its quote currency."""

    def __init__(self, contract: Contract) -> None:
        self.book = Book()
        self.index_price_e12 = 0
        self.mark_price_e12 = 0
        self.last_price_ticks = 0
        self.long_lots = 0
        self.short_lots = 0
        #: Minus the cost of all open positions, in lots x e12: a lot does not change while it is held.
        self.clearing_lots_e12 = 0
        #: Fees of former terms, and what rounding them up added; `fee_sums_e28` has those of all.
        self.fees_e28 = 0
        self.fee_rounding_e28 = 0
        self.taker_fee = FeeRate(0)
        self.maker_fee = FeeRate(0)
        self.house_bids: dict[int, Order] = {}
        self.house_asks: dict[int, Order] = {}
        #: Holdings with a leg, by uid, in the order in which they came to have one.
        self.held: dict[str, Holding] = {}
        #: Whether the mark is the operator's, and until when the index may be used; 0 is for ever.
        self.mark_by_hand = False
        self.marked_at_ms = 0
        self.stale_at_ms = 0
        #: False from a start until a price of a live source has passed a band.
        self.confirmed = True
        self.unconfirmed_price_e12 = 0
        #: How far the book's middle was from the index (half e12), and the premium index (e12).
        self.basis = RecentMean(BASIS_SAMPLES_MAX, 2)
        self.premium = Average()
        self.funding_rate_e8 = 0
        self.next_funding_ms = 0
        #: What a price must come to before a trigger or a position has to be looked at.
        self.last_rises: Watches[Trigger] = Watches()
        self.last_falls: Watches[Trigger] = Watches()
        self.mark_rises: Watches[Trigger] = Watches()
        self.mark_falls: Watches[Trigger] = Watches()
        self.risk_rises: Watches[Holding] = Watches()
        self.risk_falls: Watches[Holding] = Watches()
        #: Holdings to be looked at when a price may liquidate again; each may wait in several markets.
        self.postponed: dict[Holding, None] = {}
        self.last_moved = False
        self.mark_moved = False
        self.flat_maintenance = False
        self.set_contract(contract)

    def set_contract(self, contract: Contract) -> None:
        """Take over a contract's terms; copies of the hot ones are plain integers, fractions are reduced."""
        self.fees_e28, self.fee_rounding_e28 = self.fee_sums_e28()
        self.contract = contract
        self.symbol = contract.symbol
        self.product_type = contract.product_type
        self.margin_coin = contract.margin_coin
        self.inverse = contract.inverse
        self.lot_e8 = contract.lot_e8
        self.tick_e12 = contract.tick_e12
        #: Quote value of one lot at one tick.
        self.unit_e20 = contract.lot_e8 * contract.tick_e12
        self.taker_rate_e8 = contract.taker_fee_rate_e8
        #: Margin value of a volume of 1 (see FeeRate).
        self.volume_e20 = contract.lot_e8 * (E12 if contract.inverse else contract.tick_e12)
        self.taker_fee = FeeRate(self.volume_e20 * contract.taker_fee_rate_e8)
        self.maker_fee = FeeRate(self.volume_e20 * contract.maker_fee_rate_e8)
        #: A linear profit of lots x e12 is posted as floor(profit * numerator / denominator) in e8.
        self.profit_unit_e20 = gcd(contract.lot_e8, E12)
        self.profit_numerator = contract.lot_e8 // self.profit_unit_e20
        self.profit_denominator = E12 // self.profit_unit_e20
        #: A band's edges are floor (buy) and ceil (sell) of mark * numerator / denominator, in ticks.
        buy_rate_e8 = E8 + contract.buy_band_rate_e8
        sell_rate_e8 = E8 - contract.sell_band_rate_e8
        buy_unit = gcd(buy_rate_e8, E8 * contract.tick_e12)
        sell_unit = gcd(sell_rate_e8, E8 * contract.tick_e12)
        self.buy_edge_numerator = buy_rate_e8 // buy_unit
        self.buy_edge_denominator = E8 * contract.tick_e12 // buy_unit
        self.sell_edge_numerator = sell_rate_e8 // sell_unit
        self.sell_edge_denominator = E8 * contract.tick_e12 // sell_unit
        self.size_lots_min = contract.size_lots_min
        self.value_min_e20 = contract.value_min_e8 * 10**12
        self.tier_ends_e20: list[int] = []
        self.tier_leverages: list[int] = []
        self.tier_rates_e8: list[int] = []
        self.tier_offsets_e28: list[int] = []
        start_e20 = 0
        offset_e28 = 0
        previous_rate_e8 = 0
        for tier in contract.tiers:
            if self.tier_ends_e20:
                offset_e28 += start_e20 * (tier.maintenance_rate_e8 - previous_rate_e8)
            previous_rate_e8 = tier.maintenance_rate_e8
            self.tier_ends_e20.append(tier.end_value_e8 * 10**12)
            self.tier_leverages.append(tier.leverage_max)
            self.tier_rates_e8.append(tier.maintenance_rate_e8)
            self.tier_offsets_e28.append(0 if self.flat_maintenance else offset_e28)
            start_e20 = tier.end_value_e8 * 10**12

    @property
    def clearing_e20(self) -> int:
        """The opposite of every realised price profit: minus what the open positions cost."""
        return self.clearing_lots_e12 * self.lot_e8

    def fee_sums_e28(self) -> tuple[int, int]:
        """All fees of this symbol, exact, and the opposite of what rounding them up added."""
        owed, rounded = self.fees_e28, self.fee_rounding_e28
        for rate in (self.taker_fee, self.maker_fee):
            owed += rate.owed * rate.unit_e28
            rounded += rate.rounded * rate.unit_e28
        return owed, rounded

    def depth(self, levels_max: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Resting (price_ticks, size_lots) of both sides, best first: bids, asks."""
        return self.book.depth(levels_max)


class AdlQueue:
    """The legs on a side of a market by score, while marks stand still; see `adl`."""

    def __init__(self, market: Market, side: int) -> None:
        self.market = market
        self.side = side
        #: Negative score, position id, the ledger's version that it was worked out at, and whose it is; also
        #: what holds no longer.
        self.heap: list[tuple[int, int, int, Holding]] = []
        #: Whose legs or money were touched since the last question.
        self.touched: dict[Ledger, None] = {}
        #: What was taken out of it for others to come first.
        self.aside: list[tuple[int, int, int, Holding]] = []
