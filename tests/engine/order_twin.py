"""
A second, naive model of what orders were told to do beyond trading, fed with events only.

It keeps every waiting order from the event that it waits to the one that ended it, knows by prices told so
far from which side each is reached, counts what orders with presets have opened, and looks at who met whom.
`verify` compares that with the state, and says what must hold between two commands: no waiting order whose
price has come, none that protects a position which is gone, one of each kind for a whole position.
"""

from dataclasses import dataclass, field

import msgspec

from backhand.commands import TriggerBy
from backhand.engine import State
from backhand.engine.state import Trigger
from backhand.events import (
    CancelReason,
    ContractListed,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    PositionClosed,
    PriceSet,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)

WHOLE = frozenset({"position_take_profit", "position_stop_loss"})
ENTRIES = frozenset({"entry", "trailing_entry"})
TRAILING = frozenset({"trailing_entry", "trailing_stop"})
GAINING = frozenset({"take_profit", "position_take_profit"})
#: Fills of these make the last price; what the venue settles between positions makes none.
TRADES = frozenset({"trade", "liquidation", "reduction"})


@dataclass
class Waiting:
    """An order that waits: its terms, the position it protects (0 for none), and whence its price comes."""

    terms: TriggerPlaced
    position_id: int
    rises: bool


@dataclass
class OrderTwin:
    """Waiting orders, presets and prices, as events tell them."""

    tick_e12: dict[str, int] = field(default_factory=dict)
    marks_e12: dict[str, int] = field(default_factory=dict)
    lasts_e12: dict[str, int] = field(default_factory=dict)
    orders: dict[int, OrderAccepted] = field(default_factory=dict)
    positions: dict[tuple[str, str, int], int] = field(default_factory=dict)
    waiting: dict[int, Waiting] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    #: Lots opened by orders with presets that no protection was told for yet, by order and kind.
    unprotected: dict[tuple[int, str], int] = field(default_factory=dict)
    #: Prices of this command by symbol: those it found, and all that came.
    seen_e12: dict[tuple[str, TriggerBy], list[int]] = field(default_factory=dict)

    def fold(self, events: list[Event]) -> None:
        """Follow the events of one command."""
        self.seen_e12 = {
            (symbol, by): [self.price_e12(symbol, by)] for symbol in self.tick_e12 for by in ("last", "mark")
        }
        takers: dict[int, Fill] = {}
        replaced: tuple[str, str, int] | None = None
        for event in events:
            if isinstance(event, ContractListed):
                self._listed(event)
            elif isinstance(event, PriceSet):
                self.marks_e12[event.symbol] = event.mark_price_e12
                self._see(event.symbol)
            elif isinstance(event, OrderAccepted):
                self.orders[event.order_id] = event
                assert event.source != "modify" or replaced == (event.uid, event.symbol, event.side), event
            elif isinstance(event, OrderCancelled):
                if event.reason is CancelReason.MODIFIED:
                    replaced = (event.uid, event.symbol, self.orders[event.order_id].side)
            elif isinstance(event, OrderPresetsChanged):
                self.orders[event.order_id] = msgspec.structs.replace(
                    self.orders[event.order_id], take_profit=event.take_profit, stop_loss=event.stop_loss
                )
            elif isinstance(event, Fill):
                self._met(takers.setdefault(event.trade_id, event), event)
                self._fill(event)
            elif isinstance(event, PositionClosed):
                self._closed(event)
            elif isinstance(event, TriggerPlaced):
                self._placed(event)
            elif isinstance(event, TriggerChanged):
                self._changed(event)
            elif isinstance(event, TriggerFired):
                self._fired(event)
            elif isinstance(event, TriggerCancelled):
                self._end(event.order_id)
        assert {} == self.unprotected, f"a preset was dropped: {events}"

    def price_e12(self, symbol: str, by: TriggerBy) -> int:
        """The last price or the mark; the mark also before the first trade."""
        mark = self.marks_e12.get(symbol, 0)
        return self.lasts_e12.get(symbol, mark) if by == "last" else mark

    def _see(self, symbol: str) -> None:
        for by in ("last", "mark"):
            self.seen_e12[symbol, by].append(self.price_e12(symbol, by))

    def _listed(self, event: ContractListed) -> None:
        symbol, tick_e12 = event.contract.symbol, event.contract.tick_e12
        for by in ("last", "mark"):
            self.seen_e12.setdefault((symbol, by), [])
        if symbol in self.lasts_e12:
            self.lasts_e12[symbol] = self.lasts_e12[symbol] // tick_e12 * tick_e12
        self.tick_e12[symbol] = tick_e12

    def _met(self, taker: Fill, fill: Fill) -> None:
        order = self.orders.get(taker.order_id)
        prevents = order is not None and order.stp_mode != "none" and fill.kind == "trade"
        met_itself = prevents and fill is not taker and fill.uid == taker.uid
        assert not met_itself, f"self-trade prevention was ignored: {taker}, {fill}"

    def _fill(self, fill: Fill) -> None:
        order = self.orders.get(fill.order_id)
        if fill.kind in TRADES:
            self.lasts_e12[fill.symbol] = fill.price_ticks * self.tick_e12[fill.symbol]
            self._see(fill.symbol)
        if fill.position_side:
            self.positions[fill.uid, fill.symbol, fill.position_side] = fill.position_id
        if order is None:
            return
        opened = fill.size_lots
        if fill.is_close:
            # What a one-way order opens beyond zero is the new position.
            opened = fill.position_lots if fill.position_side == fill.side else 0
        for preset, kind in ((order.take_profit, "take_profit"), (order.stop_loss, "stop_loss")):
            if preset is not None and opened:
                key = (fill.order_id, kind)
                self.unprotected[key] = self.unprotected.get(key, 0) + opened

    def _closed(self, event: PositionClosed) -> None:
        key = (event.uid, event.symbol, event.side)
        if self.positions.get(key) == event.position_id:
            del self.positions[key]
        for order_id, kind in list(self.unprotected):
            order = self.orders[order_id]
            if (order.uid, order.symbol, order.side) == key:
                del self.unprotected[order_id, kind]

    def _placed(self, event: TriggerPlaced) -> None:
        assert event.order_id not in self.waiting, f"an order waits once: {event}"
        assert event.order_id not in self.ended, f"what ended waits no more: {event}"
        position_id = 0
        if event.kind not in ENTRIES:
            position_id = self.positions[event.uid, event.symbol, -event.side]
        if event.parent_order_id:
            parent = self.orders[event.parent_order_id]
            preset = parent.take_profit if event.kind == "take_profit" else parent.stop_loss
            assert preset is not None, event
            assert preset.trigger_price_ticks == event.trigger_price_ticks, event
            lots = self.unprotected.pop((event.parent_order_id, event.kind))
            assert lots == event.size_lots, f"a preset protects what was opened: {event}"
        self.waiting[event.order_id] = Waiting(event, position_id, self._rises(event))

    def _rises(self, terms: TriggerPlaced) -> bool:
        """Whether a price comes from below: by kind, for entries by where the price is now."""
        if terms.kind in ENTRIES:
            price = terms.trigger_price_ticks * self.tick_e12[terms.symbol]
            return price >= self.price_e12(terms.symbol, terms.trigger_by)
        long = terms.side < 0
        return (terms.kind in GAINING or terms.kind in TRAILING) == long

    def _changed(self, event: TriggerChanged) -> None:
        before = self.waiting[event.order_id]
        old = before.terms
        lots = self.unprotected.pop((old.parent_order_id, old.kind), None)
        assert lots is None or lots == event.size_lots - old.size_lots, f"a preset grows: {event}"
        terms = msgspec.structs.replace(
            old,
            size_lots=event.size_lots,
            trigger_price_ticks=event.trigger_price_ticks,
            trigger_by=event.trigger_by,
            limit_price_ticks=event.limit_price_ticks,
            callback_rate_e8=event.callback_rate_e8,
            take_profit=event.take_profit,
            stop_loss=event.stop_loss,
        )
        rises = before.rises if lots is not None else self._rises(terms)
        self.waiting[event.order_id] = Waiting(terms, before.position_id, rises)

    def _fired(self, event: TriggerFired) -> None:
        waited = self._end(event.order_id)
        terms = waited.terms
        assert (terms.uid, terms.symbol) == (event.uid, event.symbol), event
        if terms.kind not in TRAILING:
            price = terms.trigger_price_ticks * self.tick_e12[terms.symbol]
            seen = self.seen_e12[terms.symbol, terms.trigger_by]
            came = max(seen) >= price if waited.rises else min(seen) <= price
            assert came, f"its price has not come: {event}, {terms}"
        assert (event.placed_order_id == 0) == (event.reason is not None), event
        if event.placed_order_id:
            order = self.orders[event.placed_order_id]
            assert (terms.uid, terms.symbol, terms.side) == (order.uid, order.symbol, order.side), event
            assert (terms.kind, terms.limit_price_ticks) == (order.source, order.price_ticks), event
            assert terms.reduce_only == order.reduce_only, event
            assert terms.size_lots == 0 or order.size_lots <= terms.size_lots, event
            presets = (terms.take_profit, terms.stop_loss, terms.stp_mode)
            assert presets == (order.take_profit, order.stop_loss, order.stp_mode), event

    def _end(self, order_id: int) -> Waiting:
        assert order_id in self.waiting, f"only what waits ends, and once: {order_id}"
        self.ended.add(order_id)
        return self.waiting.pop(order_id)

    def verify(self, state: State) -> None:
        """Compare with the waiting orders of a state, and check what must hold between two commands."""
        held: dict[int, Trigger] = {}
        for account in state.accounts.values():
            held |= account.triggers
            by_holding = [trigger for each in account.holdings.values() for trigger in each.triggers.values()]
            assert sorted(account.triggers) == sorted(trigger.order_id for trigger in by_holding)
            names = {name: trigger.order_id for name, trigger in account.waiting_client_oids.items()}
            assert {trigger.client_oid: trigger.order_id for trigger in by_holding} == names
            assert not names.keys() & account.open_client_oids.keys(), "a name means one order"
        assert sorted(self.waiting) == sorted(held)
        whole: dict[tuple[int, str], int] = {}
        for order_id, waited in self.waiting.items():
            terms, trigger = waited.terms, held[order_id]
            assert (terms.size_lots, terms.trigger_price_ticks, terms.limit_price_ticks) == (
                trigger.size_lots,
                trigger.trigger_price_ticks,
                trigger.limit_price_ticks,
            )
            if waited.position_id:
                leg = self.positions.get((terms.uid, terms.symbol, -terms.side))
                assert waited.position_id == leg == trigger.position_id, f"it protects nothing: {terms}"
            if terms.kind in WHOLE:
                other = whole.setdefault((waited.position_id, terms.kind), order_id)
                assert other == order_id, f"two for a whole position: {terms}"
            self._check_price(waited, trigger)

    def _check_price(self, waited: Waiting, trigger: Trigger) -> None:
        terms = waited.terms
        if terms.trigger_by == "last" and terms.symbol not in self.lasts_e12:
            return
        price = self.price_e12(terms.symbol, terms.trigger_by)
        best = trigger.best_price_e12
        if best:
            back = best * terms.callback_rate_e8
            assert (best - price) * -terms.side >= 0, f"it follows the best price: {terms}"
            assert abs(best - price) * 10**8 < back, f"it should have turned: {terms}"
        else:
            wanted = terms.trigger_price_ticks * self.tick_e12[terms.symbol]
            assert price < wanted if waited.rises else price > wanted, f"its price has come: {terms}"
