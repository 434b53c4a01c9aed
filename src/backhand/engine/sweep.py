"""
What a taker would hit, worked out against the book without touching it.

A `Sweep` walks the opposite side from the best price on. It is asked for lots as often as needed (a
reversal asks twice) and each answer continues where the last one ended. What it returns is executed
later, match by match, in `fills.trade`.
"""

from backhand.engine.book import Order
from backhand.engine.guard import capped_ticks
from backhand.engine.market import Market
from backhand.engine.matching import Match
from backhand.engine.preview import Preview
from backhand.engine.state import Holding
from backhand.events import CancelReason


class Sweep:
    """
    A walk over the resting orders that a taker of `side` meets, best first.

    What an order gives is bounded by what a reduce-only maker's leg still holds, and by what its account can
    bear (`_bound`); beyond that it is cancelled when it is met.

    Orders of the `taker` itself are passed over and collected in `own`: they must be cancelled before the
    matches are executed. Unless `stp_mode` is cancel_maker the walk stops at the first of them, which is
    collected with cancel_both only; with `none` they are met like any others. `closes` and `hold_side` (0
    in one-way mode) are the taker's: what an opening one gets of its own orders leaves that leg as large
    as it was.
    """

    def __init__(
        self,
        market: Market,
        side: int,
        taker: Holding,
        stp_mode: str = "cancel_maker",
        closes: bool = True,
        hold_side: int = 0,
    ) -> None:
        self.side = side
        self.taker = taker
        self.stp_mode = stp_mode
        self.closes = closes
        self.hold_side = hold_side
        self.own: list[Order] = []
        #: Whether an own order stopped the walk.
        self.stopped = False
        #: Lots that the matches so far take from each maker's leg.
        self._taken_lots: dict[Holding, int] = {}
        #: Makers as they stand after what they give.
        self._previews: dict[Holding, Preview] = {}
        #: The taker as it stands after what it takes, where orders of its own may be met and must be borne.
        #: Crossed legs of one account win from each other what they lose.
        self._joint: Preview | None = None
        if stp_mode == "none" and taker.isolated and taker.orders:
            self._joint = Preview(taker, True)
        self._levels = market.book.side(-side)
        self._next_key = len(self._levels.keys) - 1
        self._key = 0
        self._order: Order | None = None
        self._order_lots = 0
        #: Why the rest of the order is cancelled when it is met.
        self._order_ending: CancelReason | None = None

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
                self._arrive(order, left)
                continue
            if self._key + limit_key < 0:
                break
            if self._is_own(order) and self.stp_mode != "none":
                if self.stp_mode != "cancel_taker":
                    self.own.append(order)
                if self.stp_mode != "cancel_maker":
                    self.stopped = True
                    break
                self._arrive(order.after, left)
                continue
            got = min(left, self._order_lots)
            left -= got
            self._order_lots -= got
            exhausted = self._order_lots == 0
            ending = self._order_ending if exhausted else None
            if got or ending is not None:
                taken.append(Match(order, got, ending))
            self._count(order, got)
            if exhausted:
                self._arrive(order.after, left)
        return taken

    def _is_own(self, order: Order) -> bool:
        return order.holding.account is self.taker.account

    def _count(self, order: Order, lots: int) -> None:
        """Remember what a match changes for the orders behind it."""
        holding, own = order.holding, self._is_own(order)
        if (order.reduce_only or order.hold_side == 0) and not (
            own and not self.closes and order.hold_side == self.hold_side
        ):
            self._taken_lots[holding] = self._taken_lots.get(holding, 0) + lots
        joint = self._joint
        if joint is not None:
            joint.fill(self.side, self.hold_side, self.closes, lots, order.price_ticks, True)
            if own:
                joint.fill(order.side, order.hold_side, order.reduce_only, lots, order.price_ticks, False)

    def _arrive(self, order: Order | None, wanted: int) -> None:
        """Stand before an order and find out what of it the taker, who still wants so much, can get."""
        self._order = order
        self._order_ending = None
        if order is None:
            return
        self._order_lots = order.open_lots
        holding = order.holding
        if order.reduce_only:
            held = holding.lots(-order.side) - self._taken_lots.get(holding, 0)
            if held < order.open_lots:
                self._order_lots = max(0, held)
                self._order_ending = CancelReason.REDUCE_ONLY_EXCESS
        if holding.account.is_house or self._order_lots == 0:
            return
        if not self._is_own(order):
            before = self._previews.get(holding)
            if before is None:
                before = Preview(holding, holding.isolated)
            self._previews[holding] = self._bound(order, before, self._order_lots)
        elif self._joint is not None:
            before = self._joint.copy()
            lots = min(wanted, self._order_lots)
            before.fill(self.side, self.hold_side, self.closes, lots, order.price_ticks, True)
            self._bound(order, before, lots)

    def _bound(self, order: Order, before: Preview, lots: int) -> Preview:
        """
        Cut the lots that an order gives to what its account can bear; how the account stands after that.

        What it was placed for may have changed since: the mark, the money, the legs. What it could not pay
        would be paid by the fund, or by those it is deleveraged against. It closes nothing beyond the
        bankruptcy price of its leg, and opens nothing that it could not open now. Orders are judged by all
        that they give, each after those before it. Source: both guards of contracts.md section 5.
        """
        side, ticks = order.side, order.price_ticks
        closing = before.closing_lots(side, order.hold_side, order.reduce_only, lots)
        given = lots
        if closing and capped_ticks(-side, ticks, before.worst_close_ticks(-side)) != ticks:
            given = 0
        after = before.copy()
        if given:
            after.fill(side, order.hold_side, order.reduce_only, given, ticks, False)
            if closing < given and not after.is_bearable(side):
                # Of an own order less is met by less: what it closes is what the taker has opened with it.
                given = 0 if self._is_own(order) else closing
                after = before.copy()
                after.fill(side, order.hold_side, order.reduce_only, given, ticks, False)
        if given < lots:
            self._order_lots = given
            self._order_ending = CancelReason.MARGIN_GUARD
        return after
