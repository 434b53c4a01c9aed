"""
Where a venue keeps what it knows: a data folder, or memory.

    lock            the folder is in use
    venue-id        whose journal and read models these are
    secrets.key     opens the sealed API secrets of the journal; a backup without it is worth half
    journal.sqlite3 the truth
    history.db      read models, made again from the journal when missing

With a seed, and a clock that stands still until it is stepped, equal commands make equal quotes and equal
journals, to the byte. The key of a folder that is made with a seed is therefore the seed's, and stays so:
such a venue is for tests, not for secrets.
"""

from pathlib import Path
from typing import Final

from backhand.history import FILE_NAME as HISTORY_FILE_NAME
from backhand.history import History
from backhand.journal import Journal, JournalUnavailable, MemoryJournal
from backhand.sealing import Sealer, key_of_folder, new_key, write_private_file
from backhand.starting import new_venue_id

VENUE_ID_FILE_NAME: Final = "venue-id"


class Storage:
    """An open journal, its read models, and the sealer of its secrets."""

    def __init__(self, venue_id: str, journal: Journal, history: History, sealer: Sealer) -> None:
        self.venue_id = venue_id
        self.journal = journal
        self.history = history
        self.sealer = sealer

    def close(self) -> None:
        """Write what the read models still hold, then let go of the folder."""
        self.history.close()
        self.journal.close()


def open_memory(seed: int | None) -> Storage:
    """Keep everything in the process."""
    venue_id = new_venue_id(seed)
    return Storage(venue_id, MemoryJournal(venue_id), History(None, venue_id), Sealer(new_key(seed)))


def open_folder(folder: Path, seed: int | None) -> Storage:
    """
    Open a data folder, made when it is missing.

    Raises:
        JournalError, HistoryError, SealError: see there.
    """
    from backhand.journal import SqliteJournal  # noqa: PLC0415 (not there on Windows, which has memory only)

    known_id = _read_venue_id(folder)
    venue_id = known_id or new_venue_id(seed)
    # First of all, because it makes and locks the folder.
    journal = SqliteJournal(folder, venue_id)
    try:
        if not known_id:
            write_private_file(folder / VENUE_ID_FILE_NAME, venue_id.encode())
        sealer = Sealer(key_of_folder(folder, seed))
        return Storage(venue_id, journal, History(folder / HISTORY_FILE_NAME, venue_id), sealer)
    except OSError as error:
        journal.close()
        raise JournalUnavailable(f"the data folder {folder} cannot be used: {error}") from error
    except BaseException:
        journal.close()
        raise


def _read_venue_id(folder: Path) -> str:
    try:
        return (folder / VENUE_ID_FILE_NAME).read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise JournalUnavailable(f"{folder / VENUE_ID_FILE_NAME} cannot be read: {error}") from error
