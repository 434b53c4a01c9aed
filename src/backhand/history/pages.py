"""
Pages of rows: how a question is put together so that SQLite answers it through the index it was made for.

An answer leaves SQLite as one JSON text, in one step: fetched row by row, a page of 100 would have to
win the interpreter back from the event loop 100 times (see `writes`).

A page that continues below an id starts at that id's time, and a page never walks over what is newer than
it, but for rows of that very millisecond. Ids grow with time, so that this is a page of smaller ids; closed
positions have the ids of their opening and the times of their closing, and a page of them goes on behind the
one that the id names.

Only names and placeholders of this package are put into statements here, never what somebody sent.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.history.tables import Row, Table

#: Rows of one page of an account. Source: limit of orders-history, fills and history-position.
PAGE_ROWS_MAX: Final = 100
#: The largest integer that SQLite stores, so "no bound" for ids and times; more from outside means the same.
INTEGER_MAX: Final = 2**63 - 1


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a list: times include both ends, ids are below `id_less_than`, newest first."""

    start_ms: int = 0
    end_ms: int = INTEGER_MAX
    id_less_than: int = INTEGER_MAX
    limit: int = PAGE_ROWS_MAX


class Conditions:
    """The rows of a table that meet every condition added."""

    def __init__(self, condition: str, *values: int | str) -> None:
        self._text = condition
        self._values: list[int | str] = list(values)

    def add(self, condition: str, *values: int | str) -> None:
        """Add a condition with the values of its placeholders."""
        self._text += f" AND {condition}"
        self._values += values

    def add_contract(self, product_type: str, symbol: str | None) -> None:
        """Add that the symbol is one of a product type, or this one of it."""
        self.add("symbol IN (SELECT symbol FROM contracts WHERE product_type = ?)", product_type)
        if symbol is not None:
            self.add("symbol = ?", symbol)

    def add_choice(self, column: str, values: Sequence[str]) -> None:
        """Add that a column has one of some values."""
        self.add(f"{column} IN ({', '.join('?' * len(values))})", *values)

    def add_span(
        self, connection: sqlite3.Connection, table: Table[Row], wanted: Span, time: str = "created_at_ms"
    ) -> None:
        """Add the span of a time and where the page starts."""
        key = table.primary_key[0]
        self.add(f"{time} >= ?", bounded(wanted.start_ms))
        self.add(f"({time}, {key}) < (?, ?)", *_page_start(connection, table, wanted, time))

    def page(
        self,
        connection: sqlite3.Connection,
        table: Table[Row],
        index: str,
        by: tuple[str, ...],
        limit: int,
        limit_max: int = PAGE_ROWS_MAX,
    ) -> list[Row]:
        """Give the newest rows; `by` is the order in which the index has them."""
        rows = (
            f"SELECT row FROM {table.name} INDEXED BY {index}"  # noqa: S608
            f" WHERE {self._text} ORDER BY {_falling(by)} LIMIT ?"
        )
        return ask(connection, table, rows, (*self._values, max(0, min(limit, limit_max))))

    def page_of_groups(
        self,
        connection: sqlite3.Connection,
        table: Table[Row],
        index: str,
        by: tuple[str, ...],
        limit: int,
        column: str,
        groups: str,
        group_values: Sequence[str],
    ) -> list[Row]:
        """
        Give the newest rows of some values of a column: those of each by its index, then those of all.

        `groups` selects those values as `one`, with `group_values` for its placeholders.
        """
        key = ", ".join(table.primary_key)
        rows_max = max(0, min(limit, PAGE_ROWS_MAX))
        rows = (
            f"SELECT row FROM ({groups}) CROSS JOIN {table.name} WHERE ({key}) IN ("  # noqa: S608
            f"SELECT {key} FROM {table.name} INDEXED BY {index}"
            f" WHERE {column} = one AND {self._text} ORDER BY {_falling(by)} LIMIT ?"
            f") ORDER BY {_falling(by)} LIMIT ?"
        )
        return ask(connection, table, rows, (*group_values, *self._values, rows_max, rows_max))

    def page_of_symbols(
        self,
        connection: sqlite3.Connection,
        table: Table[Row],
        index: str,
        by: tuple[str, ...],
        limit: int,
        product_type: str,
        symbol: str | None,
    ) -> list[Row]:
        """Give the newest rows of a product type's symbols, or of one of them."""
        groups, values = "SELECT symbol AS one FROM contracts WHERE product_type = ?", [product_type]
        if symbol is not None:
            groups, values = f"{groups} AND symbol = ?", [*values, symbol]
        return self.page_of_groups(connection, table, index, by, limit, "symbol", groups, values)


def _page_start(
    connection: sqlite3.Connection, table: Table[Row], wanted: Span, time: str
) -> tuple[int, int]:
    """Where a page starts, as the (time, id) that all its rows are below."""
    end_ms = bounded(wanted.end_ms)
    id_less_than = bounded(wanted.id_less_than)
    if id_less_than == INTEGER_MAX:
        return end_ms, INTEGER_MAX
    key = table.primary_key[0]
    time_of_id = f"SELECT {time} FROM {table.name} WHERE {key} <= ? ORDER BY {key} DESC LIMIT 1"  # noqa: S608
    found: tuple[int] | None = connection.execute(time_of_id, (id_less_than,)).fetchone()
    if found is None:
        return 0, 0
    # What a page behind that row leaves out is no older than it: none of it is within an earlier end.
    return (found[0], id_less_than) if found[0] <= end_ms else (end_ms, INTEGER_MAX)


def bounded(number: int) -> int:
    """Bring a number from outside into what SQLite can compare."""
    return max(0, min(number, INTEGER_MAX))


def _falling(by: tuple[str, ...]) -> str:
    return ", ".join(f"{column} DESC" for column in by)


def ask(
    connection: sqlite3.Connection, table: Table[Row], rows: str, values: Sequence[int | str]
) -> list[Row]:
    """Run a statement that selects `row`, and read what it finds as one text, in its order."""
    statement = f"SELECT '[' || coalesce(group_concat(row), '') || ']' FROM ({rows})"  # noqa: S608
    (text,) = connection.execute(statement, values).fetchone()
    return table.rows(text)


def one(
    connection: sqlite3.Connection, table: Table[Row], rows: str, values: Sequence[int | str]
) -> Row | None:
    """Run a statement that selects at most one `row`."""
    found = ask(connection, table, rows, values)
    return found[0] if found else None
