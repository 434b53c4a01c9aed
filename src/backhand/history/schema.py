"""
The file of the read models: what is in it, how it is opened, and when it is thrown away.

Everything in it is folded from the journal, so a file that is damaged, of another schema or of another
venue is deleted and made again from position 0, with a line in the log. Migrations do not exist. Damage is
whatever fails and is not the machine's fault: when in doubt the file goes, for no more is lost than time.
Damage that leaves text readable and pages in order is not noticed: SQLite keeps no checksums of them.

    position    one row: the venue, the last sequence whose rows are all in the file, and its checksum
    contracts   terms in force, to resume folding with
    the rest    what a client may ask about, see `tables`

Settings: `journal_mode=wal` with `synchronous=normal` keeps transactions whole and in order through
SIGKILL and power loss. The newest may be lost in a power loss, and their position with them: they are
folded again. `synchronous=off` would save the syncs at checkpoints, but can leave a file that is wrong
without showing it.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

import msgspec
import structlog

from backhand.history.tables import TABLES
from backhand.history.writes import Folds, position_checksum, resumed_folds

#: Kept in the file's header (`PRAGMA user_version`). Raise it with every change of a table, of an index,
#: of a row's fields or of what a fold puts into them: older files are then made again.
SCHEMA_VERSION: Final = 5
#: Write-ahead log before a checkpoint. A checkpoint syncs twice; every 32 MiB makes that rare, and the
#: log still fits the page cache.
_CHECKPOINT_PAGES: Final = 8_192
#: The worker's own page cache, in KiB: the recent ends of all indexes for thousands of accounts.
_CACHE_KIB: Final = 65_536

_CREATE: Final = """
CREATE TABLE position (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    venue_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
""" + "".join(table.create for table in TABLES)

#: What SQLite says when the machine is at fault: no permission, no space, no memory, a disk that fails,
#: another process. Making the file again cures none of it.
_OUTSIDE: Final = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS),
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT),
    }
)
#: What reading a row raises when its text is none, or is not that of a row.
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Opened(msgspec.Struct, frozen=True):
    """An open file, and the folds that go on where it ends."""

    connection: sqlite3.Connection
    position: int
    folds: Folds


class _Unusable(Exception):
    """The file is sound and belongs to another schema or venue."""


def open_history(path: Path | None, venue_id: str) -> Opened:
    """
    Open the read models of a venue, made anew when the file is missing, damaged or not theirs.

    Args:
        path: None keeps them in memory.
        venue_id: Whose they are; a file of another venue is thrown away.

    Raises:
        sqlite3.Error: the file cannot be opened, read or made, for reasons that a new one would share.
    """
    if path is None or not path.exists() or path.stat().st_size == 0:
        return _make(path, venue_id)
    try:
        return _open(path, venue_id)
    except _Unusable as error:
        reason = str(error)
    except Exception as error:
        if not may_be_damage(error, path):
            raise
        reason = f"{type(error).__name__}: {error}"
    _log.warning("history_rebuilt", path=str(path), reason=reason)
    delete_history(path)
    return _make(path, venue_id)


def delete_history(path: Path) -> None:
    """Delete the read models; they are made again from the journal at the next start."""
    # The file goes first: SQLite drops a log that it finds beside no file, while a file without the log
    # that was still needed would look sound.
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").unlink()


def may_be_damage(error: Exception, path: Path) -> bool:
    """
    Whether making the file again may help: SQLite or a fold made no sense of it, and the machine is well.

    That includes errors that say nothing of a file: text that is no UTF-8 is an error of the binding without
    a code, text that is no JSON a plain SQLITE_ERROR, a row that is gone a KeyError of a fold.
    """
    if isinstance(error, (OSError, MemoryError)):
        return False
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return True
    kind = code & 0xFF  # The rest is its variety.
    if kind == sqlite3.SQLITE_READONLY:
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)  # Then its header says so.
    return kind not in _OUTSIDE


def _open(path: Path, venue_id: str) -> Opened:
    connection = _connect(path)
    try:
        position = _require_ours(connection, venue_id)
        return Opened(connection, position, resumed_folds(connection))
    except BaseException:
        connection.close()
        raise


def _require_ours(connection: sqlite3.Connection, venue_id: str) -> int:
    """Tell the position of a file that has today's schema and belongs to the venue."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        raise _Unusable(f"schema {version}, not {SCHEMA_VERSION}")
    found: tuple[str, int, int] | None = connection.execute(
        "SELECT venue_id, sequence, checksum FROM position"
    ).fetchone()
    if found is None or found[0] != venue_id:
        raise _Unusable("rows of another venue")
    if found[2] != position_checksum(found[1]):
        raise _Unusable("a damaged position")
    return found[1]


def _make(path: Path | None, venue_id: str) -> Opened:
    if path is not None:
        # Made here and not by SQLite, so that it and its log are private from the first moment.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = _connect(path)
    try:
        # One transaction: a file either has all of this or nothing, and then it is made again.
        connection.executescript(f"BEGIN; {_CREATE} PRAGMA user_version = {SCHEMA_VERSION};")
        connection.execute("INSERT INTO position VALUES (1, ?, 0, ?)", (venue_id, position_checksum(0)))
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return Opened(connection, 0, Folds())


def _connect(path: Path | None) -> sqlite3.Connection:
    # Opened on the caller's thread and then owned by the worker's, never used by two at once.
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = normal")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection
