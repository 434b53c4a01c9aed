"""A journal that lives and dies with the process: same records, same refusals, nothing on disk."""

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from backhand.journal.chain import (
    GENESIS,
    Tail,
    hash_holding,
    link,
    read,
    require_readable,
    require_stored,
    tail_after,
    verified,
)
from backhand.journal.errors import JournalUnavailable
from backhand.journal.record import Batch, first_sequence_of


class MemoryJournal:
    """
    Keeps encoded records in a list, so that hashes and errors are those of a journal on disk.

    Memory grows with every batch: for tests and for venues that are reset, not for ones that stay.
    """

    def __init__(self, venue_id: str = "backhand", records: Sequence[bytes] = ()) -> None:
        """
        Begin empty, or continue with the `records` of another journal of the same venue.

        Raises:
            JournalDamaged, RulesMismatch, VenueMismatch: the last of `records` cannot be continued.
        """
        self.records = list(records)
        self._venue_id = venue_id
        self._tail = tail_after(read(self.records[-1], venue_id)[0]) if self.records else GENESIS
        self._closed = False
        self._appending = threading.Lock()

    @property
    def last_sequence(self) -> int:
        """Sequence of the last command; 0 when there is none."""
        return self._tail.sequence

    @property
    def last_time_ms(self) -> int:
        """Stamp of the last batch; 0 when there is none."""
        return self._tail.time_ms

    @property
    def last_hash(self) -> bytes:
        """Hash of the last record."""
        return self._tail.hash

    def append(self, batch: Batch) -> None:
        """Store a batch. See `Journal.append`."""
        with self._appending:
            self._require_open()
            record, tail = link(self._tail, batch, self._venue_id)
            self.records.append(record)
            self._tail = tail

    def follow(self, from_sequence: int) -> Iterator[Batch]:
        """Read from a sequence to the present end. See `Journal.follow`."""
        self._require_open()
        end = self._tail
        require_readable(from_sequence, end)
        return self._follow(from_sequence, end)

    def hash_at(self, sequence: int) -> bytes:
        """Hash of the record that holds a command. See `Journal.hash_at`."""
        self._require_open()
        require_stored(sequence, self._tail)
        place = bisect_right(self.records, sequence, key=first_sequence_of)
        return hash_holding(self.records[place - 1] if place else None, sequence, self._venue_id)

    def close(self) -> None:
        """Refuse everything from now on; `records` stay for whoever holds them."""
        with self._appending:
            self._closed = True

    def _follow(self, from_sequence: int, end: Tail) -> Iterator[Batch]:
        # From the first record: only a chain that begins at the start says where a sequence is.
        records = islice(self.records, len(self.records))
        return verified(records, GENESIS, from_sequence, end, self._venue_id)

    def _require_open(self) -> None:
        if self._closed:
            raise JournalUnavailable("the journal is closed")
