"""
Rows into tables: one transaction for everything that a run of commands changed, and the new position.

A statement carries many rows. SQLite's binding in Python lets go of the interpreter at every step, and
gets it back from a busy event loop only after a switch interval, so the number of steps decides, not
their size: with the loop fully busy, 750 rows/s with `executemany` and 33 000 with 256 rows a statement.
"""

import sqlite3
import zlib
from collections.abc import Collection, Iterable

from backhand.commands import Contract
from backhand.events import ContractListed
from backhand.history import market_reads, reads
from backhand.history.tables import (
    BILLS,
    CANDLES,
    CLOSED_POSITIONS,
    CONTRACTS,
    FILLS,
    FUNDING,
    ORDERS,
    PUBLIC_TRADES,
    REVERSALS,
    TRIGGERS,
    Row,
    Table,
)
from backhand.projections.applied import Applied
from backhand.projections.bills import FIRST_BILL_ID, BillRow, BillsFold
from backhand.projections.funding import FundingRow, funding_rows
from backhand.projections.kept_candles import CandleRow, KeptCandlesFold
from backhand.projections.orders import FillRow, OrderRow, OrdersFold
from backhand.projections.positions import ClosedPositionRow, ClosedPositionsFold
from backhand.projections.reversals import ReversalRow, ReversalsFold
from backhand.projections.trades import TradeRow, TradesFold
from backhand.projections.triggers import TriggerRow, TriggersFold


class Folds:
    """The folds that fill the tables, resumed with what the file holds."""

    def __init__(
        self,
        contracts: Iterable[Contract] = (),
        open_orders: Iterable[OrderRow] = (),
        open_triggers: Iterable[TriggerRow] = (),
        newest_candles: Iterable[CandleRow] = (),
        last_bill_id: int = FIRST_BILL_ID - 1,
    ) -> None:
        contracts = tuple(contracts)
        self._orders = OrdersFold(contracts, open_orders)
        self._positions = ClosedPositionsFold(contracts)
        self._bills = BillsFold(contracts, last_bill_id)
        self._triggers = TriggersFold(contracts, open_triggers)
        self._trades = TradesFold(contracts)
        self._candles = KeptCandlesFold(contracts, newest_candles)
        self._reversals = ReversalsFold(contracts)

    def fold(self, applied: Iterable[Applied]) -> "Rows":
        """Fold a run of commands into the rows to write; what changed often stands once."""
        rows = Rows()
        for one in applied:
            rows.sequence = one.sequence
            changes = self._orders.fold(one)
            for order in changes.orders:
                rows.orders[order.order_id] = order
            rows.fills += changes.fills
            rows.closed_positions += self._positions.fold(one)
            rows.bills += self._bills.fold(one, changes.fills)
            for trigger in self._triggers.fold(one):
                rows.triggers[trigger.order_id] = trigger
            rows.trades += self._trades.fold(one)
            rows.reversals += self._reversals.fold(one)
            rows.funding += funding_rows(one)
            for candle in self._candles.fold(one):
                rows.candles[candle.symbol, candle.price_kind, candle.interval, candle.open_ms] = candle
            for event in one.events:
                if type(event) is ContractListed:
                    rows.contracts[event.contract.symbol] = event.contract
        return rows


class Rows:
    """What a run of commands that ends with `sequence` changed."""

    def __init__(self) -> None:
        self.sequence = 0
        self.contracts: dict[str, Contract] = {}
        self.orders: dict[int, OrderRow] = {}
        self.fills: list[FillRow] = []
        self.closed_positions: list[ClosedPositionRow] = []
        self.bills: list[BillRow] = []
        self.triggers: dict[int, TriggerRow] = {}
        self.trades: list[TradeRow] = []
        self.reversals: list[ReversalRow] = []
        self.funding: list[FundingRow] = []
        self.candles: dict[tuple[str, str, str, int], CandleRow] = {}


def resumed_folds(connection: sqlite3.Connection) -> Folds:
    """
    Make the folds that go on where a file ends.

    Raises:
        sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError: the file cannot be read.
    """
    last_bill_id = reads.last_bill_id(connection)
    return Folds(
        reads.contracts(connection),
        reads.open_orders_of_all(connection),
        reads.open_triggers_of_all(connection),
        market_reads.newest_candles_of_all(connection),
        FIRST_BILL_ID - 1 if last_bill_id is None else last_bill_id,
    )


def position_checksum(sequence: int) -> int:
    """
    Give what a position is told from a damaged one by.

    One that is too small has rows folded twice, one that is too large leaves some out.
    """
    return zlib.crc32(str(sequence).encode())


def write(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write rows and position in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    _insert(connection, CONTRACTS, rows.contracts.values())
    _insert(connection, ORDERS, rows.orders.values())
    _insert(connection, FILLS, rows.fills)
    _insert(connection, CLOSED_POSITIONS, rows.closed_positions)
    _insert(connection, BILLS, rows.bills)
    _insert(connection, TRIGGERS, rows.triggers.values())
    _insert(connection, PUBLIC_TRADES, rows.trades)
    _insert(connection, FUNDING, rows.funding)
    _insert(connection, CANDLES, rows.candles.values())
    _insert(connection, REVERSALS, rows.reversals)
    position = (rows.sequence, position_checksum(rows.sequence))
    connection.execute("UPDATE position SET sequence = ?, checksum = ?", position)
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: Table[Row], rows: Collection[Row]) -> None:
    for statement, values in table.inserts(rows):
        connection.execute(statement, values)
