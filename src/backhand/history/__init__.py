"""
The read models' store: what clients ask about the past, folded from events and kept in SQLite.

    Applied ─▶ store.put ─▶ queue ─▶ writes.Folds ─▶ Rows ─▶ writes.write ─▶ history.db
                             queue ◀─ questions ─▶ reads, market_reads ◀───────┘

It can be deleted at any time: the journal, folded again, makes the same rows.
"""

from backhand.history.errors import HistoryClosed, HistoryError, HistoryFailed, HistoryTimeout
from backhand.history.market_reads import CandleFilter, TradeFilter
from backhand.history.pages import PAGE_ROWS_MAX
from backhand.history.questions import History
from backhand.history.reads import BillFilter, FillFilter, OrderFilter, PositionFilter, TriggerFilter
from backhand.history.receipts import receipt
from backhand.history.schema import delete_history
from backhand.history.store import FILE_NAME

__all__ = [
    "FILE_NAME",
    "PAGE_ROWS_MAX",
    "BillFilter",
    "CandleFilter",
    "FillFilter",
    "History",
    "HistoryClosed",
    "HistoryError",
    "HistoryFailed",
    "HistoryTimeout",
    "OrderFilter",
    "PositionFilter",
    "TradeFilter",
    "TriggerFilter",
    "delete_history",
    "receipt",
]
