"""
A venue that is checked after every command.

Whatever a test plays, these hold: the books balance (`audit`), the book is not crossed at rest, a refusal
is one event and changes nothing, a reversal does what its plan said, and the naive twins of money and of
orders agree.
"""

from collections.abc import Sequence

from backhand.commands import Command, ReversePosition
from backhand.engine import State, apply
from backhand.engine.audit import audit
from backhand.engine.digest import state_digest
from backhand.engine.matching import Match
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.events import (
    DeficitCovered,
    Event,
    Fill,
    LiquidationStarted,
    MarginMoved,
    PositionReversed,
    Rejected,
    TriggerFired,
)
from tests.engine.order_twin import OrderTwin
from tests.engine.twin import Twin

#: The clock moves this much with every command, so that times differ.
STEP_MS = 1


class CheckedVenue:
    """One state, its twin, and everything that was asked of it."""

    def __init__(self) -> None:
        self.state = State()
        self.twin = Twin()
        self.order_twin = OrderTwin()
        self.commands: list[Command] = []
        self.stamps_ms: list[int] = []
        self.events: list[list[Event]] = []

    def apply(self, command: Command, after_ms: int = STEP_MS) -> list[Event]:
        """Carry out a command some time after the last one, and check what must hold after every one."""
        state = self.state
        before = state_digest(state)
        plan = plan_reversal(state, command) if isinstance(command, ReversePosition) else None
        assert before == state_digest(state), f"planning changes nothing: {command}"

        self.stamps_ms.append(state.time_ms + after_ms)
        events = apply(state, command, self.stamps_ms[-1])
        self.commands.append(command)
        self.events.append(events)

        assert events, f"every command is answered: {command}"
        if any(isinstance(event, Rejected) for event in events):
            assert len(events) == 1, f"a refusal is the only event: {events}"
            assert before == state_digest(state), f"a refusal changes nothing: {command}, {events}"
        for sums in audit(state).coins.values():
            assert sums.residual_e28 == 0, sums.coin
        for market in state.markets.values():
            bid, ask = market.book.bids.best_ticks(), market.book.asks.best_ticks()
            assert not (bid and ask) or bid < ask, f"the book of {market.symbol} is crossed after {command}"
        check_priority(state, events)
        self.twin.fold(events)
        self.twin.verify(state)
        self.order_twin.fold(events)
        self.order_twin.verify(state)
        if isinstance(plan, ReversalPlan):
            check_plan(plan, events)
        elif plan is not None:
            assert [plan] == events
        return events


def check_priority(state: State, events: list[Event]) -> None:
    """Within one command a side takes the best prices first, and leaves none that is better."""
    taken: dict[tuple[str, str, int], int] = {}
    liquidated = any(isinstance(event, LiquidationStarted) for event in events)
    fired = any(isinstance(event, TriggerFired) for event in events)
    for event in events:
        if isinstance(event, Fill) and event.is_taker and event.kind in {"trade", "liquidation", "reduction"}:
            # The legs of a reversal are one walk; what fires or liquidates in a step walks for itself.
            taker = (str(event.order_id) if liquidated or fired else event.uid, event.symbol, event.side)
            price = event.price_ticks * event.side
            assert taken.get(taker, price) <= price, f"a better price was left for later: {events}"
            taken[taker] = price
    if liquidated or fired:
        return  # Orders of several takers: what was left for one may have come before the other.
    for (_, symbol, side), price in taken.items():
        left = state.markets[symbol].book.side(-side).best_ticks()
        assert not left or price <= left * side, f"a better price was passed over: {events}"


def check_plan(plan: ReversalPlan, events: list[Event]) -> None:
    """Compare a plan, made before, with what its reversal did."""
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    taken = [event for event in events if isinstance(event, Fill) and event.is_taker]
    closes = [fill for fill in taken if fill.order_id == done.close_order_id]
    opens = [fill for fill in taken if fill.order_id == done.open_order_id]
    assert planned(plan.closes) == [(fill.price_ticks, fill.size_lots) for fill in closes]
    assert planned(plan.opens) == [(fill.price_ticks, fill.size_lots) for fill in opens]
    assert (plan.closed_lots, plan.opened_lots) == (done.closed_lots, done.opened_lots)
    assert plan.shortfall is done.shortfall
    assert tuple(order.order_id for order in plan.cancels) == done.cancelled_order_ids
    own = closes + opens
    assert plan.after.fee_e8 == sum(fill.fee_e8 for fill in own)
    assert plan.after.profit_e8 == sum(fill.profit_e8 for fill in own)
    later = events[events.index(done) :]
    if any(
        isinstance(event, TriggerFired | LiquidationStarted | MarginMoved | DeficitCovered) for event in later
    ):
        return  # What the reversal set in motion came on top (DESIGN D6).
    holding, after = plan.holding, plan.after
    assert after.wallet_e8 == holding.ledger.wallet_e8
    assert after.isolated_margin_e16 == holding.ledger.isolated_margin_e16
    for side, lots, average, margin in (
        (1, after.long_lots, after.long_average_e12, after.long_margin_e16),
        (-1, after.short_lots, after.short_average_e12, after.short_margin_e16),
    ):
        leg = holding.leg(side)
        assert lots == holding.lots(side)
        if leg is not None:
            assert (average, margin) == (leg.average_price_e12, leg.margin_e16)


def planned(matches: Sequence[Match]) -> list[tuple[int, int]]:
    """Prices and sizes of what a plan hits."""
    return [(match.maker.price_ticks, match.lots) for match in matches if match.lots]
