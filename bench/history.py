"""
The cost of history: reversals and questions on a venue with millions of past orders, beside an empty one.

The past is written straight into the read models' file: each reversal of it left two orders, two fills, two
bills, two public trades and a closed position.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from backhand.clock import VenueClock
from backhand.commands import (
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    Transfer,
)
from backhand.engine import State
from backhand.events import PositionReversed
from backhand.history import FILE_NAME, BillFilter, FillFilter, History, OrderFilter, TradeFilter
from backhand.history.schema import open_history
from backhand.history.tables import BILLS, CLOSED_POSITIONS, FILLS, ORDERS, PUBLIC_TRADES, Table
from backhand.journal import SqliteJournal
from backhand.node import Node
from backhand.projections.bills import BillRow
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.trades import TradeRow
from backhand.units import E8, E12
from backhand.wire.contracts import built_in_contracts
from bench.figures import Figure, Ratio, Section, divide

#: Past orders, unless BACKHAND_ORDERS says otherwise. Ten million take eight minutes and 15 GB to write.
PAST_ORDERS: Final = 200_000
PAST_ORDERS_QUICK: Final = 50_000
ROUNDS: Final = 9
ROUNDS_QUICK: Final = 5
REVERSALS: Final = 200
QUESTIONS: Final = 50
GOAL: Final = 1 / 1.1
VENUE_ID: Final = "bench"
PRODUCT: Final = "USDT-FUTURES"

#: Ids and times far below those that the venue itself will give.
FIRST_PAST_ID: Final = 10**17
FIRST_PAST_MS: Final = 1_600_000_000_000
PAST_STEP_MS: Final = 20
PRICE_E12: Final = 30_000 * E12
#: Half of the past is the measured account's own, the rest is spread over so many others.
OTHERS: Final = 64


def measure(folder: Path, *, quick: bool) -> Section:
    """Time reversals and questions on both venues."""
    orders = int(os.environ.get("BACKHAND_ORDERS", str(PAST_ORDERS_QUICK if quick else PAST_ORDERS)))
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder))
    try:
        write_past(place / "full" / FILE_NAME, orders)
        return asyncio.run(_measure(place, orders, ROUNDS_QUICK if quick else ROUNDS))
    finally:
        shutil.rmtree(place)


def write_past(path: Path, orders: int) -> None:
    """
    Make a file of read models with so many orders in it, at position 0.

    SQLite makes the rows itself, each from one that the read models would have written, and sorts the
    indexes afterwards: row by row from here it would take hours.
    """
    path.parent.mkdir(mode=0o700)
    connection = open_history(path, VENUE_ID).connection
    connection.execute("PRAGMA journal_mode = off")
    connection.execute("PRAGMA synchronous = off")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    )
    made_again = indexes.fetchall()
    for name, _ in made_again:
        connection.execute(f"DROP INDEX {name}")
    for table, row, columns in _pattern(built_in_contracts()[0]):
        text = msgspec.json.encode(row).decode()
        values = ", ".join(columns[name] for name in table.keys)
        connection.execute(
            f"{_LEGS} INSERT INTO {table.name} ({', '.join(table.keys)}, row)"  # noqa: S608 (names of ours)
            f" SELECT {values}, replace(replace(replace(replace(:row, '{_ID}', id), '{_TRADE_ID}', trade_id),"
            f" '{_MS}', ms), '{_UID}', uid) FROM legs WHERE n % :each = 0",
            {"orders": orders, "row": text, "each": 2 if table is CLOSED_POSITIONS else 1},
        )
    for _, statement in made_again:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode = wal")
    connection.close()


#: What stands in a pattern for a row's own values.
_ID: Final = 9_100_000_000_000_000_001
_TRADE_ID: Final = 9_100_000_000_000_000_002
_MS: Final = 9_100_000_000_003
_UID: Final = "@uid"
#: Legs of reversals: two orders each, every second one of the measured account.
_LEGS: Final = f"""
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :orders),
    legs AS (
        SELECT n, {FIRST_PAST_ID} + 2 * n AS id, {FIRST_PAST_ID} + n AS trade_id,
        {FIRST_PAST_MS} + n / 2 * {PAST_STEP_MS} AS ms,
        iif(n / 2 % 2, 'other' || n / 4 % {OTHERS}, '1') AS uid
        FROM numbers
    )
"""  # noqa: S608 (numbers of ours)


def _pattern(contract: Contract) -> list[tuple[Table[Any], msgspec.Struct, dict[str, str]]]:
    """Give, for each table, one row and what its columns are of a leg."""
    symbol, product_type, coin = contract.symbol, contract.product_type, contract.margin_coin
    terms = (symbol, product_type, coin, False)
    size_e8, value_e20, fee_e8, profit_e8 = E8 // 1_000, PRICE_E12 * E8 // 1_000, 1_800_000, -100_000
    order = OrderRow(
        *(_ID, _UID, str(_ID), *terms, -1, 0, False, "market", "ioc", "crossed", 20, "reverse", 0, size_e8),
        *(_MS, "filled", None, _MS, size_e8, value_e20, fee_e8, profit_e8),
    )
    fill = FillRow(
        *(_TRADE_ID, _ID, _UID, *terms, -1, 0, False, True, "crossed", "reverse", PRICE_E12, size_e8),
        *(value_e20, fee_e8, profit_e8, _MS),
    )
    bill = BillRow(
        *(_TRADE_ID, _UID, product_type, coin, symbol, "sell", profit_e8 * E8, fee_e8, 10**22, _MS)
    )
    trade = TradeRow(_TRADE_ID, symbol, product_type, -1, PRICE_E12, size_e8, _MS)
    position = ClosedPositionRow(
        *(_TRADE_ID, _UID, *terms, 1, False, "crossed", size_e8, size_e8, value_e20, value_e20, profit_e8),
        *(fee_e8, fee_e8, 0, _MS, _MS),
    )
    columns = {
        "order_id": "id",
        "trade_id": "trade_id",
        "bill_id": "trade_id",
        "position_id": "trade_id",
        "uid": "uid",
        "client_oid": "CAST(id AS TEXT)",
        "symbol": f"'{symbol}'",
        "product_type": f"'{product_type}'",
        "coin": f"'{coin}'",
        "kind": "'sell'",
        "status": "'filled'",
        "source": "'reverse'",
        "created_at_ms": "ms",
        "closed_at_ms": "ms",
    }
    rows = (
        (ORDERS, order),
        (FILLS, fill),
        (BILLS, bill),
        (PUBLIC_TRADES, trade),
        (CLOSED_POSITIONS, position),
    )
    return [(table, row, columns) for table, row in rows]


class _Venue:
    """A node with its journal and read models in a folder of its own, and one account with a position."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = SqliteJournal(folder, VENUE_ID)
        self.history = History(folder / FILE_NAME, VENUE_ID)
        self.node = Node(State(), self.journal, self.history, VenueClock())
        self.running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """List a contract, lay a book that no run can use up, and open a long position."""
        self.running = asyncio.create_task(self.node.run())
        contract = built_in_contracts()[0]
        opening: tuple[Command, ...] = (
            ConfigureVenue(VENUE_ID),
            ListContract(contract),
            OpenAccount("1"),
            Transfer("1", "USDT", 10**7 * E8),
            ReplaceLadder("BTCUSDT", ((299_999, 10**9),), ((300_000, 10**9),), PRICE_E12, PRICE_E12),
            PlaceOrder("1", "BTCUSDT", 1, "market", 10),
        )
        await self.node.submit(opening)

    async def reverse(self) -> float:
        """Reverse once; the time from request to answer, in ms."""
        started = time.perf_counter()
        (applied,) = await self.node.submit((ReversePosition("1", "BTCUSDT"),))
        spent = time.perf_counter() - started
        assert any(isinstance(event, PositionReversed) for event in applied.events), "it was reversed"
        return spent * 1e3

    async def close(self) -> None:
        """Stop."""
        assert self.running is not None, "only an open venue is closed"
        await self.node.stop()
        await self.running
        self.history.close()
        self.journal.close()


async def _time_questions(ask: Callable[[], Awaitable[object]]) -> float:
    times: list[float] = []
    for _ in range(QUESTIONS):
        started = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


async def _measure(place: Path, orders: int, rounds: int) -> Section:
    empty, full = _Venue(place / "empty"), _Venue(place / "full")
    await empty.open()
    await full.open()
    reversal_ms: dict[_Venue, list[float]] = {empty: [], full: []}
    for _ in range(rounds):
        times: dict[_Venue, list[float]] = {empty: [], full: []}
        for number in range(REVERSALS):
            # Whoever comes second finds the disk as the first left it: take turns.
            for venue in (empty, full) if number % 2 else (full, empty):
                times[venue].append(await venue.reverse())
        for venue, spent in times.items():
            reversal_ms[venue].append(statistics.quantiles(spent, n=4)[0])
    middle_id, middle_ms = FIRST_PAST_ID + orders, FIRST_PAST_MS + orders // 4 * PAST_STEP_MS
    history = full.history
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "the newest 100 orders": lambda: history.orders("1", OrderFilter(product_type=PRODUCT)),
        "100 orders from the middle on": lambda: history.orders(
            "1", OrderFilter(product_type=PRODUCT, id_less_than=middle_id)
        ),
        "100 fills of a time span": lambda: history.fills(
            "1", FillFilter(product_type=PRODUCT, start_ms=middle_ms, end_ms=middle_ms + 3_600_000)
        ),
        "100 bills from the middle on": lambda: history.bills(
            "1", BillFilter(product_type=PRODUCT, id_less_than=middle_id)
        ),
        "bills of a kind that there is none of": lambda: history.bills(
            "1", BillFilter(product_type=PRODUCT, kinds=("funding",))
        ),
        "1 000 public trades": lambda: history.public_trades(TradeFilter(symbol="BTCUSDT", limit=1_000)),
    }
    answers = [
        Figure(f"{name}, {orders:,} orders kept", "ms", (await _time_questions(ask),))
        for name, ask in questions.items()
    ]
    await empty.close()
    await full.close()
    return Section(
        f"History: {orders:,} past orders",
        f"One caller, one durable reversal after the other, each in turn on a venue with no past and on one"
        f" with {orders:,} orders, half of them the caller's own; lower quartile of {REVERSALS} per"
        " round, because what is above mostly shows who else uses the disk. Questions: median of"
        f" {QUESTIONS}.",
        (
            Figure("reversal, empty venue", "ms", tuple(reversal_ms[empty])),
            Figure(f"reversal, {orders:,} past orders", "ms", tuple(reversal_ms[full])),
            *answers,
        ),
        (
            Ratio(
                "reversals: an empty venue's time against a full one's",
                divide(reversal_ms[empty], reversal_ms[full]),
                GOAL,
            ),
        ),
    )
