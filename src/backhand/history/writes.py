"""
Rows into tables: one transaction for everything that a run of commands changed, and the new position.

A statement carries many rows. SQLite's binding in Python lets go of the interpreter at every step, and
gets it back from a busy event loop only after a switch interval, so the number of steps decides, not
their size: with the loop fully busy, 750 rows/s with `executemany` and 33 000 with 256 rows a statement.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from backhand.commands import Contract
from backhand.events import ContractListed
from backhand.history.tables import CLOSED_POSITIONS, CONTRACTS, FILLS, ORDERS, Row, Table
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow, OrdersFold
from backhand.projections.positions import ClosedPositionRow, ClosedPositionsFold


class Folds:
    """The folds that fill the tables, resumed with what the file holds."""

    def __init__(self, contracts: Iterable[Contract] = (), open_orders: Iterable[OrderRow] = ()) -> None:
        contracts = tuple(contracts)
        self._orders = OrdersFold(contracts, open_orders)
        self._positions = ClosedPositionsFold(contracts)

    def fold(self, applied: Iterable[Applied]) -> "Rows":
        """Fold a run of commands into the rows to write; an order that changed often stands once."""
        contracts: dict[str, Contract] = {}
        orders: dict[int, OrderRow] = {}
        fills: list[FillRow] = []
        positions: list[ClosedPositionRow] = []
        sequence = 0
        for one in applied:
            sequence = one.sequence
            changes = self._orders.fold(one)
            for order in changes.orders:
                orders[order.order_id] = order
            fills += changes.fills
            positions += self._positions.fold(one)
            for event in one.events:
                if type(event) is ContractListed:
                    contracts[event.contract.symbol] = event.contract
        return Rows(sequence, list(contracts.values()), list(orders.values()), fills, positions)


class Rows(msgspec.Struct, frozen=True):
    """What a run of commands that ends with `sequence` changed."""

    sequence: int
    contracts: list[Contract]
    orders: list[OrderRow]
    fills: list[FillRow]
    closed_positions: list[ClosedPositionRow]


def write(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write rows and position in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    _insert(connection, CONTRACTS, rows.contracts)
    _insert(connection, ORDERS, rows.orders)
    _insert(connection, FILLS, rows.fills)
    _insert(connection, CLOSED_POSITIONS, rows.closed_positions)
    connection.execute("UPDATE position SET sequence = ?", (rows.sequence,))
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: Table[Row], rows: Sequence[Row]) -> None:
    for statement, values in table.inserts(rows):
        connection.execute(statement, values)
