"""
The file of the read models: what is in it, how it is opened, and when it is thrown away.

Everything in it is folded from the journal, so a file that is damaged, of another schema or of another
venue is deleted and made again from position 0, with a line in the log. Migrations do not exist.

    position    one row: the venue, and the last sequence whose rows are all in the file
    contracts   terms in force, to resume folding with
    the rest    what a client may ask about, see `tables`

Settings: `journal_mode=wal` with `synchronous=normal` keeps transactions whole and in order through
SIGKILL and power loss. The newest may be lost in a power loss, and their position with them: they are
folded again. `synchronous=off` would save the syncs at checkpoints, but can leave a file that is wrong
without showing it.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

import msgspec
import structlog

from backhand.history.tables import TABLES
from backhand.history.writes import Folds, resumed_folds

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
    sequence INTEGER NOT NULL
) STRICT;
""" + "".join(table.create for table in TABLES)

#: What SQLite says of a file that it cannot make sense of. Other errors (no permission, no space, a disk
#: that fails) are not cured by making the file again.
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

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
    except sqlite3.Error as error:
        # While opening, SQLITE_ERROR is a table or column that should be there and is not.
        if not is_damage(error) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        reason = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = f"unreadable row: {error}"
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


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error means that the file itself is at fault, so that making it again helps."""
    # Errors of the binding itself have no code; the low byte is the kind, the rest its variety.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED


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
    found: tuple[str, int] | None = connection.execute("SELECT venue_id, sequence FROM position").fetchone()
    if found is None or found[0] != venue_id:
        raise _Unusable("rows of another venue")
    return found[1]


def _make(path: Path | None, venue_id: str) -> Opened:
    connection = _connect(path)
    try:
        # One transaction: a file either has all of this or nothing, and then it is made again.
        connection.executescript(f"BEGIN; {_CREATE} PRAGMA user_version = {SCHEMA_VERSION};")
        connection.execute("INSERT INTO position VALUES (1, ?, 0)", (venue_id,))
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
