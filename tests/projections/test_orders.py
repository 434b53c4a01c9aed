from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given

from backhand.commands import HOUSE_UID
from backhand.engine.invariants import InvariantBroken
from backhand.events import CancelReason, ContractListed, Fill, OrderAccepted, OrderCancelled
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow, OrdersFold, PresetRow
from backhand.units import E8, E12, E20
from tests.projections.tape import BTCUSDT, CONTRACTS, FIRST_ID, START_MS, Tape, tapes


def folded(applied: Iterable[Applied]) -> tuple[dict[int, OrderRow], list[FillRow]]:
    fold = OrdersFold()
    orders: dict[int, OrderRow] = {}
    fills: list[FillRow] = []
    for one in applied:
        changes = fold.fold(one)
        orders |= {order.order_id: order for order in changes.orders}
        fills += changes.fills
    return orders, fills


def test_an_accepted_order_is_live_and_in_absolute_units() -> None:
    """A row says 0.001 BTC at 60 000 USDT, whatever lots and ticks were, and when."""
    tape = Tape()
    tape.step(tape.accept("7", client_oid="mine"), after_ms=5)
    orders, _ = folded(tape.applied)
    expected = OrderRow(
        order_id=FIRST_ID,
        uid="7",
        client_oid="mine",
        symbol="BTCUSDT",
        product_type="USDT-FUTURES",
        margin_coin="USDT",
        inverse=False,
        side=1,
        hold_side=0,
        reduce_only=False,
        order_type="limit",
        time_in_force="gtc",
        margin_mode="crossed",
        leverage=20,
        source="normal",
        price_e12=60_000 * E12,
        size_e8=E8 // 1_000,
        created_at_ms=START_MS + 5,
        status="live",
        cancel_reason=None,
        updated_at_ms=START_MS + 5,
        filled_size_e8=0,
        filled_value_e20=0,
        fee_e8=0,
        profit_e8=0,
    )
    assert [expected] == list(orders.values())
    assert (True, False, 0) == (expected.is_open, expected.hedge_mode, expected.average_price_e12)


def test_fills_add_up_until_nothing_is_open() -> None:
    """An order sums size, value, fee and profit of its fills, and is filled when 0 lots are open."""
    tape = Tape()
    order = tape.accept()
    tape.step(order)
    tape.step(tape.fill(order.order_id, 4, 600_000, fee_e8=5, profit_e8=-1), after_ms=1)
    part = folded(tape.applied)[0][order.order_id]
    tape.step(tape.fill(order.order_id, 6, 600_001, fee_e8=6, profit_e8=3), after_ms=1)
    whole = folded(tape.applied)[0][order.order_id]
    assert ("partially_filled", E8 // 2_500) == (part.status, part.filled_size_e8)
    assert ("filled", E8 // 1_000, 11, 2) == (
        whole.status,
        whole.filled_size_e8,
        whole.fee_e8,
        whole.profit_e8,
    )
    assert 24 * E20 + 3_600_006 * E20 // 100_000 == whole.filled_value_e20
    assert 60_000_060_000_000_000 == whole.average_price_e12
    assert (START_MS, START_MS + 2) == (whole.created_at_ms, whole.updated_at_ms)


def test_a_cancelled_order_keeps_what_was_filled() -> None:
    """A cancellation adds its reason and time, and takes nothing away."""
    tape = Tape()
    order = tape.accept()
    tape.step(order, tape.fill(order.order_id, 4))
    tape.step(tape.cancel(order.order_id, CancelReason.REVERSAL), after_ms=9)
    row = folded(tape.applied)[0][order.order_id]
    assert ("cancelled", CancelReason.REVERSAL) == (row.status, row.cancel_reason)
    assert (E8 // 2_500, START_MS + 9, False) == (row.filled_size_e8, row.updated_at_ms, row.is_open)


def test_a_market_order_has_no_price() -> None:
    """Whatever guard price the engine worked with, a market order's row has price 0."""
    tape = Tape()
    tape.step(tape.accept(order_type="market", price_ticks=123))
    assert [0] == [order.price_e12 for order in folded(tape.applied)[0].values()]


def test_both_legs_of_a_reversal_make_whole_rows_at_once() -> None:
    """One command yields each leg once, filled, and every fill with its leg's direction and source."""
    tape = Tape()
    fold = OrdersFold(CONTRACTS)
    changes = fold.fold(tape.reversal("5"))
    close, opened = changes.orders
    assert (-1, 1, True, "reverse") == (close.side, close.hold_side, close.reduce_only, close.source)
    assert (-1, -1, False, "reverse") == (opened.side, opened.hold_side, opened.reduce_only, opened.source)
    assert ["filled", "filled"] == [order.status for order in changes.orders]
    assert [True] * 4 + [False] * 4 == [fill.reduce_only for fill in changes.fills]
    assert [(1, "reverse")] * 4 + [(-1, "reverse")] * 4 == [(f.hold_side, f.source) for f in changes.fills]
    assert opened.filled_value_e20 == sum(fill.value_e20 for fill in changes.fills[4:])


def test_the_house_makes_no_rows() -> None:
    """Orders and fills of uid 0 are nobody's to ask for."""
    tape = Tape()
    order = tape.accept(HOUSE_UID)
    tape.step(order, tape.fill(order.order_id, 3))
    tape.step(tape.cancel(order.order_id))
    assert ({}, []) == folded(tape.applied)


def test_rows_keep_their_meaning_when_tick_and_lot_change() -> None:
    """New terms apply to what happens after them, and rows made before stay as they are."""
    tape = Tape()
    tape.step(tape.accept())
    finer = msgspec.structs.replace(BTCUSDT, tick_e12=BTCUSDT.tick_e12 // 10, lot_e8=BTCUSDT.lot_e8 // 10)
    tape.step(ContractListed(finer))
    tape.step(tape.accept())
    before, after = folded(tape.applied)[0].values()
    assert (60_000 * E12, E8 // 1_000) == (before.price_e12, before.size_e8)
    assert (6_000 * E12, E8 // 10_000) == (after.price_e12, after.size_e8)


def test_an_event_of_an_order_that_is_not_open_stops_the_fold() -> None:
    """A fill or cancellation of an order that has ended is a fault of ours, and is never folded."""
    tape = Tape()
    order = tape.accept()
    tape.step(order, tape.fill(order.order_id, 9))
    last = tape.fill(order.order_id, 1)
    tape.step(last)
    tape.step(last)
    with pytest.raises(InvariantBroken, match="only open orders"):
        folded(tape.applied)


@given(tapes())
def test_the_fold_agrees_with_a_naive_recomputation(tape: Tape) -> None:
    """Each order is what its events, looked up one order at a time, say about it; fills are all there."""
    terms = {contract.symbol: contract for contract in CONTRACTS}
    events = [(one.time_ms, event) for one in tape.applied for event in one.events]
    orders, fills = folded(tape.applied)
    accepted = {
        event.order_id: event
        for _, event in events
        if isinstance(event, OrderAccepted) and event.uid != HOUSE_UID
    }
    assert accepted.keys() == orders.keys()
    for order_id, asked in accepted.items():
        own = [(time_ms, event) for time_ms, event in events if getattr(event, "order_id", None) == order_id]
        own_fills = [event for _, event in own if isinstance(event, Fill)]
        ends = [event for _, event in own if isinstance(event, OrderCancelled)]
        lot_e8, tick_e12 = terms[asked.symbol].lot_e8, terms[asked.symbol].tick_e12
        filled_lots = sum(fill.size_lots for fill in own_fills)
        row = orders[order_id]
        assert filled_lots * lot_e8 == row.filled_size_e8
        assert sum(f.size_lots * f.price_ticks for f in own_fills) * lot_e8 * tick_e12 == row.filled_value_e20
        assert sum(fill.fee_e8 for fill in own_fills) == row.fee_e8
        assert sum(fill.profit_e8 for fill in own_fills) == row.profit_e8
        assert (own[0][0], own[-1][0]) == (row.created_at_ms, row.updated_at_ms)
        expected_status = (
            "cancelled"
            if ends
            else "filled"
            if filled_lots == asked.size_lots
            else "partially_filled"
            if filled_lots
            else "live"
        )
        assert expected_status == row.status
        assert (ends[0].reason if ends else None) == row.cancel_reason
    own_trades = [e.trade_id for _, e in events if isinstance(e, Fill) and e.uid != HOUSE_UID]
    assert own_trades == [fill.trade_id for fill in fills]


def test_presets_that_were_stored_without_a_trigger_type_are_by_the_mark_price() -> None:
    """Rows of a release that knew no other are read as they were meant."""
    assert PresetRow(610_000, 0, "mark") == msgspec.json.decode(b"[610000,0]", type=PresetRow)
