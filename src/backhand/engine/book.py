"""
The price-time book of one market: orders rest by price, then by arrival.

A side is a dictionary of levels and a sorted list of their keys with the best last; a level is an
intrusive doubly linked list of orders. A bid's key is its price, an ask's key its negated price, so
"best" is the largest key on either side and the code is the same for both.
"""

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from backhand.commands import Preset, SelfTradePrevention
from backhand.engine.invariants import InvariantBroken

if TYPE_CHECKING:
    from backhand.engine.state import Holding


class Order:
    """
    One order, open or about to be; `open_lots` is what is left of it.

    `side` is the direction of the trade. `hold_side` is the leg it belongs to in hedge mode, 0 in
    one-way mode. `reserve_e8` is what the ledger has locked for it. Of what it has opened, its presets
    protect `protected_lots` so far; `opened_lots` counts only where it has presets.
    """

    def __init__(
        self,
        order_id: int,
        client_oid: str,
        holding: "Holding",
        side: int,
        hold_side: int,
        reduce_only: bool,
        price_ticks: int,
        size_lots: int,
    ) -> None:
        self.order_id = order_id
        self.client_oid = client_oid
        self.holding = holding
        self.side = side
        self.hold_side = hold_side
        self.reduce_only = reduce_only
        self.price_ticks = price_ticks
        self.size_lots = size_lots
        self.open_lots = size_lots
        self.reserve_e8 = 0
        self.reserved_lots = 0
        self.post_only = False
        self.stp_mode: SelfTradePrevention = "none"
        self.take_profit: Preset | None = None
        self.stop_loss: Preset | None = None
        self.opened_lots = 0
        self.protected_lots = 0
        self.level: Level | None = None
        self.before: Order | None = None
        self.after: Order | None = None


class Level:
    """Orders of one price in arrival order, and the sum of what they leave open."""

    def __init__(self, price_ticks: int) -> None:
        self.price_ticks = price_ticks
        self.lots = 0
        self.first: Order | None = None
        self.last: Order | None = None


class BookSide:
    """All levels of one side."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []

    def add(self, order: Order) -> None:
        """Rest an order behind those of its price."""
        key = order.price_ticks * self.side
        level = self.levels.get(key)
        if level is None:
            level = Level(order.price_ticks)
            self.levels[key] = level
            insort(self.keys, key)
        order.level = level
        order.before = level.last
        order.after = None
        if level.last is None:
            level.first = order
        else:
            level.last.after = order
        level.last = order
        level.lots += order.open_lots

    def remove(self, order: Order) -> None:
        """Take a resting order out of the book."""
        level = order.level
        if level is None:
            raise InvariantBroken("an order that is removed rests in the book")
        if order.before is None:
            level.first = order.after
        else:
            order.before.after = order.after
        if order.after is None:
            level.last = order.before
        else:
            order.after.before = order.before
        level.lots -= order.open_lots
        order.level = None
        order.before = None
        order.after = None
        if level.first is None:
            key = level.price_ticks * self.side
            del self.levels[key]
            if self.keys[-1] == key:
                self.keys.pop()
            else:
                del self.keys[bisect_left(self.keys, key)]

    def best_ticks(self) -> int:
        """The best price, 0 when nothing rests."""
        return self.keys[-1] * self.side if self.keys else 0


class Book:
    """Both sides of a market."""

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)

    def side(self, side: int) -> BookSide:
        """Where orders of a trade direction rest."""
        return self.bids if side > 0 else self.asks

    def depth(self, levels_max: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Resting (price_ticks, size_lots), best first: bids, asks."""
        return self._levels(self.bids, levels_max), self._levels(self.asks, levels_max)

    def _levels(self, side: BookSide, levels_max: int) -> list[tuple[int, int]]:
        levels: list[tuple[int, int]] = []
        for key in reversed(side.keys):
            if len(levels) == levels_max:
                break
            level = side.levels[key]
            levels.append((level.price_ticks, level.lots))
        return levels
