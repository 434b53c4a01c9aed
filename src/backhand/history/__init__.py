"""
The read models' store: what clients ask about the past, folded from events and kept in SQLite.

    Applied ─▶ store.put ─▶ queue ─▶ writes.Folds ─▶ Rows ─▶ writes.write ─▶ history.db
                             queue ◀─ store.order, orders, fills ─▶ reads ◀────┘

It can be deleted at any time: the journal, folded again, makes the same rows.
"""

from backhand.history.errors import HistoryClosed, HistoryError, HistoryFailed, HistoryTimeout
from backhand.history.reads import PAGE_ROWS_MAX, FillFilter, OrderFilter, PositionFilter
from backhand.history.schema import delete_history
from backhand.history.store import FILE_NAME, History

__all__ = [
    "FILE_NAME",
    "PAGE_ROWS_MAX",
    "FillFilter",
    "History",
    "HistoryClosed",
    "HistoryError",
    "HistoryFailed",
    "HistoryTimeout",
    "OrderFilter",
    "PositionFilter",
    "delete_history",
]
