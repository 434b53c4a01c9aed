"""
The journal: a durable total order of command batches, and the only truth of a venue.

    Batch ─▶ chain.link ─▶ record.encode ─▶ one row, synced ─▶ append returns
               ▲ last hash                       │
               └─────────────────────────────────┘
    Batch ◀─ chain.verified ◀─ record.decode ◀─ rows in order

`port.Journal` says what every journal promises; `sqlite` keeps it on disk, `memory` keeps it in the
process. A journal is crash-only: after an append that failed it refuses all others, because only
reading it again tells what is on disk. Archiving and snapshots are left to others.
"""

import sys

from backhand.journal.errors import (
    JournalDamaged,
    JournalError,
    JournalLocked,
    JournalUnavailable,
    RulesMismatch,
    VenueMismatch,
)
from backhand.journal.memory import MemoryJournal
from backhand.journal.port import Journal
from backhand.journal.record import FORMAT, RULES_VERSION, Batch

__all__ = [
    "FORMAT",
    "RULES_VERSION",
    "Batch",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalLocked",
    "JournalUnavailable",
    "MemoryJournal",
    "RulesMismatch",
    "VenueMismatch",
]

# Windows runs in memory only: a folder is locked with flock, which it does not have.
if sys.platform != "win32":
    from backhand.journal.sqlite import SqliteJournal

    __all__ += ["SqliteJournal"]
