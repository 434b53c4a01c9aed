"""The two journals behind one handle, with a way to their stored records that goes around them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from backhand.journal import Journal, MemoryJournal, SqliteJournal
from backhand.journal.sqlite import FILE_NAME
from tests.journal.batches import VENUE

SELECT_RECORDS = "SELECT record FROM records ORDER BY first_sequence"


class Stored(Protocol):
    """One place where a journal is kept. `records` and `replace` need it closed."""

    def open(self, venue_id: str = VENUE) -> Journal:
        """Open the journal that is kept here."""

    def records(self) -> list[bytes]:
        """Return every stored record, in order."""

    def replace(self, records: list[bytes]) -> None:
        """Store these records in the place of all others, whatever they hold."""

    def close_all(self) -> None:
        """Close every journal that was opened here."""


class StoredInMemory:
    """A memory journal that is opened again with the records of the one before it."""

    def __init__(self) -> None:
        self._records: list[bytes] = []

    def close_all(self) -> None:
        """Do nothing: what is in memory ends by itself."""

    def open(self, venue_id: str = VENUE) -> Journal:
        """Open a journal whose records are kept when it is closed."""
        journal = MemoryJournal(venue_id, self._records)
        self._records = journal.records
        return journal

    def records(self) -> list[bytes]:
        """Return every stored record, in order."""
        return list(self._records)

    def replace(self, records: list[bytes]) -> None:
        """Store these records in the place of all others."""
        self._records = records


class StoredInSqlite:
    """A data folder whose file is edited with SQLite alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self._opened: list[Journal] = []

    def close_all(self) -> None:
        """Close every journal that was opened here."""
        for journal in self._opened:
            journal.close()

    def open(self, venue_id: str = VENUE) -> Journal:
        """Open the folder's journal."""
        journal = SqliteJournal(self.folder, venue_id)
        self._opened.append(journal)
        return journal

    def records(self) -> list[bytes]:
        """Return every stored record, in the order of the rows' keys."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute(SELECT_RECORDS)]

    def replace(self, records: list[bytes]) -> None:
        """Keep the rows' keys, in order, and give them these records; delete the keys left over."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            rows = connection.execute("SELECT first_sequence FROM records ORDER BY first_sequence").fetchall()
            connection.execute("DELETE FROM records")
            for (key,), record in zip(rows, records, strict=False):
                connection.execute("INSERT INTO records VALUES (?, ?)", (key, record))
