"""
The engine and the naive book side by side: one command to both, and equal in everything after it.

What is compared after every command: what happened, in order; every resting order of both sides in the
order in which it would trade; and every account's position.
"""

from typing import Any, Final

from backhand.commands import (
    HOUSE_UID,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    SetPrice,
    Transfer,
)
from backhand.engine import State, apply
from backhand.engine.book import BookSide
from backhand.events import Event, Fill, OrderAccepted, OrderCancelled, Rejected
from backhand.units import E8, E12
from tests.simulation.naive_book import Happening, NaiveBook

#: Nothing that these streams do can use this up.
PLENTY_E8: Final = 10**12 * E8
MARK: Final = 100


class Lockstep:
    """A venue with one contract, its naive twin, and a check after each command."""

    def __init__(self, contract: Contract, uids: tuple[str, ...]) -> None:
        self.state = State()
        self.naive = NaiveBook(contract, uids)
        self.applied = 0
        self._give(ConfigureVenue("lockstep"))
        self._give(ListContract(contract))
        for uid in uids:
            self._give(OpenAccount(uid))
            self._give(Transfer(uid, contract.margin_coin, PLENTY_E8))
        self.market = self.state.markets[contract.symbol]
        self.apply(SetPrice(contract.symbol, MARK * E12, MARK * E12))

    def _give(self, command: Command) -> list[Event]:
        self.applied += 1
        return apply(self.state, command, self.applied)

    def apply(self, command: Command) -> None:
        """Give a command to both and compare them."""
        happened = happenings(self._give(command))
        expected = self.naive.apply(command)
        assert expected == happened, f"{command}: {expected} expected, {happened} happened"
        for side in (1, -1):
            resting = resting_orders(self.market.book.side(side))
            naive = [(order.price, order.order_id, order.lots) for order in self.naive.side(side)]
            assert naive == resting, f"{command}: {naive} should rest, {resting} do"
        for uid, lots in self.naive.held.items():
            held = self._held(uid)
            assert lots == held, f"{command}: {uid} should hold {lots}, holds {held}"

    def _held(self, uid: str) -> int:
        holding = self.state.accounts[uid].holdings.get(self.market.symbol)
        if holding is None:
            return 0
        long, short = holding.long, holding.short
        return (long.lots if long else 0) - (short.lots if short else 0)


def happenings(events: list[Event]) -> list[Happening]:
    """Put what the engine tells into the naive book's words; both fills of a trade are one happening."""
    told: list[Happening] = []
    taker: Fill | None = None
    for event in events:
        if isinstance(event, Fill):
            if taker is None:
                taker = event
                continue
            shared: Any = (event.trade_id, -event.side, event.price_ticks, event.size_lots)
            assert (taker.trade_id, taker.side, taker.price_ticks, taker.size_lots) == shared
            assert (taker.is_taker, event.is_taker) == (True, False)
            told.append(("traded", taker.order_id, event.order_id, event.price_ticks, event.size_lots))
            taker = None
        elif isinstance(event, OrderAccepted):
            told.append(("accepted", event.order_id, event.size_lots))
        elif isinstance(event, OrderCancelled):
            told.append(("cancelled", event.order_id, event.reason, event.open_lots))
        elif isinstance(event, Rejected):
            told.append(("refused", event.reason))
    assert taker is None, f"half of a trade: {taker}"
    return told


def resting_orders(side: BookSide) -> list[tuple[int, int, int]]:
    """Price, id and open lots of a side's orders, the first to trade first; levels keep their sum."""
    resting = []
    for key in reversed(side.keys):
        level = side.levels[key]
        lots = 0
        order = level.first
        while order is not None:
            assert order.price_ticks == level.price_ticks
            resting.append((order.price_ticks, order.order_id, order.open_lots))
            lots += order.open_lots
            order = order.after
        assert lots == level.lots > 0, f"the level at {level.price_ticks} sums to {lots}, not {level.lots}"
    return resting


def holders(uids: tuple[str, ...]) -> tuple[str, ...]:
    """Accounts whose positions are compared: the house's too."""
    return (*uids, HOUSE_UID)
