"""
One reversal by the engine and by the naive reading: read the scene, predict, carry out, compare.

Compared are the refusal, or: both order records and every fill with fee and profit; which orders ended, why
and with what left; the closing event; and the whole scene after it: wallets, legs with averages and
margins, resting orders with their reserves, the book's queues.
"""

from collections.abc import Sequence
from fractions import Fraction

from backhand.commands import HOUSE_UID, ReversePosition
from backhand.engine import State, apply
from backhand.engine.book import BookSide
from backhand.engine.book import Order as EngineOrder
from backhand.engine.state import ORDER_ID_STEP, Holding
from backhand.events import (
    CancelReason,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    PositionReversed,
    Rejected,
)
from tests.simulation.naive_reversal import Filled, Outcome, reverse
from tests.simulation.scene import Leg, Order, Party, Scene, Terms


def read(state: State, terms: Terms, uids: Sequence[str]) -> Scene:
    """Read a scene from the engine's state: facts only."""
    market = state.markets[terms.contract.symbol]
    parties: dict[str, Party] = {}
    orders: dict[int, Order] = {}
    for uid in (*uids, HOUSE_UID):
        account = state.accounts[uid]
        holding = account.holding(market)
        for order in holding.orders.values():
            orders[order.order_id] = _order(order, uid)
        parties[uid] = Party(
            uid,
            account.hedge_mode(market.product_type),
            holding.isolated,
            {1: holding.leverage(1), -1: holding.leverage(-1)},
            Fraction(holding.ledger.wallet_e8, 10**8),
            {1: _leg(holding, 1), -1: _leg(holding, -1)},
            [orders[order_id] for order_id in holding.orders],
        )
    return Scene(
        terms,
        Fraction(market.mark_price_e12, 10**12),
        state.one_way_size == "honour",
        parties,
        _queue(market.book.bids, orders),
        _queue(market.book.asks, orders),
    )


def _leg(holding: Holding, side: int) -> Leg:
    leg = holding.leg(side)
    if leg is None:
        return Leg()
    return Leg(leg.lots, Fraction(leg.average_price_e12, 10**12), Fraction(leg.margin_e16, 10**16))


def _order(order: EngineOrder, uid: str) -> Order:
    return Order(
        order.order_id,
        uid,
        order.side,
        order.hold_side,
        order.reduce_only,
        order.price_ticks,
        order.open_lots,
        Fraction(order.reserve_e8, 10**8),
    )


def _queue(side: BookSide, orders: dict[int, Order]) -> list[Order]:
    queue = []
    for key in reversed(side.keys):
        order = side.levels[key].first
        while order is not None:
            queue.append(orders.get(order.order_id) or _order(order, HOUSE_UID))
            order = order.after
    return queue


class Check:
    """A prediction for one call, ready to be compared with what the engine does."""

    def __init__(self, state: State, scene: Scene, uids: Sequence[str], call: ReversePosition) -> None:
        self.state, self.uids, self.call = state, uids, call
        self.before = scene
        self.expected = scene.copy()
        account = state.accounts[call.uid]
        self.used_oids = {*account.client_oids, *account.open_client_oids}
        self.answer = reverse(self.expected, call, self.used_oids)
        close = state.next_order_id
        opened = close + ORDER_ID_STEP
        oid = call.client_oid if call.client_oid is not None else str(opened + 1)
        #: Of the close leg, of the open leg, and the open leg's client order id (A14).
        self.order_ids = (close, opened, oid)

    @property
    def is_refused(self) -> bool:
        return not isinstance(self.answer, Outcome)

    def carry_out(self, stamp_ms: int) -> None:
        """Let the engine reverse, and compare."""
        events = apply(self.state, self.call, stamp_ms)
        after = read(self.state, self.before.terms, self.uids)
        if isinstance(self.answer, Outcome):
            self._compare_legs(self.answer, events)
            # What a liquidation makes of the rest is for its own tests.
            if not any(self.expected.is_liquidated(self.expected.parties[uid]) for uid in self.uids):
                self._compare_cancels(self.answer, events)
                _compare_scenes(self.expected, after)
        else:
            refusals = [event.reason for event in events if isinstance(event, Rejected)]
            assert [self.answer] == refusals, f"{self.answer} expected, {events} happened"
            _compare_scenes(self.before, after)

    def _compare_legs(self, expected: Outcome, events: list[Event]) -> None:
        """Both order records (section 6), their fills, and the event that sums it up."""
        done = [event for event in events if isinstance(event, PositionReversed)]
        assert len(done) == 1, f"{expected} expected, {events} happened"
        close, opened, oid = self.order_ids
        side, held_side = -expected.from_side, expected.from_side
        summary = (
            (done[0].uid, done[0].symbol, done[0].from_side),
            (done[0].close_order_id, done[0].open_order_id, done[0].client_oid),
            (done[0].closed_lots, done[0].opened_lots, done[0].shortfall),
            (done[0].cancelled_order_ids, "size" in done[0].ignored),
        )
        assert summary == (
            (self.call.uid, self.call.symbol, held_side),
            self.order_ids,
            (expected.closed, expected.opened, expected.shortfall),
            (tuple(expected.chosen), expected.size_ignored),
        ), f"{expected} expected, {done[0]} happened"
        for order_id, fills in ((close, expected.closes), (opened, expected.opens)):
            filled = [
                _filled(event) for event in events if isinstance(event, Fill) if event.order_id == order_id
            ]
            assert fills == filled, f"{expected} expected, {filled} happened"
        hedge = self.before.parties[self.call.uid].hedge
        holds = (held_side, side) if hedge else (0, 0)
        records = [_record(event) for event in events if isinstance(event, OrderAccepted)]
        common = ("market", "ioc", 0, "reverse")
        assert records[:2] == [
            (close, str(close + 1), side, holds[0], True, expected.size, *common),
            (opened, oid, side, holds[1], False, expected.closed or expected.size, *common),
        ], f"{expected} expected, {records} happened"

    def _compare_cancels(self, expected: Outcome, events: list[Event]) -> None:
        """Every order that ended unfilled, the legs' own remainders included."""
        cancelled = dict(expected.cancelled)
        close, opened, _ = self.order_ids
        left = expected.size - expected.closed
        if left:
            cancelled[close] = (CancelReason.SHORTFALL_LIQUIDITY, left)
        left = (expected.closed or expected.size) - expected.opened
        if left and expected.shortfall is not None:
            cancelled[opened] = (expected.shortfall, left)
        ended = {
            event.order_id: (event.reason, event.open_lots)
            for event in events
            if isinstance(event, OrderCancelled)
        }
        assert cancelled == ended, f"{cancelled} should have ended, {ended} did"


def _record(event: OrderAccepted) -> tuple[object, ...]:
    sides = (event.side, event.hold_side, event.reduce_only, event.size_lots)
    kind = (event.order_type, event.time_in_force, event.price_ticks, event.source)
    return (event.order_id, event.client_oid, *sides, *kind)


def _filled(fill: Fill) -> Filled:
    return Filled(
        fill.price_ticks, fill.size_lots, Fraction(fill.fee_e8, 10**8), Fraction(fill.profit_e8, 10**8)
    )


def _compare_scenes(expected: Scene, happened: Scene) -> None:
    """Compare account by account, so that a failure is short."""
    for uid, party in expected.parties.items():
        other = happened.parties[uid]
        assert party == other, f"{uid} should be left with {party}, has {other}"
    assert expected.bids == happened.bids, f"bids {expected.bids} expected, {happened.bids} rest"
    assert expected.asks == happened.asks, f"asks {expected.asks} expected, {happened.asks} rest"
