import msgspec
import pytest

from backhand.commands import Preset
from backhand.engine.invariants import InvariantBroken
from backhand.events import CancelReason, RejectReason
from backhand.projections.orders import PresetRow
from backhand.projections.triggers import TriggerRow, TriggersFold
from backhand.units import E12
from tests.projections.played import played
from tests.projections.tape import BTCUSDT, CONTRACTS, FIRST_ID, START_MS, Tape

TICK, LOT = BTCUSDT.tick_e12, BTCUSDT.lot_e8
STOP = TriggerRow(
    order_id=FIRST_ID,
    uid="1",
    client_oid=str(FIRST_ID + 1),
    symbol="BTCUSDT",
    product_type="USDT-FUTURES",
    margin_coin="USDT",
    kind="stop_loss",
    side=-1,
    hold_side=0,
    reduce_only=True,
    size_e8=10 * LOT,
    trigger_price_e12=590_000 * TICK,
    trigger_by="mark",
    limit_price_e12=0,
    callback_rate_e8=0,
    margin_mode="crossed",
    leverage=20,
    stp_mode="none",
    take_profit=None,
    stop_loss=None,
    parent_order_id=0,
    created_at_ms=START_MS + 3,
    status="live",
    updated_at_ms=START_MS + 3,
    fired_price_e12=0,
    placed_order_id=0,
    failure=None,
    cancel_reason=None,
)


def test_a_waiting_order_makes_a_row_in_absolute_units() -> None:
    """Sizes in coin, prices in quote currency, presets with theirs."""
    tape = Tape()
    placed = tape.place_trigger(take_profit=Preset(610_000), stop_loss=Preset(580_000, 570_000))
    (row,) = TriggersFold(CONTRACTS).fold(tape.step(placed, after_ms=3))
    take_profit, stop_loss = PresetRow(610_000 * TICK, 0), PresetRow(580_000 * TICK, 570_000 * TICK)
    assert msgspec.structs.replace(STOP, take_profit=take_profit, stop_loss=stop_loss) == row


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        (
            lambda tape: tape.fire(FIRST_ID, FIRST_ID + 8),
            {"status": "executed", "fired_price_e12": 59 * E12, "placed_order_id": FIRST_ID + 8},
        ),
        (
            lambda tape: tape.fire(FIRST_ID),
            {
                "status": "failed",
                "fired_price_e12": 59 * E12,
                "failure": RejectReason.NO_POSITION_TO_CLOSE,
            },
        ),
        (
            lambda tape: tape.cancel_trigger(FIRST_ID, CancelReason.POSITION_CLOSED),
            {"status": "cancelled", "cancel_reason": CancelReason.POSITION_CLOSED},
        ),
        (
            lambda tape: tape.change_trigger(FIRST_ID, 4),
            {
                "size_e8": 4 * LOT,
                "trigger_price_e12": 580_000 * TICK,
                "trigger_by": "last",
                "limit_price_e12": 570_000 * TICK,
            },
        ),
    ],
)
def test_what_becomes_of_a_waiting_order(outcome: object, changes: dict[str, object]) -> None:
    """It is executed, fails, ends before, or waits on under other terms; the time is that of the change."""
    assert callable(outcome)
    tape = Tape()
    fold = TriggersFold(CONTRACTS)
    fold.fold(tape.step(tape.place_trigger(), after_ms=3))
    (row,) = fold.fold(tape.step(outcome(tape), after_ms=4))
    assert msgspec.structs.replace(STOP, updated_at_ms=START_MS + 7, **changes) == row


def test_what_ended_cannot_change() -> None:
    """An event about an order that does not wait is our mistake, and stops the fold."""
    tape = Tape()
    fold = TriggersFold(CONTRACTS)
    placed = tape.place_trigger()
    fold.fold(tape.step(placed, tape.fire(placed.order_id)))
    tape.waiting[placed.order_id] = placed
    with pytest.raises(InvariantBroken):
        fold.fold(tape.step(tape.fire(placed.order_id)))


@pytest.mark.parametrize(("seed", "count"), [(1, 600), (2, 1_500), (3, 1_500)])
def test_rows_are_what_waits_in_the_engine(seed: int, count: int) -> None:
    """After any game the live rows are the engine's waiting orders, with their sizes and prices."""
    state, applied = played(seed, count)
    fold = TriggersFold()
    rows = {row.order_id: row for one in applied for row in fold.fold(one)}
    live = {
        row.order_id: (row.uid, row.size_e8, row.trigger_price_e12) for row in rows.values() if row.is_open
    }
    waiting = {
        trigger.order_id: (
            account.uid,
            trigger.size_lots * trigger.holding.market.lot_e8,
            trigger.trigger_price_ticks * trigger.holding.market.tick_e12,
        )
        for account in state.accounts.values()
        for trigger in account.triggers.values()
    }
    assert waiting == live
    assert {"live", "executed", "cancelled"} <= {row.status for row in rows.values()}
