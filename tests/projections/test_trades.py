import pytest

from backhand.projections.trades import TRADES_KEPT, RecentTrades, TradeRow, TradesFold
from tests.projections.tape import BTCUSDT, CONTRACTS, FIRST_ID, START_MS, Tape


def test_a_trade_is_shown_once_with_its_takers_side() -> None:
    """Of the two fills of a trade the taker's makes the row, also when the house took."""
    tape = Tape()
    order = tape.accept(size_lots=3)
    taken = tape.fill(order.order_id, 1, 600_000)
    made = tape.fill(order.order_id, 2, 600_001, is_taker=False)
    tape.step(order, taken, tape.house_fill(taken), tape.house_fill(made), made, after_ms=5)
    fold = TradesFold()
    (rows,) = (rows for applied in tape.applied if (rows := fold.fold(applied)))
    price, size = BTCUSDT.tick_e12, BTCUSDT.lot_e8
    assert [
        TradeRow(FIRST_ID, "BTCUSDT", "USDT-FUTURES", 1, 600_000 * price, size, START_MS + 5),
        TradeRow(FIRST_ID + 1, "BTCUSDT", "USDT-FUTURES", -1, 600_001 * price, 2 * size, START_MS + 5),
    ] == rows


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("trade", 1), ("liquidation", 1), ("reduction", 1), ("netting", 0), ("adl", 0), ("delivery", 0)],
)
def test_settlements_are_no_trades(kind: str, shown: int) -> None:
    """A liquidation in the book is a trade; what the venue settles between positions is not."""
    tape = Tape()
    order = tape.accept(size_lots=1)
    applied = tape.step(order, tape.fill(order.order_id, 1, kind=kind))
    assert shown == len(TradesFold(CONTRACTS).fold(applied))


def test_the_newest_are_kept_newest_first() -> None:
    """Memory holds so many trades of each symbol, and gives them from the newest on."""
    tape = Tape()
    recent = RecentTrades()
    for number in range(TRADES_KEPT + 10):
        order = tape.accept(symbol="BTCUSDT" if number % 2 else "ETHUSDT", size_lots=1)
        tape.step(order, tape.fill(order.order_id, 1))
    recent.fold(tape.applied)
    ids = [row.trade_id for row in recent.newest("BTCUSDT", TRADES_KEPT)]
    assert [FIRST_ID + number for number in range(TRADES_KEPT + 9, 0, -2)] == ids
    assert ids[:3] == [row.trade_id for row in recent.newest("BTCUSDT", 3)]
    assert [] == recent.newest("XRPUSDT", 3)
