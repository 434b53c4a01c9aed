import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backhand.history.schema import open_history
from backhand.history.tables import TABLES, Table
from backhand.history.writes import Folds, Rows, position_checksum, write
from backhand.projections.applied import Applied
from tests.history.stored import VENUE, Content, content, fold_into
from tests.projections.tape import BTCUSDT, Tape, seeded_tape

Write = Callable[[sqlite3.Connection, Rows], None]


class Died(Exception):
    """The process ended here."""


class Mortal(sqlite3.Connection):
    """A connection that dies before its n-th statement from now."""

    statements_left: int | None = None

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if self.statements_left is not None:
            if self.statements_left == 0:
                raise Died
            self.statements_left -= 1
        return super().execute(*arguments)


def write_position_first(connection: sqlite3.Connection, rows: Rows) -> None:
    """The canary: a position that is committed ahead of its rows."""
    ahead = (rows.sequence, position_checksum(rows.sequence))
    connection.execute("UPDATE position SET sequence = ?, checksum = ?", ahead)
    write(connection, rows)


def contents_after_death(
    folder: Path, write_rows: Write, applied: list[Applied]
) -> list[tuple[int, Content, Content]]:
    """Die before each statement of writing the second half; tell position, what is there, what should be."""
    half = len(applied) // 2
    found = []
    for statements in range(100):
        path = folder / f"{write_rows.__name__}-{statements}.db"
        open_history(path, VENUE).connection.close()
        folds = Folds()
        connection = sqlite3.connect(path, isolation_level=None, factory=Mortal)
        with closing(connection):
            write(connection, folds.fold(applied[:half]))
            connection.statements_left = statements
            try:
                write_rows(connection, folds.fold(applied[half:]))
            except Died:
                survived = False
            else:
                survived = True
        opened = open_history(path, VENUE)
        opened.connection.close()
        whole = folder / f"{write_rows.__name__}-{statements}-whole.db"
        found.append((opened.position, content(path), fold_into(whole, applied[: opened.position])))
        if survived:
            return found
    raise AssertionError("writing takes fewer than 100 statements")


def test_death_on_any_line_leaves_rows_and_position_together(tmp_path: Path) -> None:
    """Before each statement of a transaction: either all of it is in the file or nothing."""
    applied = seeded_tape(5, 400).applied
    found = contents_after_death(tmp_path, write, applied)
    assert {len(applied) // 2, len(applied)} == {position for position, _, _ in found}
    for _, stored, expected in found:
        assert expected == stored


def test_the_check_of_death_catches_a_position_written_first(tmp_path: Path) -> None:
    """The canary must fail the check above, or the check proves nothing."""
    found = contents_after_death(tmp_path, write_position_first, seeded_tape(5, 400).applied)
    assert any(expected != stored for _, stored, expected in found)


@pytest.mark.parametrize("count", [1, 3, 4, 31, 32, 255, 256, 257, 600])
def test_every_row_is_written_whatever_their_number(count: int) -> None:
    """Statements of 256, 32, 4 and 1 rows together carry each row exactly once."""
    tape = Tape()
    for _ in range(count):
        order = tape.accept(size_lots=1)
        tape.step(order, tape.fill(order.order_id, 1), tape.close_position())
    with closing(open_history(None, VENUE).connection) as connection:
        write(connection, Folds().fold(tape.applied))
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM fills),"
            " (SELECT count(*) FROM closed_positions)"
        ).fetchone()
    assert (count, count, count) == counts


def test_an_order_that_changes_often_is_written_once() -> None:
    """A run of commands yields an order's latest row only, and all of its fills."""
    tape = Tape()
    order = tape.accept(size_lots=50)
    tape.step(order)
    for _ in range(50):
        tape.step(tape.fill(order.order_id, 1))
    rows = Folds().fold(tape.applied)
    assert ["filled"] == [row.status for row in rows.orders.values()]
    assert 50 == len(rows.fills)
    assert len(tape.applied) == rows.sequence
    assert BTCUSDT == rows.contracts["BTCUSDT"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_the_columns_that_it_names(table: Table[msgspec.Struct]) -> None:
    """Columns are fields of the row, of the same type, and then the row itself; the key is among them."""
    with closing(open_history(None, VENUE).connection) as connection:
        columns = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
    kinds = {int: "INTEGER"}
    fields = {field.name: kinds.get(field.type, "TEXT") for field in msgspec.structs.fields(table.row)}
    expected = [(name, fields[name]) for name in table.keys]
    assert [*expected, ("row", "TEXT")] == [(name, kind) for _, name, kind, *_ in columns]
    assert list(table.primary_key) == [name for _, name, *_, primary in columns if primary]
