"""
The process that the crash tests start, kill and starve: `python -m tests.journal.writer HOW FOLDER`.

It appends the batches that belong after what the folder holds, and prints the sequence of each once it
is acknowledged. HOW is `append` until killed, `hold` to keep the folder until standard input ends,
`starve` to run out of file size after 1 MiB, or `unsynced` to append without syncing: the canary.
"""

import contextlib
import resource
import sys
from pathlib import Path

from backhand.journal import JournalUnavailable, SqliteJournal
from tests.journal.batches import VENUE, batch_at

FILE_BYTES_MAX = 1024 * 1024


def say(text: str) -> None:
    """Print a line at once, so that whoever kills this process has all that was acknowledged."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def append_on(journal: SqliteJournal) -> None:
    """Append without end."""
    while True:
        batch = batch_at(journal.last_sequence + 1)
        journal.append(batch)
        say(str(batch.last_sequence))


def main(how: str, folder: Path) -> None:
    """Do what `how` says with the folder's journal."""
    say("started")
    if how == "starve":
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))
    journal = SqliteJournal(folder, VENUE)
    if how == "hold":
        say("holding")
        sys.stdin.read()
        return
    if how == "unsynced":
        # What the canary is made of: the connection of a journal that passed its own checks.
        journal._connection.execute("PRAGMA synchronous=OFF")  # noqa: SLF001
    try:
        append_on(journal)
    except JournalUnavailable:
        say("unavailable")
    with contextlib.suppress(JournalUnavailable):
        journal.append(batch_at(journal.last_sequence + 1))
        say("appended after a failure")
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
