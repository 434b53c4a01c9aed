"""
One holding as it would stand after some fills: the same arithmetic as `fills`, on copied numbers.

Orders and reversals are judged on a preview before anything changes; `fills` then repeats the steps on
the real legs.
"""

from collections.abc import Iterable

from backhand.engine.book import Order
from backhand.engine.guard import crossed_funds_e28, crossed_value_e20, opening_slack_e28
from backhand.engine.margin import (
    available_e20,
    average_price_after_e12,
    bankruptcy_price_ticks,
    closing_lots,
    crossed_max_available_e20,
    crossed_sums,
    fee_e8,
    fee_volume,
    gain_lots_e12,
    initial_margin_e16,
    isolated_max_available_e20,
    legs_sums,
    leverage_allowed,
    liquidation_price_e16,
    maintenance_e28,
    margin_value_e20,
    posted_profit_e8,
    ratio_e16,
    released_margin_e16,
    unrealised_e20,
    value_e20,
)
from backhand.engine.matching import Match
from backhand.engine.state import Holding
from backhand.units import E4, E8, E12, ceil_div


class Preview:
    """Legs, wallet and margins of a holding, ready to be moved by fills that may never happen."""

    def __init__(self, holding: Holding, isolated: bool, model: "Preview | None" = None) -> None:
        self.holding = holding
        self.isolated = isolated
        self.market = holding.market
        if model is None:
            ledger = holding.ledger
            self.wallet_e8 = ledger.wallet_e8
            self.locked_e8 = ledger.locked_e8
            self.isolated_margin_e16 = ledger.isolated_margin_e16
            long, short = holding.long, holding.short
            self.long_lots = 0 if long is None else long.lots
            self.long_average_e12 = 0 if long is None else long.average_price_e12
            self.long_margin_e16 = 0 if long is None else long.margin_e16
            self.short_lots = 0 if short is None else short.lots
            self.short_average_e12 = 0 if short is None else short.average_price_e12
            self.short_margin_e16 = 0 if short is None else short.margin_e16
            self.profit_e8 = 0
            self.fee_e8 = 0
            # Other crossed holdings do not change with this one's fills: summed once.
            initial, maintenance, unrealised = crossed_sums(ledger, holding)
            self.other_initial_e20 = initial
            self.other_maintenance_e28 = maintenance
            self.other_unrealised_e20 = unrealised
        else:
            self.wallet_e8 = model.wallet_e8
            self.locked_e8 = model.locked_e8
            self.isolated_margin_e16 = model.isolated_margin_e16
            self.long_lots = model.long_lots
            self.long_average_e12 = model.long_average_e12
            self.long_margin_e16 = model.long_margin_e16
            self.short_lots = model.short_lots
            self.short_average_e12 = model.short_average_e12
            self.short_margin_e16 = model.short_margin_e16
            self.profit_e8 = model.profit_e8
            self.fee_e8 = model.fee_e8
            self.other_initial_e20 = model.other_initial_e20
            self.other_maintenance_e28 = model.other_maintenance_e28
            self.other_unrealised_e20 = model.other_unrealised_e20

    def copy(self) -> "Preview":
        """The same figures, to be moved on their own."""
        return Preview(self.holding, self.isolated, self)

    def release(self, orders: Iterable[Order]) -> None:
        """Count what resting orders have locked as free: they are to be cancelled."""
        for order in orders:
            self.locked_e8 -= order.reserve_e8

    def close(self, side: int, matches: list[Match]) -> None:
        """Close lots of a leg at the makers' prices, as taker."""
        for match in matches:
            if match.lots:
                self._charge(match.lots, match.maker.price_ticks)
                self._reduce(side, match.lots, match.maker.price_ticks)

    def open(self, side: int, matches: list[Match]) -> None:
        """Add lots to a leg at the makers' prices, as taker."""
        for match in matches:
            if match.lots:
                self.extend(side, match.lots, match.maker.price_ticks)

    def meet(self, side: int, hold_side: int, matches: list[Match]) -> None:
        """Fill an order of the holding; where it meets others of the holding, each match fills both."""
        for match in matches:
            maker = match.maker
            self.fill(side, hold_side, False, match.lots, maker.price_ticks, True)
            if maker.holding is self.holding:
                self.fill(-side, maker.hold_side, maker.reduce_only, match.lots, maker.price_ticks, False)

    def lots(self, side: int) -> int:
        """Lots held on a side."""
        return self.long_lots if side > 0 else self.short_lots

    def _reduce(self, side: int, lots: int, price_ticks: int) -> None:
        market = self.market
        held = self.long_lots if side > 0 else self.short_lots
        average = self.long_average_e12 if side > 0 else self.short_average_e12
        margin = self.long_margin_e16 if side > 0 else self.short_margin_e16
        price = price_ticks * market.tick_e12
        profit = posted_profit_e8(market, gain_lots_e12(side, lots, average, price), price)
        self.wallet_e8 += profit
        self.profit_e8 += profit
        released = released_margin_e16(margin, lots, held)
        self.isolated_margin_e16 -= released
        if side > 0:
            self.long_lots = held - lots
            self.long_margin_e16 = margin - released
        else:
            self.short_lots = held - lots
            self.short_margin_e16 = margin - released

    def _extend(self, side: int, lots: int, price_ticks: int) -> None:
        market = self.market
        price = price_ticks * market.tick_e12
        added = 0
        if self.isolated:
            added = initial_margin_e16(market, lots, price, self.holding.leverage_in(side, True))
            self.isolated_margin_e16 += added
        if side > 0:
            self.long_average_e12 = average_price_after_e12(
                self.long_lots, self.long_average_e12, lots, price
            )
            self.long_lots += lots
            self.long_margin_e16 += added
        else:
            self.short_average_e12 = average_price_after_e12(
                self.short_lots, self.short_average_e12, lots, price
            )
            self.short_lots += lots
            self.short_margin_e16 += added

    def _charge(self, lots: int, price_ticks: int, is_taker: bool = True) -> None:
        fee = fee_e8(self.market, lots, price_ticks, is_taker)
        self.wallet_e8 -= fee
        self.fee_e8 += fee

    def available_e20(self) -> int:
        """The most that may be used to open now, in the holding's margin mode."""
        initial, _, unrealised = self._crossed()
        initial += self.other_initial_e20
        profit = self.other_unrealised_e20 + unrealised
        available = available_e20(self.wallet_e8, self.locked_e8, self.isolated_margin_e16)
        if not self.isolated:
            return crossed_max_available_e20(available, initial, profit)
        equity = available + self.locked_e8 * E12 + profit
        return isolated_max_available_e20(available, initial, profit, equity, self.other_maintenance_e28)

    def opening_need_e20(self, side: int, matches: list[Match]) -> int:
        """
        Margin and fees that opening these matches on a leg needs, beyond what is in use.

        Crossed legs need margin for the larger side only; what is held counts at mark, what is opened
        at its fills.
        """
        market = self.market
        fees = 0
        volume = 0
        isolated = 0
        leverage = self.holding.leverage_in(side, self.isolated)
        for match in matches:
            if match.lots == 0:
                continue
            ticks = match.maker.price_ticks
            fees += fee_e8(market, match.lots, ticks, True)
            volume += fee_volume(market, match.lots, ticks)
            if self.isolated:
                isolated += initial_margin_e16(market, match.lots, ticks * market.tick_e12, leverage)
        if self.isolated:
            return isolated * E4 + fees * E12
        mark = market.mark_price_e12
        long = margin_value_e20(market, self.long_lots, mark)
        short = margin_value_e20(market, self.short_lots, mark)
        before = ceil_div(max(long, short), leverage)
        if side > 0:
            long += volume * market.volume_e20
        else:
            short += volume * market.volume_e20
        return ceil_div(max(long, short), leverage) - before + fees * E12

    def exceeds_tier(self, side: int, resting_lots: int) -> bool:
        """Whether the value at mark, resting lots included, does not allow the leverage in use."""
        lots = self.lots(side)
        # One-way legs net: what opens does so after the other side has closed.
        if not self.isolated and self.holding.account.hedge_mode(self.market.product_type):
            lots += self.lots(-side)
        value = value_e20(self.market, lots + resting_lots, self.market.mark_price_e12)
        return self.holding.leverage_in(side, self.isolated) > leverage_allowed(self.market, value)

    def exceeds_opening_ratio(self, side: int) -> bool:
        """Whether the opening guard refuses a leg, or all crossed legs, as they stand at mark."""
        return self.opening_slack_e28(side) < 0

    def opening_slack_e28(self, side: int) -> int:
        """What the opening guard would bear beyond this; see `guard`."""
        equity, maintenance = self.margin(side)
        return opening_slack_e28(equity, maintenance)

    def margin_ratio_e16(self, side: int) -> int:
        """The margin ratio at mark: of a leg when isolated, else of all crossed legs."""
        equity, maintenance = self.margin(side)
        return ratio_e16(maintenance, equity)

    def margin(self, side: int) -> tuple[int, int]:
        """What a leg, or all crossed legs, stand on at mark (equity e20), and what they need (e28)."""
        if not self.isolated:
            _, maintenance, unrealised = self._crossed()
            equity = self.wallet_e8 * E12 - self.isolated_margin_e16 * E4
            equity += unrealised + self.other_unrealised_e20
            return equity, maintenance + self.other_maintenance_e28
        lots, average, margin = self._leg(side)
        if lots == 0:
            return 0, 0
        equity = margin * E4 + unrealised_e20(self.market, side, lots, average)
        return equity, maintenance_e28(self.market, lots, lots)

    def eased(self, side: int, fills: int) -> "Preview":
        """
        How it would stand at best, had so many fills not been rounded; the last of them opened a leg.

        Each has rounded its fee up, its profit down and the margin up by less than a unit, and the average
        to the nearest.
        """
        best = self.copy()
        best.wallet_e8 += 2 * fills
        if side > 0:
            best.long_average_e12 -= fills
            best.long_margin_e16 += fills
        else:
            best.short_average_e12 += fills
            best.short_margin_e16 += fills
        return best

    def liquidation_price_e16(self, side: int) -> int:
        """The mark price at which the margin ratio reaches 1; 0 for none."""
        if self.isolated:
            lots, average, margin = self._leg(side)
            legs = (lots, average, 0, 0) if side > 0 else (0, 0, lots, average)
            return liquidation_price_e16(self.market, margin * E12, *legs)
        funds = self.wallet_e8 * E12 - self.isolated_margin_e16 * E4 + self.other_unrealised_e20
        return liquidation_price_e16(
            self.market,
            funds * E8 - self.other_maintenance_e28,
            self.long_lots,
            self.long_average_e12,
            self.short_lots,
            self.short_average_e12,
        )

    def extend(self, side: int, lots: int, price_ticks: int) -> None:
        """Add lots to a leg at one price, as taker."""
        self._charge(lots, price_ticks)
        self._extend(side, lots, price_ticks)

    def fill(
        self, side: int, hold_side: int, closes: bool, lots: int, price_ticks: int, is_taker: bool
    ) -> None:
        """Fill lots of an order of the holding; see `closing_lots`."""
        if lots == 0:
            return
        self._charge(lots, price_ticks, is_taker)
        closing = self.closing_lots(side, hold_side, closes, lots)
        if closing:
            self._reduce(-side, closing, price_ticks)
        if closing < lots:
            self._extend(side, lots - closing, price_ticks)

    def closing_lots(self, side: int, hold_side: int, closes: bool, lots: int) -> int:
        """How many of an order's lots close of what the holding has now."""
        return closing_lots(closes, hold_side, lots, self.lots(-side))

    def worst_close_ticks(self, side: int) -> int:
        """The bankruptcy price of a leg; see `guard.worst_close_ticks`."""
        market = self.market
        lots, average, margin = self._leg(side)
        funds_e28 = margin * E12
        if not self.isolated:
            equity_e20, _ = self.margin(side)
            both = self.long_lots + self.short_lots
            total_e20 = crossed_value_e20(self.holding.ledger, self.holding)
            total_e20 += margin_value_e20(market, both, market.mark_price_e12)
            funds_e28 = crossed_funds_e28(market, side, lots, average, equity_e20, total_e20)
        return bankruptcy_price_ticks(market, side, lots, average, funds_e28)

    def is_bearable(self, side: int) -> bool:
        """
        Whether a leg may be opened like this: within the ratio of an opening, and on money that is there.

        What an isolated leg has set aside is gone for crossed legs, which must still be covered.
        """
        if self.exceeds_opening_ratio(side):
            return False
        if not self.isolated:
            return True
        equity_e20 = self.wallet_e8 * E12 - self.isolated_margin_e16 * E4 + self.other_unrealised_e20
        spare_e28 = equity_e20 * E8 - self.other_maintenance_e28
        return spare_e28 > 0 or (spare_e28 == 0 and self.other_maintenance_e28 == 0)

    def _leg(self, side: int) -> tuple[int, int, int]:
        """Lots, average price and margin of a leg."""
        if side > 0:
            return self.long_lots, self.long_average_e12, self.long_margin_e16
        return self.short_lots, self.short_average_e12, self.short_margin_e16

    def _crossed(self) -> tuple[int, int, int]:
        if self.isolated:
            return 0, 0, 0
        return legs_sums(
            self.market,
            self.holding.crossed_leverage,
            self.long_lots,
            self.long_average_e12,
            self.short_lots,
            self.short_average_e12,
        )
