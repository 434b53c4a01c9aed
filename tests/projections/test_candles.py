from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.events import PriceSet
from backhand.projections.applied import Applied
from backhand.projections.candles import (
    CANDLES_KEPT,
    Candle,
    CandleSeries,
    CandlesFold,
    PriceKind,
    rolled_up,
    without_gaps,
)
from backhand.projections.intervals import INTERVALS, MINUTE, MINUTE_MS
from tests.projections.tape import BTCUSDT, CONTRACTS, START_MS, Tape, tapes

TICK, LOT = BTCUSDT.tick_e12, BTCUSDT.lot_e8


def trade(tape: Tape, after_ms: int, price_ticks: int, lots: int = 1, kind: str = "trade") -> Applied:
    order = tape.accept(size_lots=lots)
    fill = tape.fill(order.order_id, lots, price_ticks, kind=kind)
    return tape.step(order, fill, tape.house_fill(fill), after_ms=after_ms)


def last(minute: int, prices: Sequence[int], lots: int = 0, value: int = 0) -> Candle:
    """A one-minute candle of BTCUSDT: prices in ticks as open, high, low, close."""
    first, high, low, close = (price * TICK for price in prices)
    open_ms = START_MS + minute * MINUTE_MS
    return Candle("BTCUSDT", "last", open_ms, first, high, low, close, lots * LOT, value * TICK * LOT)


def minutes_of(tape: Tape, price_kind: PriceKind = "last") -> list[Candle]:
    """Every minute as it stands after the whole tape."""
    fold = CandlesFold()
    rows: dict[tuple[str, int], Candle] = {}
    for applied in tape.applied:
        for candle in fold.fold(applied):
            if candle.price_kind == price_kind:
                rows[candle.symbol, candle.open_ms] = candle
    return list(rows.values())


def test_a_minute_is_its_trades() -> None:
    """Open, high, low and close are those of the trades; each trade counts once in the volumes."""
    tape = Tape()
    for after_ms, price, lots in ((0, 600, 1), (1_000, 610, 2), (1_000, 590, 3), (57_999, 605, 4), (1, 7, 1)):
        trade(tape, after_ms, price, lots)
    assert [
        last(0, (600, 610, 590, 605), 10, 600 + 1_220 + 1_770 + 2_420),
        last(1, (7, 7, 7, 7), 1, 7),
    ] == minutes_of(tape)


@pytest.mark.parametrize("kind", ["netting", "adl", "delivery"])
def test_a_settlement_between_positions_is_no_trade(kind: str) -> None:
    """What the venue settles by itself moves no price and no volume."""
    tape = Tape()
    trade(tape, 0, 600, kind=kind)
    assert [] == minutes_of(tape)


def test_a_mark_price_holds_until_it_is_set_again() -> None:
    """A minute of mark or index opens where the one before closed; a missing price makes no candle."""
    tape = Tape()
    for after_ms, index, mark in ((0, 0, 100), (10_000, 50, 90), (60_000, 50, 95)):
        tape.step(PriceSet("BTCUSDT", index, mark), after_ms=after_ms)
    marks = [(100, 100, 90, 90), (90, 95, 90, 95)]
    assert marks == [msgspec.structs.astuple(one)[3:7] for one in minutes_of(tape, "mark")]
    assert [(50, 50, 50, 50)] * 2 == [msgspec.structs.astuple(one)[3:7] for one in minutes_of(tape, "index")]


@given(tape=tapes(), cut=st.integers(0, 30))
def test_the_fold_resumes_anywhere(tape: Tape, cut: int) -> None:
    """A fold that goes on from contracts and newest candles gives what one from the beginning gives."""
    whole = CandlesFold()
    expected = [whole.fold(applied) for applied in tape.applied]
    first = CandlesFold()
    newest: dict[tuple[str, PriceKind], Candle] = {}
    for applied in tape.applied[:cut]:
        newest |= {(one.symbol, one.price_kind): one for one in first.fold(applied)}
    second = CandlesFold(CONTRACTS, newest.values())
    assert expected[cut:] == [second.fold(applied) for applied in tape.applied[cut:]]


TRADES = st.lists(st.tuples(st.integers(0, 200_000_000), st.integers(1, 50), st.integers(1, 9)), max_size=25)


@given(trades=TRADES, name=st.sampled_from(list(INTERVALS)), quiet_ms=st.integers(0, 90_000_000))
def test_every_interval_is_what_its_trades_say(
    trades: list[tuple[int, int, int]], name: str, quiet_ms: int
) -> None:
    """The newest candles of an interval are those made naively from the whole list of trades."""
    tape = Tape()
    interval = INTERVALS[name]
    timed: list[tuple[int, int, int]] = []
    for after_ms, price, lots in trades:
        trade(tape, after_ms, price, lots)
        timed.append((tape.time_ms, price, lots))
    now_ms = tape.time_ms + quiet_ms
    naive: list[Candle] = []
    if timed:
        open_ms = interval.open_ms(timed[0][0])
        close = 0
        while open_ms <= now_ms:
            after_ms = interval.next_ms(open_ms)
            within = [one for one in timed if open_ms <= one[0] < after_ms]
            prices = [price for _, price, _ in within] or [close]
            close = prices[-1]
            naive.append(
                msgspec.structs.replace(
                    last(
                        0,
                        (prices[0], max(prices), min(prices), close),
                        sum(lots for _, _, lots in within),
                        sum(price * lots for _, price, lots in within),
                    ),
                    open_ms=open_ms,
                )
            )
            open_ms = after_ms
            naive = naive[-CANDLES_KEPT:]
    series = CandleSeries()
    series.fold(tape.applied)
    assert naive == series.candles("BTCUSDT", "last", interval, now_ms, CANDLES_KEPT)
    assert naive[-3:] == series.candles("BTCUSDT", "last", interval, now_ms, 3)
    stored = without_gaps(rolled_up(minutes_of(tape), interval), interval, now_ms, CANDLES_KEPT)
    assert naive == stored


def test_memory_is_bounded() -> None:
    """However long prices move, only so many candles of an interval are kept."""
    tape = Tape()
    series = CandleSeries()
    for number in range(CANDLES_KEPT + 50):
        series.fold([trade(tape, MINUTE_MS, 600 + number % 7)] if number else [*tape.applied])
    found = series.candles("BTCUSDT", "last", MINUTE, tape.time_ms, 10 * CANDLES_KEPT)
    assert CANDLES_KEPT + 1 == len(found)
    assert [] == series.candles("ETHUSDT", "last", MINUTE, tape.time_ms, 10)
