"""
A journal in one SQLite file: one row per batch, synced before `append` returns.

Why SQLite and not a plain file: its write-ahead log is reused from the start after each checkpoint, so
a commit overwrites blocks that the file system has already allocated, and it settles torn writes, which
a plain file would leave to us. It keeps up with a bare append and fdatasync of the same bytes.

Settings, each read back after it is made, because SQLite ignores what it does not know:

    journal_mode=wal              one sync per commit
    synchronous=full              that sync happens at every commit, not only at checkpoints
    fullfsync                     macOS: through the drive's cache; elsewhere without effect
    page_size=8192                measured against 4096 and 16384: fastest for a few commands (300
                                  bytes), level with the best for 64 (9 kB)
    wal_autocheckpoint=512 pages  every 4 MiB, in the commit that crosses it: a log that stays small stays
                                  in cache; 16 MiB measured slower for 300 bytes, no faster for 9 kB
    journal_size_limit=-1         the log keeps its blocks; giving them back would mean allocating again

An inserted row is a transaction of its own (`isolation_level=None`: no other one is ever begun behind
our back). What a power cut leaves of a commit that did not return is either the whole row or nothing.

One damage cannot be seen from inside: newest records that are gone without a trace, because SQLite cut
off a damaged log or an older copy of the file was put back. Whoever follows knows how far it had come,
and following from beyond the end is refused.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from backhand.journal.chain import (
    GENESIS,
    Tail,
    hash_holding,
    link,
    read,
    require_readable,
    require_stored,
    tail_after,
    verified,
)
from backhand.journal.errors import JournalDamaged, JournalUnavailable
from backhand.journal.folder import FolderLock, sync_folder
from backhand.journal.record import FORMAT, Batch, require_format

FILE_NAME: Final = "journal.sqlite3"

#: In the header of the file, so that it is known as a journal before any row is read: "BKHD".
_APPLICATION_ID: Final = 0x424B4844
_PAGE_BYTES: Final = 8192
_CHECKPOINT_PAGES: Final = 4 * 1024 * 1024 // _PAGE_BYTES
#: How long another program that holds the file, such as a backup, may keep a commit waiting.
_BUSY_SECONDS: Final = 5.0
#: Rows fetched at once while following: enough to hide the query, few enough to bound memory.
_ROWS_PER_READ: Final = 16

#: What makes a commit durable and cheap; the reasons are above.
SETTINGS: Final[dict[str, int | str]] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "fullfsync": 1,
    "checkpoint_fullfsync": 1,
    "wal_autocheckpoint": _CHECKPOINT_PAGES,
    "journal_size_limit": -1,
}
_CREATE: Final = "CREATE TABLE records (first_sequence INTEGER PRIMARY KEY, record BLOB NOT NULL)"
_INSERT: Final = "INSERT INTO records VALUES (?, ?)"
_SELECT_LAST: Final = "SELECT CAST(record AS BLOB) FROM records ORDER BY first_sequence DESC LIMIT 1"
#: The record before the one that holds a sequence.
_SELECT_ANCHOR: Final = (
    "SELECT CAST(record AS BLOB) FROM records WHERE first_sequence <= ? "
    "ORDER BY first_sequence DESC LIMIT 1 OFFSET 1"
)
_SELECT_HOLDING: Final = (
    "SELECT CAST(record AS BLOB) FROM records WHERE first_sequence <= ? ORDER BY first_sequence DESC LIMIT 1"
)
_SELECT_ON: Final = (
    "SELECT first_sequence, CAST(record AS BLOB) FROM records WHERE first_sequence > ? "
    "ORDER BY first_sequence LIMIT ?"
)


class SqliteJournal:
    """The journal of a data folder, which it keeps locked while it is open."""

    def __init__(self, folder: Path, venue_id: str) -> None:
        """
        Open the folder's journal, or make an empty one, and verify its last record.

        Earlier records are verified as they are followed.

        Raises:
            JournalLocked: another process uses the folder.
            RulesMismatch, VenueMismatch: the journal there is not for this release or this venue.
            JournalDamaged: the file is not a journal, or its last record was altered.
            JournalUnavailable: the folder or the file cannot be used, or not with the settings above.
        """
        self._venue_id = venue_id
        self._path = folder.absolute() / FILE_NAME
        self._appending = threading.Lock()
        self._closed = False
        self._failure: str | None = None
        self._lock = FolderLock(folder)
        try:
            self._connection = _open(self._path)
            try:
                self._tail = self._read_tail()
            except BaseException:
                self._connection.close()
                raise
        except BaseException:
            self._lock.release()
            raise

    @property
    def last_sequence(self) -> int:
        """Sequence of the last command that is known to be durable; 0 when there is none."""
        return self._tail.sequence

    @property
    def last_time_ms(self) -> int:
        """Stamp of the last durable batch, in venue time; 0 when there is none."""
        return self._tail.time_ms

    @property
    def last_hash(self) -> bytes:
        """Hash of the last durable record."""
        return self._tail.hash

    def append(self, batch: Batch) -> None:
        """Write a batch and return when it is synced. See `Journal.append`."""
        with self._appending:
            self._require_open()
            if self._failure is not None:
                raise JournalUnavailable(self._failure)
            record, tail = link(self._tail, batch, self._venue_id)
            # Set first and taken back last: whatever ends this block early leaves the journal refusing.
            self._failure = f"the batch at {batch.first_sequence} may be stored or not: only reopening tells"
            try:
                self._connection.execute(_INSERT, (batch.first_sequence, record))
            except (sqlite3.Error, MemoryError) as error:
                self._failure += f" ({error})"
                raise JournalUnavailable(self._failure) from error
            self._tail = tail
            self._failure = None

    def follow(self, from_sequence: int) -> Iterator[Batch]:
        """Read from a sequence to the present end. See `Journal.follow`."""
        self._require_open()
        end = self._tail
        require_readable(from_sequence, end)
        return self._follow(from_sequence, end)

    def hash_at(self, sequence: int) -> bytes:
        """Hash of the record that holds a command. See `Journal.hash_at`."""
        self._require_open()
        require_stored(sequence, self._tail)
        # A connection of its own, as for following.
        with _storage_errors(self._path):
            reader = _connect(self._path, mode="ro")
            with closing(reader):
                row = reader.execute(_SELECT_HOLDING, (sequence,)).fetchone()
        return hash_holding(None if row is None else _bytes(row[0]), sequence, self._venue_id)

    def close(self) -> None:
        """
        Close the file and unlock the folder; closing again does nothing.

        Raises:
            JournalUnavailable: SQLite could not close the file; what was acknowledged is in its log.
        """
        with self._appending:
            self._closed = True
            try:
                self._connection.close()
            except sqlite3.Error as error:
                raise JournalUnavailable(f"{self._path} cannot be closed: {error}") from error
            finally:
                self._lock.release()

    def _require_open(self) -> None:
        if self._closed:
            raise JournalUnavailable("the journal is closed")

    def _read_tail(self) -> Tail:
        with _storage_errors(self._path):
            row = self._connection.execute(_SELECT_LAST).fetchone()
        return GENESIS if row is None else tail_after(read(_bytes(row[0]), self._venue_id)[0])

    def _follow(self, from_sequence: int, end: Tail) -> Iterator[Batch]:
        # A connection of its own, so that reading never waits for a sync in another thread.
        with _storage_errors(self._path):
            reader = _connect(self._path, mode="ro")
        with closing(reader):
            with _storage_errors(self._path):
                row = reader.execute(_SELECT_ANCHOR, (from_sequence,)).fetchone()
            anchor = GENESIS if row is None else tail_after(read(_bytes(row[0]), self._venue_id)[0])
            records = self._records_after(reader, anchor.sequence)
            yield from verified(records, anchor, from_sequence, end, self._venue_id)

    def _records_after(self, reader: sqlite3.Connection, sequence: int) -> Iterator[bytes]:
        # Each read is a short transaction of its own: one held open by a slow consumer would keep the
        # write-ahead log from being reused, and it would grow without bound.
        while True:
            with _storage_errors(self._path):
                rows = reader.execute(_SELECT_ON, (sequence, _ROWS_PER_READ)).fetchall()
            if not rows:
                return
            for _, record in rows:
                yield _bytes(record)
            sequence = rows[-1][0]


def require_settings(connection: sqlite3.Connection) -> None:
    """
    Refuse a connection on which a commit would not be durable.

    Raises:
        JournalUnavailable: a setting did not take effect.
    """
    for name, wanted in SETTINGS.items():
        (actual,) = connection.execute(f"PRAGMA {name}").fetchone()
        if actual != wanted:
            raise JournalUnavailable(f"SQLite runs with {name}={actual} where {wanted} is needed")


def _open(path: Path) -> sqlite3.Connection:
    with _storage_errors(path):
        # Made here and not by SQLite, so that it and its log are private from the first moment.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connect(path, mode="rw")
        try:
            new = _is_new(connection, path)
            connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            for name, value in SETTINGS.items():
                connection.execute(f"PRAGMA {name}={value}")
            require_settings(connection)
            if new:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_CREATE)
                connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={FORMAT}")
                connection.execute("COMMIT")
                # SQLite does this too when it makes its log, unless it was built without.
                sync_folder(path.parent)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        # Opened in one thread and appended to from another; `_appending` lets one in at a time.
        check_same_thread=False,
    )


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == tables == 0:
        return True
    if application != _APPLICATION_ID:
        raise JournalDamaged(f"{path} is not a journal")
    require_format(form)
    return False


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise JournalUnavailable(f"{path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise JournalDamaged(f"{path} is damaged: {error}") from error


def _bytes(column: bytes | None) -> bytes:
    # A damaged row can come back as NULL whatever the table says; no bytes fit no checksum.
    return column or b""
