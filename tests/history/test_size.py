"""
History with a long past: what is asked of a large table costs what it costs of a small one.

50 000 orders with 200 000 fills in every test run; BACKHAND_ORDERS asks for another number, BACKHAND_FOLDER
for the file in a folder with room for it. `make bench ARGS=history` measures with ten million.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, Final

import pytest

from backhand.history import (
    BillFilter,
    CandleFilter,
    FillFilter,
    OrderFilter,
    PositionFilter,
    TradeFilter,
    market_reads,
    reads,
)
from backhand.history.schema import open_history
from backhand.history.writes import Folds, write
from tests.history.plans import plan_of
from tests.history.stored import VENUE
from tests.projections.tape import FIRST_ID, START_MS, Tape

ORDERS: Final = int(os.environ.get("BACKHAND_ORDERS", "50000"))
#: Each reversal makes two orders, sixteen fills of which half are the client's, and as many bills.
ORDERS_PER_REVERSAL: Final = 2
#: Accounts that reverse in turn: one that does little, and others that do nearly all there is.
UIDS: Final = ("busy", "busy", "busy", "other", "other")
CHUNK: Final = 500
#: SQLite's steps for one page of 100 of any table, however long: a hundred rows of some hundred steps.
STEPS_MAX: Final = 100_000
#: How many of SQLite's steps are counted at a time.
STEPS_PER_COUNT: Final = 100


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A file with all those orders, most of them of one account."""
    folder = os.environ.get("BACKHAND_FOLDER")
    path = Path(folder, "long.db") if folder else tmp_path_factory.mktemp("long") / "history.db"
    with closing(filled(path, ORDERS)) as connection:
        yield connection


def filled(path: Path, orders: int) -> sqlite3.Connection:
    """A file with so many orders in it."""
    connection = open_history(path, VENUE).connection
    tape, folds = Tape(), Folds()
    write(connection, folds.fold(tape.applied))
    for start in range(0, orders // ORDERS_PER_REVERSAL, CHUNK):
        tape.applied.clear()
        for number in range(start, start + CHUNK):
            tape.reversal(UIDS[number % len(UIDS)], ("BTCUSDT", "ETHUSDT")[number % 2])
            tape.step(tape.close_position("busy"), after_ms=50)
        write(connection, folds.fold(tape.applied))
    return connection


MIDDLE_ID: Final = FIRST_ID + ORDERS
MIDDLE_MS: Final = START_MS + ORDERS // 4 * 51
PRODUCT: Final = "USDT-FUTURES"
OLD: dict[str, Any] = {"end_ms": START_MS + 10_000}
QUESTIONS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "newest orders": lambda c: reads.orders(c, "busy", OrderFilter(product_type=PRODUCT)),
    "orders before one in the middle": lambda c: reads.orders(
        c, "busy", OrderFilter(product_type=PRODUCT, symbol="BTCUSDT", id_less_than=MIDDLE_ID)
    ),
    "oldest orders": lambda c: reads.orders(c, "busy", OrderFilter(product_type=PRODUCT, **OLD)),
    "one order": lambda c: reads.order_by_id(c, "busy", MIDDLE_ID),
    "open orders": lambda c: reads.open_orders(c, "busy", OrderFilter(product_type=PRODUCT)),
    "newest fills": lambda c: reads.fills(c, "busy", FillFilter(product_type=PRODUCT)),
    "fills of an hour": lambda c: reads.fills(
        c, "busy", FillFilter(product_type=PRODUCT, start_ms=MIDDLE_MS, end_ms=MIDDLE_MS + 3_600_000)
    ),
    "fills of one order": lambda c: reads.fills(
        c, "busy", FillFilter(product_type=PRODUCT, order_id=MIDDLE_ID)
    ),
    "newest bills": lambda c: reads.bills(c, "busy", BillFilter(product_type=PRODUCT)),
    "bills of a kind that there is none of": lambda c: reads.bills(
        c, "busy", BillFilter(product_type=PRODUCT, kinds=("funding",))
    ),
    "oldest bills": lambda c: reads.bills(c, "busy", BillFilter(product_type=PRODUCT, **OLD)),
    "newest closed positions": lambda c: reads.closed_positions(
        c, "busy", PositionFilter(product_type=PRODUCT)
    ),
    "the first closed positions": lambda c: reads.closed_positions(
        c, "busy", PositionFilter(product_type=PRODUCT, symbol="BTCUSDT", **OLD)
    ),
    "closed positions of an hour in which there were none": lambda c: reads.closed_positions(
        c, "busy", PositionFilter(product_type=PRODUCT, start_ms=1, end_ms=3_600_000)
    ),
    "newest public trades": lambda c: market_reads.public_trades(c, TradeFilter(symbol="BTCUSDT")),
    "public trades before one in the middle": lambda c: market_reads.public_trades(
        c, TradeFilter(symbol="BTCUSDT", id_less_than=MIDDLE_ID, limit=100)
    ),
    "a thousand minutes": lambda c: market_reads.candles(
        c, CandleFilter(symbol="BTCUSDT", price_kind="last", interval="1m", limit=100)
    ),
    "somebody with no past": lambda c: reads.bills(c, "nobody", BillFilter(product_type=PRODUCT)),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_long_past_costs_no_more_than_a_short_one(
    connection: sqlite3.Connection, question: Callable[[sqlite3.Connection], object]
) -> None:
    """Work is bounded by the page, counted in SQLite's own steps, and nothing walks through a table."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += STEPS_PER_COUNT
        return 0

    connection.set_progress_handler(count, STEPS_PER_COUNT)
    try:
        question(connection)
    finally:
        connection.set_progress_handler(None, 0)
    assert steps <= STEPS_MAX
    assert [] == plan_of(connection, question).walks


def test_the_count_of_steps_catches_a_walk(connection: sqlite3.Connection) -> None:
    """The canary: a question without an index takes more steps than any page may."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += STEPS_PER_COUNT
        return int(steps > STEPS_MAX)

    connection.set_progress_handler(count, STEPS_PER_COUNT)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        connection.execute("SELECT count(*) FROM fills WHERE row LIKE '%nothing%'").fetchall()
    connection.set_progress_handler(None, 0)


@pytest.mark.skipif("BACKHAND_ORDERS" not in os.environ, reason="figures are for long files")
def test_figures(connection: sqlite3.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """Print what each question takes, as the median of twenty."""
    with capsys.disabled():
        print(f"\n{ORDERS:,} orders")  # noqa: T201  # What this test is for.
        for name, question in QUESTIONS.items():
            times = []
            for _ in range(20):
                started = time.perf_counter()
                question(connection)
                times.append(time.perf_counter() - started)
            print(f"{median(times) * 1e3:8.2f} ms  {name}")  # noqa: T201  # As above.
