"""
One order book as its readers know it: what was sent last, and what has changed since.

`seq` is the sequence of the last command that a frame reflects, so it grows with every frame, goes on after
a restart, and is the same for every reader.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.wire.channels.books import BookRow, Level, book_row, checksum, level_texts

#: Levels a side of the whole book: 500 for USDT-FUTURES, 200 for the others (websocket.md section 6).
USDT_LEVELS_MAX: Final = 500
OTHER_LEVELS_MAX: Final = 200


class BookChange(msgspec.Struct, frozen=True):
    """What one cut changed: the row of the update, and to which depth the best levels are as before."""

    row: BookRow
    unchanged_levels: int


class SentBook:
    """One symbol's book up to the depth that is shown."""

    def __init__(self, contract: Contract, sequence: int) -> None:
        self.contract = contract
        self.levels_max = USDT_LEVELS_MAX if contract.product_type == "USDT-FUTURES" else OTHER_LEVELS_MAX
        self.seq = sequence
        self._bids: Sequence[Level] = ()
        self._asks: Sequence[Level] = ()

    def snapshot(self, levels_max: int, time_ms: int) -> BookRow:
        """Show the book as it was sent last, or its best levels."""
        return book_row(self.contract, self._bids[:levels_max], self._asks[:levels_max], self.seq, time_ms)

    def cut(
        self, bids: Sequence[Level], asks: Sequence[Level], sequence: int, time_ms: int
    ) -> BookChange | None:
        """Take over the book as it is now; None when what is shown of it has not changed."""
        changed_bids = _changes(self._bids, bids, falling=True)
        changed_asks = _changes(self._asks, asks, falling=False)
        if not changed_bids and not changed_asks:
            return None
        contract = self.contract
        row = BookRow(
            asks=level_texts(contract, changed_asks),
            bids=level_texts(contract, changed_bids),
            checksum=checksum(level_texts(contract, bids[:25]), level_texts(contract, asks[:25])),
            seq=sequence,
            pseq=self.seq,
            ts=str(time_ms),
        )
        unchanged = min(_common(self._bids, bids), _common(self._asks, asks))
        self._bids, self._asks, self.seq = bids, asks, sequence
        return BookChange(row, unchanged)


def _changes(before: Sequence[Level], now: Sequence[Level], *, falling: bool) -> list[Level]:
    """List levels that are new or changed, and with size 0 those that are gone, best first."""
    left = dict(before)
    changes = [level for level in now if left.pop(level[0], 0) != level[1]]
    changes += [(price_ticks, 0) for price_ticks in left]
    changes.sort(reverse=falling)
    return changes


def _common(before: Sequence[Level], now: Sequence[Level]) -> int:
    """Count the best levels that are the same; a number beyond every depth when all are."""
    for place, (one, other) in enumerate(zip(before, now, strict=False)):
        if one != other:
            return place
    return min(len(before), len(now)) if len(before) != len(now) else USDT_LEVELS_MAX
