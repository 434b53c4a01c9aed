from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.projections.applied import Applied
from backhand.projections.candles import Candle, CandlesFold, rolled_up
from backhand.projections.intervals import INTERVALS, MINUTE, MINUTE_MS
from backhand.projections.kept_candles import CandleRow, KeptCandlesFold, candle_of, with_minute
from tests.projections.tape import CONTRACTS, START_MS, Tape, seeded_tape, tapes

Kept = dict[tuple[str, str, str, int], CandleRow]


def kept(rows: Iterable[CandleRow]) -> Kept:
    """What a table holds after these rows."""
    return {(row.symbol, row.price_kind, row.interval, row.open_ms): row for row in rows}


def all_of(table: Kept, symbol: str, kind: str, name: str) -> list[Candle]:
    """A symbol's candles of an interval, the newest minute included, as a reader puts them together."""
    chosen = [candle_of(row) for key, row in table.items() if key[:3] == (symbol, kind, name)]
    minutes = [candle_of(row) for key, row in table.items() if key[:3] == (symbol, kind, "1m")]
    return with_minute(chosen, minutes[-1] if minutes else None, INTERVALS[name])


def minutes_of(applied: Iterable[Applied], symbol: str, kind: str) -> list[Candle]:
    fold = CandlesFold()
    minutes: dict[int, Candle] = {}
    for one in applied:
        for candle in fold.fold(one):
            if (candle.symbol, candle.price_kind) == (symbol, kind):
                minutes[candle.open_ms] = candle
    return list(minutes.values())


@given(tapes(), st.sampled_from(list(INTERVALS)), st.sampled_from(["last", "mark", "index"]))
def test_rows_and_the_newest_minute_are_the_candles_of_the_interval(tape: Tape, name: str, kind: str) -> None:
    """For every interval: what is kept, with the newest minute, is what all minutes add up to."""
    fold = KeptCandlesFold()
    table = kept(row for one in tape.applied for row in fold.fold(one))
    for contract in CONTRACTS:
        minutes = minutes_of(tape.applied, contract.symbol, kind)
        expected = rolled_up(minutes, INTERVALS[name])
        assert expected == all_of(table, contract.symbol, kind, name)


@given(tapes(), st.integers(0, 30))
def test_a_fold_that_resumes_makes_the_same_rows(tape: Tape, cut: int) -> None:
    """The newest row of each symbol, price and interval is all that it needs besides the contracts."""
    whole = KeptCandlesFold()
    expected = kept(row for one in tape.applied for row in whole.fold(one))
    first = KeptCandlesFold()
    table = kept(row for one in tape.applied[: cut + 1] for row in first.fold(one))
    newest = {(row.symbol, row.price_kind, row.interval): row for row in table.values()}
    resumed = KeptCandlesFold(CONTRACTS, newest.values())
    table |= kept(row for one in tape.applied[cut + 1 :] for row in resumed.fold(one))
    assert expected == table


def test_a_trade_changes_one_row_until_its_minute_is_over() -> None:
    """Within a minute only that minute's row is written; the first trade after it writes the longer ones."""
    tape = Tape()
    fold = KeptCandlesFold(CONTRACTS)
    changed = []
    for after_ms in (0, 10_000, MINUTE_MS):
        order = tape.accept(size_lots=1)
        changed.append(fold.fold(tape.step(order, tape.fill(order.order_id, 1), after_ms=after_ms)))
    assert [1, 1, len(INTERVALS)] == [len(rows) for rows in changed]
    assert {START_MS} == {row.open_ms for row in changed[2] if row.interval in {"3m", "1H", "1Dutc"}}


@pytest.mark.parametrize("name", ["1m", "1D"])
def test_without_a_newest_minute_nothing_is_added(name: str) -> None:
    """A symbol without any price has no candles, and minutes are whole as they are."""
    tape = seeded_tape(1, 200)
    minutes = minutes_of(tape.applied, "BTCUSDT", "last")
    assert minutes == with_minute(minutes, None, INTERVALS[name])
    assert minutes == with_minute(minutes, minutes[-1], MINUTE)
