"""
What a taker would hit, worked out against the book without touching it.

A `Sweep` walks the opposite side from the best price on. It is asked for lots as often as needed (a
reversal asks twice) and each answer continues where the last one ended. What it returns is executed
later, match by match, in `fills.trade`.
"""

from backhand.engine.book import Order
from backhand.engine.market import Market
from backhand.engine.state import Account, Holding


class Match:
    """
    `lots` of a resting order that the taker gets.

    `cancel_rest` tells that the maker is reduce-only and its position holds no more: what the maker
    leaves open beyond this match is cancelled (`lots` may then be 0).
    """

    def __init__(self, maker: Order, lots: int, cancel_rest: bool) -> None:
        self.maker = maker
        self.lots = lots
        self.cancel_rest = cancel_rest


class Sweep:
    """
    A walk over the resting orders that a taker of `side` meets, best first.

    Orders of `avoided` are passed over and collected in `own`: they must be cancelled before the
    matches are executed. Unless `stp_mode` is cancel_maker the walk stops at the first of them, which is
    collected with cancel_both only. An opening taker names its holding in `grown`, and the leg in
    `hold_side` (0 in one-way mode): what it gets of its own orders leaves that leg as large as it was.
    """

    def __init__(
        self,
        market: Market,
        side: int,
        avoided: Account | None,
        stp_mode: str = "cancel_maker",
        grown: Holding | None = None,
        hold_side: int = 0,
    ) -> None:
        self.side = side
        self.avoided = avoided
        self.stp_mode = stp_mode
        self.grown = grown
        self.hold_side = hold_side
        self.own: list[Order] = []
        #: Whether an own order stopped the walk.
        self.stopped = False
        #: Lots that the matches so far take from each maker's leg.
        self._taken_lots: dict[Holding, int] = {}
        self._levels = market.book.side(-side)
        self._next_key = len(self._levels.keys) - 1
        self._key = 0
        self._order: Order | None = None
        self._order_lots = 0
        self._order_cut = False

    def take(self, lots: int, limit_ticks: int) -> list[Match]:
        """Match up to `lots` at prices no worse than `limit_ticks`."""
        taken: list[Match] = []
        left = 0 if self.stopped else lots
        # A maker's key falls as its price gets worse for the taker.
        limit_key = limit_ticks if self.side > 0 else -limit_ticks
        while left > 0:
            order = self._order
            if order is None:
                if self._next_key < 0:
                    break
                key = self._levels.keys[self._next_key]
                if key + limit_key < 0:
                    break
                self._next_key -= 1
                self._key = key
                order = self._levels.levels[key].first
                self._arrive(order)
                continue
            if self._key + limit_key < 0:
                break
            if order.holding.account is self.avoided:
                if self.stp_mode != "cancel_taker":
                    self.own.append(order)
                if self.stp_mode != "cancel_maker":
                    self.stopped = True
                    break
                self._arrive(order.after)
                continue
            got = min(left, self._order_lots)
            left -= got
            self._order_lots -= got
            exhausted = self._order_lots == 0
            cancel_rest = exhausted and self._order_cut
            if got or cancel_rest:
                taken.append(Match(order, got, cancel_rest))
            if order.reduce_only or order.hold_side == 0:
                holding = order.holding
                if holding is not self.grown or order.hold_side != self.hold_side:
                    self._taken_lots[holding] = self._taken_lots.get(holding, 0) + got
            if exhausted:
                self._arrive(order.after)
        return taken

    def _arrive(self, order: Order | None) -> None:
        """Stand before an order: what it gives is bounded by what a reduce-only maker's leg still holds."""
        self._order = order
        self._order_cut = False
        if order is None:
            return
        self._order_lots = order.open_lots
        if order.reduce_only:
            held = order.holding.lots(-order.side) - self._taken_lots.get(order.holding, 0)
            if held < order.open_lots:
                self._order_lots = max(0, held)
                self._order_cut = True


def matched_lots(matches: list[Match]) -> int:
    """Lots of some matches together."""
    lots = 0
    for match in matches:
        lots += match.lots
    return lots


def first_lots(matches: list[Match], lots: int) -> list[Match]:
    """The first `lots` of some matches, the last of them cut where necessary."""
    kept: list[Match] = []
    left = lots
    for match in matches:
        if left == 0:
            break
        if match.lots <= left:
            kept.append(match)
            left -= match.lots
        else:
            kept.append(Match(match.maker, left, False))
            left = 0
    return kept


def split_lots(matches: list[Match], lots: int) -> tuple[list[Match], list[Match]]:
    """The first `lots` of some matches, and the rest of them."""
    first: list[Match] = []
    rest: list[Match] = []
    left = lots
    for match in matches:
        if match.lots <= left:
            first.append(match)
            left -= match.lots
        elif left == 0:
            rest.append(match)
        else:
            first.append(Match(match.maker, left, False))
            rest.append(Match(match.maker, match.lots - left, match.cancel_rest))
            left = 0
    return first, rest


def lot_ticks(matches: list[Match]) -> int:
    """The sum of lots x ticks of some matches."""
    total = 0
    for match in matches:
        total += match.lots * match.maker.price_ticks
    return total
