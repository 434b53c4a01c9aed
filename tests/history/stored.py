"""What a history's file holds, read past the history itself."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from backhand.history import History, tables
from backhand.projections.applied import Applied

VENUE = "venue-1"
#: Every table, and what its rows are told apart by.
KEYS = {"position": ("only",), **{table.name: table.primary_key for table in tables.TABLES}}

Content = dict[str, list[tuple[object, ...]]]


def content(path: Path) -> Content:
    """Every row of every table, in a defined order."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {', '.join(key)}").fetchall()  # noqa: S608
            for table, key in KEYS.items()
        }


def fold_into(path: Path, applied: Iterable[Applied]) -> Content:
    """Put commands into a history of their own, close it, and tell what its file holds."""
    history = History(path, VENUE)
    history.put(list(applied))
    history.close()
    return content(path)
