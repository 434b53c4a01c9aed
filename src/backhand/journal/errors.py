"""
What can go wrong with a journal, by what the caller may do about it.

    JournalError
    ├── JournalUnavailable    stop, start again and read the journal: an append that failed may be on disk
    ├── JournalDamaged        restore a backup: what is stored is not what was written
    ├── JournalLocked         end the other process, or use another folder
    ├── RulesMismatch         run the release that wrote this journal, or start an empty folder
    └── VenueMismatch         give the folder of this venue

A batch that breaks the journal's contract (it leaves a gap, or holds what cannot be stored) is a
fault of the caller, not of the journal: `ValueError`, and nothing was written.
"""


class JournalError(Exception):
    """Base of everything that a journal raises about the world outside."""


class JournalUnavailable(JournalError):
    """The journal could not be opened, written, synced or read; after an append: outcome unknown."""


class JournalDamaged(JournalError):
    """A record is altered, missing, out of place or cut short; nothing after it can be trusted."""


class JournalLocked(JournalError):
    """The folder is in use by another process, or a second time by this one."""


class RulesMismatch(JournalError):
    """The journal was written in another format or under other rules, and would replay differently."""


class VenueMismatch(JournalError):
    """The journal belongs to a venue with another id."""
