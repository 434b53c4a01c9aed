"""
Rows into tables: one transaction for everything that a run of commands changed, and the new position.

A statement carries many rows. SQLite's binding in Python lets go of the interpreter at every step, and
gets it back from a busy event loop only after a switch interval, so the number of steps decides, not
their size: with the loop fully busy, 750 rows/s with `executemany` and 33 000 with 256 rows a statement.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.events import ContractListed
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow, OrdersFold
from backhand.projections.positions import ClosedPositionRow, ClosedPositionsFold

#: Rows in one statement; what is left over goes in ever smaller ones. 256 rows of an order are 6 400
#: parameters (SQLite takes 32 766); larger statements were not faster.
_STATEMENT_ROWS: Final = (256, 32, 4, 1)

#: What of an order changes after it was accepted.
_ORDER_CHANGES: Final = (
    "status",
    "cancel_reason",
    "updated_at_ms",
    "filled_size_e8",
    "filled_value_e20",
    "fee_e8",
    "profit_e8",
)

_Values = tuple[int | str | None, ...]


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
                if isinstance(event, ContractListed):
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
    if rows.contracts:
        _insert(connection, _PUT_CONTRACTS, [_contract_values(contract) for contract in rows.contracts])
    _insert(connection, _PUT_ORDERS, [_order_values(order) for order in rows.orders])
    _insert(connection, _PUT_FILLS, [_fill_values(fill) for fill in rows.fills])
    _insert(connection, _PUT_POSITIONS, [_position_values(position) for position in rows.closed_positions])
    connection.execute("UPDATE position SET sequence = ?", (rows.sequence,))
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, statements: dict[int, str], rows: Sequence[_Values]) -> None:
    start = 0
    for count, statement in statements.items():
        while len(rows) - start >= count:
            connection.execute(statement, list(chain.from_iterable(rows[start : start + count])))
            start += count


def _statements(table: str, columns: tuple[str, ...], on_conflict: str = "") -> dict[int, str]:
    """Insert statements by the number of rows they take, largest first."""
    row = f"({', '.join('?' * len(columns))})"
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608  # Names of ours only.
    return {count: f"{into}{', '.join([row] * count)} {on_conflict}" for count in _STATEMENT_ROWS}


def _update(*columns: str) -> str:
    return "DO UPDATE SET " + ", ".join(f"{column} = excluded.{column}" for column in columns)


_PUT_CONTRACTS: Final = _statements(
    "contracts", ("symbol", "terms"), f"ON CONFLICT (symbol) {_update('terms')}"
)
_PUT_ORDERS: Final = _statements(
    "orders", OrderRow.__struct_fields__, f"ON CONFLICT (order_id) {_update(*_ORDER_CHANGES)}"
)
# Rows that never change: a second one with the same key would be a fault of ours, and is an error.
_PUT_FILLS: Final = _statements("fills", FillRow.__struct_fields__)
_PUT_POSITIONS: Final = _statements("closed_positions", ClosedPositionRow.__struct_fields__)


def _contract_values(contract: Contract) -> _Values:
    return (contract.symbol, msgspec.json.encode(contract).decode())


# In the order of the struct's fields; amounts as text (see `schema`). Only plain int and str: everything
# else (bool, enumerations) takes sqlite3's slow path of adapters.


def _order_values(order: OrderRow) -> _Values:
    return (
        order.order_id,
        order.uid,
        order.client_oid,
        order.symbol,
        order.product_type,
        order.margin_coin,
        int(order.inverse),
        order.side,
        order.hold_side,
        int(order.reduce_only),
        order.order_type,
        order.time_in_force,
        order.margin_mode,
        order.leverage,
        order.source,
        str(order.price_e12),
        str(order.size_e8),
        order.created_at_ms,
        order.status,
        order.cancel_reason.value if order.cancel_reason else None,
        order.updated_at_ms,
        str(order.filled_size_e8),
        str(order.filled_value_e20),
        str(order.fee_e8),
        str(order.profit_e8),
    )


def _fill_values(fill: FillRow) -> _Values:
    return (
        fill.trade_id,
        fill.order_id,
        fill.uid,
        fill.symbol,
        fill.product_type,
        fill.margin_coin,
        int(fill.inverse),
        fill.side,
        fill.hold_side,
        int(fill.reduce_only),
        int(fill.is_taker),
        fill.margin_mode,
        fill.source,
        str(fill.price_e12),
        str(fill.size_e8),
        str(fill.value_e20),
        str(fill.fee_e8),
        str(fill.profit_e8),
        fill.created_at_ms,
    )


def _position_values(position: ClosedPositionRow) -> _Values:
    return (
        position.position_id,
        position.uid,
        position.symbol,
        position.product_type,
        position.margin_coin,
        int(position.inverse),
        position.side,
        int(position.hedge_mode),
        position.margin_mode,
        str(position.opened_size_e8),
        str(position.closed_size_e8),
        str(position.opened_value_e20),
        str(position.closed_value_e20),
        str(position.profit_e8),
        str(position.open_fee_e8),
        str(position.close_fee_e8),
        str(position.funding_e8),
        position.opened_at_ms,
        position.closed_at_ms,
    )
