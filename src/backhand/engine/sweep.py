"""
What a taker would hit, worked out against the book without touching it.

A `Sweep` walks the opposite side from the best price on. It is asked for lots as often as needed (a
reversal asks twice) and each answer continues where the last one ended. What it returns is executed
later, match by match, in `fills.trade`.
"""

from backhand.engine.book import Order
from backhand.engine.market import Market
from backhand.engine.matching import Match
from backhand.engine.preview import Preview
from backhand.engine.state import Account, Holding
from backhand.events import CancelReason


class Sweep:
    """
    A walk over the resting orders that a taker of `side` meets, best first.

    What an order gives is bounded by what a reduce-only maker's leg still holds, and it gives nothing where
    its account could not bear its fill (`_bear`): the rest of it is cancelled when it is met.

    Orders of `taker` itself are passed over and collected in `own`: they must be cancelled before the
    matches are executed. Unless `stp_mode` is cancel_maker the walk stops at the first of them, which is
    collected with cancel_both only; with `none` they are met like any others. An opening taker names its
    holding in `grown`, and the leg in `hold_side` (0 in one-way mode): what it gets of its own orders
    leaves that leg as large as it was.
    """

    def __init__(
        self,
        market: Market,
        side: int,
        taker: Account,
        stp_mode: str = "cancel_maker",
        grown: Holding | None = None,
        hold_side: int = 0,
    ) -> None:
        self.side = side
        self.taker = taker
        self.stp_mode = stp_mode
        self.grown = grown
        self.hold_side = hold_side
        self.own: list[Order] = []
        #: Whether an own order stopped the walk.
        self.stopped = False
        #: Lots that the matches so far take from each maker's leg.
        self._taken_lots: dict[Holding, int] = {}
        #: Makers as they stand after what they give at prices that lose at mark.
        self._previews: dict[Holding, Preview] = {}
        self._levels = market.book.side(-side)
        mark_e12 = market.mark_price_e12
        #: Makers with a greater key lose at mark.
        self._mark_key = (-mark_e12 if side > 0 else mark_e12) // market.tick_e12
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
                self._arrive(order)
                continue
            if self._key + limit_key < 0:
                break
            if order.holding.account is self.taker and self.stp_mode != "none":
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
            ending = self._order_ending if exhausted else None
            if got or ending is not None:
                taken.append(Match(order, got, ending))
            if order.reduce_only or order.hold_side == 0:
                holding = order.holding
                if holding is not self.grown or order.hold_side != self.hold_side:
                    self._taken_lots[holding] = self._taken_lots.get(holding, 0) + got
            if exhausted:
                self._arrive(order.after)
        return taken

    def _arrive(self, order: Order | None) -> None:
        """Stand before an order and find out what it gives."""
        self._order = order
        self._order_ending = None
        if order is None:
            return
        self._order_lots = order.open_lots
        if order.reduce_only:
            held = order.holding.lots(-order.side) - self._taken_lots.get(order.holding, 0)
            if held < order.open_lots:
                self._order_lots = max(0, held)
                self._order_ending = CancelReason.REDUCE_ONLY_EXCESS
        account = order.holding.account
        if self._key > self._mark_key and not account.is_house and account is not self.taker:
            self._bear(order)

    def _bear(self, order: Order) -> None:
        """
        Let an order whose price loses at mark give nothing where its account could not bear it.

        Its fill hands the difference to the taker; what the account could not pay of it would be paid by
        the fund, or by those it is deleveraged against. The taker's own orders hand nothing away. Orders
        are judged by all that they give, each after the ones before it. Source: the post-fill guard of
        contracts.md section 5.
        """
        holding = order.holding
        before = self._previews.get(holding)
        after = Preview(holding, holding.isolated) if before is None else before.copy()
        opens = after.give(order, self._order_lots)
        if opens and after.exceeds_opening_ratio(order.side):
            self._order_lots = 0
            self._order_ending = CancelReason.OPENING_RATIO
        else:
            self._previews[holding] = after
