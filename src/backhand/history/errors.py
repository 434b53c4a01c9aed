"""
What can go wrong with the read models, by what the caller may do about it.

    HistoryError
    ├── HistoryTimeout    the answer is unknown; ask again. Never: "it does not exist"
    ├── HistoryFailed     stop and start again: the journal, folded again, makes the rows anew
    └── HistoryClosed     nothing more is taken or told
"""


class HistoryError(Exception):
    """Base of everything that the read models raise about the world outside."""


class HistoryTimeout(HistoryError):
    """The read had not been answered in time, or would have taken too much work; the answer is unknown."""


class HistoryFailed(HistoryError):
    """The rows could not be written or read; nothing more will be. The position on disk stays true."""


class HistoryClosed(HistoryError):
    """The history was closed before this was asked."""
