import os
from pathlib import Path

import pytest

from backhand.journal import JournalLocked, JournalUnavailable, SqliteJournal
from backhand.journal.folder import LOCK_NAME
from backhand.journal.sqlite import FILE_NAME
from tests.journal.batches import VENUE, batch_at
from tests.journal.processes import next_line, start_writer


def mode_of(path: Path) -> int:
    """Return the permission bits of a path."""
    return path.stat().st_mode & 0o777


def test_a_folder_in_use_by_another_process_is_refused_by_its_id(tmp_path: Path) -> None:
    """The second process is told which process to stop; once that is dead, the folder is free."""
    folder = tmp_path / "data"
    holder = start_writer("hold", folder)
    assert "holding" == next_line(holder)
    with pytest.raises(JournalLocked, match=f"process {holder.pid}: stop"):
        SqliteJournal(folder, VENUE)
    holder.kill()
    holder.communicate()
    SqliteJournal(folder, VENUE).close()


def test_a_folder_is_used_once_within_a_process_too(tmp_path: Path) -> None:
    """Opening a folder twice is refused, and closing the first journal frees it."""
    folder = tmp_path / "data"
    first = SqliteJournal(folder, VENUE)
    with pytest.raises(JournalLocked, match=str(os.getpid())):
        SqliteJournal(folder, VENUE)
    first.append(batch_at(1))
    first.close()
    second = SqliteJournal(folder, VENUE)
    assert batch_at(1).last_sequence == second.last_sequence
    second.close()


def test_a_folder_that_cannot_be_opened_is_not_left_locked(tmp_path: Path) -> None:
    """A refused opening gives the folder back."""
    folder = tmp_path / "data"
    journal = SqliteJournal(folder, VENUE)
    journal.append(batch_at(1))
    journal.close()
    for _ in range(2):
        with pytest.raises(Exception, match="belongs to venue"):
            SqliteJournal(folder, "venue-b")
    SqliteJournal(folder, VENUE).close()


def test_everything_in_the_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """The folder has mode 0700 and its files 0600, also the log that SQLite makes beside the journal."""
    folder = tmp_path / "parent" / "dä ta?mode=ro#%41"
    umask = os.umask(0)
    try:
        journal = SqliteJournal(folder, VENUE)
        journal.append(batch_at(1))
        modes = {path.name: mode_of(path) for path in folder.iterdir()}
    finally:
        os.umask(umask)
    journal.close()
    assert 0o700 == mode_of(folder)
    assert {LOCK_NAME: 0o600, FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600} == modes


def test_an_empty_folder_or_our_own_is_closed_to_others(tmp_path: Path) -> None:
    """A folder that was made or opened up by hand is made private again."""
    folder = tmp_path / "data"
    folder.mkdir()
    for _ in range(2):
        folder.chmod(0o755)
        SqliteJournal(folder, VENUE).close()
        assert 0o700 == mode_of(folder)


def test_an_open_folder_with_other_files_is_refused_untouched(tmp_path: Path) -> None:
    """A folder that others use is not locked away from them: the caller is told what to do."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "letters").touch()
    folder.chmod(0o755)
    with pytest.raises(JournalUnavailable, match="chmod 700"):
        SqliteJournal(folder, VENUE)
    assert (0o755, ["letters"]) == (mode_of(folder), [path.name for path in folder.iterdir()])


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A path that cannot be a folder is an error of the journal's own kind."""
    (tmp_path / "data").touch(mode=0o600)
    with pytest.raises(JournalUnavailable):
        SqliteJournal(tmp_path / "data", VENUE)
