"""
A naive order book: two sorted lists and nothing clever, as the oracle of the engine's fast one.

It knows one contract and accounts in one-way mode that never run out of money. Orders are sorted again
after each arrival, a taker walks the list from its start, and every trade moves two signed positions at
once. It speaks the engine's commands, and tells what happened as plain tuples (`Happening`).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from backhand.commands import (
    HOUSE_UID,
    CancelOrder,
    Command,
    Contract,
    PlaceOrder,
    ReplaceLadder,
    SetPrice,
)
from backhand.engine.state import FIRST_ID, ORDER_ID_STEP
from backhand.events import CancelReason, RejectReason

#: ("refused", reason), ("accepted", id, lots), ("traded", taker, maker, price, lots) or
#: ("cancelled", id, reason, lots left).
Happening = tuple[object, ...]


@dataclass(slots=True)
class Resting:
    """An order, and what is left of it."""

    order_id: int
    uid: str
    side: int
    price: int
    lots: int
    reduce_only: bool


@dataclass(slots=True)
class Meeting:
    """What a taker gets of one maker; `is_spent`: a reduce-only maker has more left than its position."""

    maker: Resting
    lots: int
    is_spent: bool


class NaiveBook:
    """The book of one contract, its accounts' signed positions, and the house's ladder."""

    def __init__(self, contract: Contract, uids: tuple[str, ...]) -> None:
        self.contract = contract
        self.bids: list[Resting] = []
        self.asks: list[Resting] = []
        self.held = dict.fromkeys((*uids, HOUSE_UID), 0)
        self.next_id: int = FIRST_ID
        self.mark = Fraction(0)
        self.highest_buy = 0
        self.lowest_sell = 0
        #: Accounts that the present command has touched, in that order.
        self.reached: list[str] = []

    def apply(self, command: Command) -> list[Happening]:
        """Carry out one command and tell what happened."""
        told: list[Happening] = []
        self.reached = []
        if isinstance(command, PlaceOrder):
            self._place(command, told)
        elif isinstance(command, CancelOrder):
            self._cancel(command, told)
        elif isinstance(command, ReplaceLadder):
            self._set_mark(command.mark_price_e12)
            self._quote(command, told)
        elif isinstance(command, SetPrice):
            self._set_mark(command.mark_price_e12)
        for uid in self.reached:
            self._shrink(uid, told)
        return told

    def side(self, side: int) -> list[Resting]:
        """Resting orders of a trade direction, the first to trade first."""
        return self.bids if side > 0 else self.asks

    def of(self, uid: str) -> list[Resting]:
        """An account's resting orders, oldest first."""
        return sorted(
            (order for order in self.bids + self.asks if order.uid == uid), key=lambda order: order.order_id
        )

    def closing(self, uid: str) -> list[Resting]:
        """An account's reduce-only orders, oldest first."""
        return [order for order in self.of(uid) if order.reduce_only]

    def _set_mark(self, mark_e12: int | None) -> None:
        """Prices may be this far from mark: on a tick, and not a bit farther."""
        if mark_e12 is not None:
            terms = self.contract
            self.mark = Fraction(mark_e12, terms.tick_e12)
            self.highest_buy = math.floor(self.mark * (1 + Fraction(terms.buy_band_rate_e8, 10**8)))
            self.lowest_sell = math.ceil(self.mark * (1 - Fraction(terms.sell_band_rate_e8, 10**8)))

    def _place(self, command: PlaceOrder, told: list[Happening]) -> None:
        uid, side, size = command.uid, command.side, command.size_lots
        edge = self.highest_buy if side > 0 else self.lowest_sell
        price = edge if command.price_ticks is None else command.price_ticks
        tif = "ioc" if command.order_type == "market" else command.time_in_force
        held = max(0, -side * self.held[uid])
        displaced = self._displaced(uid, size - held) if command.reduce_only else []
        meetings = self._walk(uid, side, size, price)
        matched = sum(meeting.lots for meeting in meetings)
        reason = self._refusal(command, price, held, len(displaced), matched)
        if reason is not None:
            told.append(("refused", reason))
            return

        order = Resting(self._take_id(), uid, side, price, size, command.reduce_only)
        told.append(("accepted", order.order_id, size))
        if tif == "post_only" and matched:
            told.append(("cancelled", order.order_id, CancelReason.POST_ONLY_WOULD_TAKE, size))
            return
        if tif == "fok" and matched < size:
            told.append(("cancelled", order.order_id, CancelReason.FILL_OR_KILL, size))
            return
        for other in displaced:
            self._end(other, CancelReason.DISPLACED, told)
        self._trade(order, meetings, told)
        if order.lots and tif in {"gtc", "post_only"}:
            self._rest(order)
        elif order.lots:
            told.append(("cancelled", order.order_id, CancelReason.IMMEDIATE_REMAINDER, order.lots))

    def _refusal(
        self, command: PlaceOrder, price: int, held: int, leaving: int, matched: int
    ) -> RejectReason | None:
        """The first of the documented reasons that applies."""
        terms, size, is_market = self.contract, command.size_lots, command.order_type == "market"
        if command.price_ticks is None and not is_market:
            return RejectReason.INVALID_PRICE
        if command.price_ticks is not None and command.price_ticks <= 0:
            return RejectReason.INVALID_PRICE
        if size > (terms.market_size_lots_max if is_market else terms.limit_size_lots_max):
            return RejectReason.SIZE_TOO_LARGE
        if command.side > 0 and price > self.highest_buy:
            return RejectReason.PRICE_ABOVE_BAND
        if command.side < 0 and price < self.lowest_sell:
            return RejectReason.PRICE_BELOW_BAND
        if command.reduce_only and held == 0:
            return RejectReason.NO_POSITION_TO_CLOSE
        if command.reduce_only and size > held:
            return RejectReason.REDUCE_ONLY_TOO_LARGE
        if size < terms.size_lots_min and not (command.reduce_only and size == held):
            return RejectReason.SIZE_TOO_SMALL
        opens = size > held
        reference = self.mark if command.price_ticks is None else price
        if opens and size * reference * terms.lot_e8 * terms.tick_e12 < terms.value_min_e8 * 10**12:
            return RejectReason.VALUE_TOO_SMALL
        may_rest = not is_market and command.time_in_force in {"gtc", "post_only"}
        if may_rest and len(self.of(command.uid)) - leaving >= terms.symbol_orders_max:
            return RejectReason.TOO_MANY_ORDERS
        if is_market and matched == 0:
            return RejectReason.NO_LIQUIDITY
        return None

    def _displaced(self, uid: str, excess: int) -> list[Resting]:
        """The oldest reduce-only orders that must go so that one more, this much too large, fits."""
        closing = self.closing(uid)
        excess += sum(order.lots for order in closing)
        going: list[Resting] = []
        for order in closing:
            if excess > 0:
                going.append(order)
                excess -= order.lots
        return going

    def _walk(self, uid: str, side: int, lots: int, limit: int) -> list[Meeting]:
        """Meet the other side's orders from the best on, moving a copy of the positions trade by trade."""
        held = dict(self.held)
        meetings: list[Meeting] = []
        for maker in self.side(-side):
            if lots == 0 or (maker.price - limit) * side > 0:
                break
            if maker.uid == uid == HOUSE_UID:
                continue
            gives = maker.lots
            if maker.reduce_only:
                gives = min(gives, max(0, -maker.side * held[maker.uid]))
            got = min(lots, gives)
            meetings.append(Meeting(maker, got, got == gives < maker.lots))
            held[uid] += side * got
            held[maker.uid] -= side * got
            lots -= got
        return meetings

    def _trade(self, taker: Resting, meetings: list[Meeting], told: list[Happening]) -> None:
        for meeting in meetings:
            maker, lots = meeting.maker, meeting.lots
            if lots:
                told.append(("traded", taker.order_id, maker.order_id, maker.price, lots))
                taker.lots -= lots
                maker.lots -= lots
                for order in (taker, maker):
                    self.held[order.uid] += order.side * lots
                    self._reach(order.uid)
            if maker.lots == 0:
                self.side(maker.side).remove(maker)
            elif meeting.is_spent:
                self._end(maker, CancelReason.REDUCE_ONLY_EXCESS, told)

    def _rest(self, order: Resting) -> None:
        """Sort by price, then by arrival; identifiers ascend in the order of arrival."""
        resting = self.side(order.side)
        resting.append(order)
        resting.sort(key=lambda each: (-each.side * each.price, each.order_id))
        self._reach(order.uid)

    def _end(self, order: Resting, reason: CancelReason, told: list[Happening]) -> None:
        self.side(order.side).remove(order)
        self._reach(order.uid)
        told.append(("cancelled", order.order_id, reason, order.lots))

    def _cancel(self, command: CancelOrder, told: list[Happening]) -> None:
        for order in self.of(command.uid):
            if order.order_id == command.order_id:
                return self._end(order, CancelReason.BY_CLIENT, told)
        told.append(("refused", RejectReason.UNKNOWN_ORDER))
        return None

    def _quote(self, command: ReplaceLadder, told: list[Happening]) -> None:
        """Take out what is no longer quoted, resize what stays where it is, then place what is new."""
        wanted = [(side, levels) for side, levels in ((1, command.bids), (-1, command.asks))]
        for side, levels in wanted:
            for order in list(self.side(side)):
                if order.uid == HOUSE_UID and order.price not in dict(levels):
                    self.side(side).remove(order)
        for side, levels in wanted:
            quoted = {order.price: order for order in self.side(side) if order.uid == HOUSE_UID}
            for price, size in levels:
                if price in quoted:
                    quoted[price].lots = size
                    continue
                order = Resting(self._take_id(), HOUSE_UID, side, price, size, False)
                self._trade(order, self._walk(HOUSE_UID, side, size, price), told)
                if order.lots:
                    self._rest(order)

    def _shrink(self, uid: str, told: list[Happening]) -> None:
        """Reduce-only orders together never exceed the position: the oldest go first."""
        closing = self.closing(uid)
        for order in closing:
            excess = sum(each.lots for each in closing if each in self.side(each.side))
            if excess <= max(0, -order.side * self.held[uid]):
                break
            self._end(order, CancelReason.REDUCE_ONLY_EXCESS, told)

    def _reach(self, uid: str) -> None:
        if uid not in self.reached:
            self.reached.append(uid)

    def _take_id(self) -> int:
        order_id = self.next_id
        self.next_id += ORDER_ID_STEP
        return order_id
