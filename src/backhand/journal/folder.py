"""
The data folder: private to its user, and used by one process at a time.

The lock is the kernel's (flock), so it ends with the process however that dies; the process id in the
lock file is only there to be shown. The file stays: removing it would let two processes lock two files.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from backhand.journal.errors import JournalLocked, JournalUnavailable

LOCK_NAME: Final = "lock"
_OTHERS: Final = 0o077


class FolderLock:
    """The right to use a data folder, held until released or until the process ends."""

    def __init__(self, folder: Path) -> None:
        """
        Make the folder when it is missing, close it to other users, and lock it.

        Raises:
            JournalLocked: another process holds it.
            JournalUnavailable: it cannot be made, written or made private.
        """
        try:
            _make_private(folder)
            self._descriptor: int | None = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalUnavailable(f"the data folder {folder} cannot be used: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode(errors="replace") or "unknown"
            self.release()
            raise JournalLocked(
                f"the data folder {folder} is in use by process {holder}: stop that process, "
                "or give this one another folder"
            ) from error
        except OSError as error:
            self.release()
            raise JournalUnavailable(f"the data folder {folder} cannot be locked: {error}") from error

    def release(self) -> None:
        """Give the folder back; releasing again does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file whose name is lost is lost, however well it was synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_private(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)
    if not folder.stat().st_mode & _OTHERS:
        return
    # Closing an empty folder or our own to others does no harm; somebody's home or /tmp is not ours to close.
    names = [entry.name for entry in folder.iterdir()]
    if names and LOCK_NAME not in names:
        raise JournalUnavailable(
            f"the data folder {folder} holds other files and is open to other users: "
            "give an empty folder, or close it to others with chmod 700"
        )
    folder.chmod(0o700)
