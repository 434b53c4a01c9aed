"""What every journal promises, whatever it is stored in."""

from collections.abc import Iterator
from typing import Protocol

from backhand.journal.record import Batch


class Journal(Protocol):
    """
    A durable total order of command batches of one venue.

    Sequences count commands from 1 without gaps. Appends are made one at a time, from any thread;
    following may run beside them, in another thread.
    """

    @property
    def last_sequence(self) -> int:
        """Sequence of the last command that is known to be durable; 0 when there is none."""

    @property
    def last_time_ms(self) -> int:
        """Stamp of the last durable batch, in venue time; 0 when there is none."""

    @property
    def last_hash(self) -> bytes:
        """Hash of the last durable record: it stands for every byte of the journal up to there."""

    def append(self, batch: Batch) -> None:
        """
        Store a batch, and return when it is durable.

        Raises:
            JournalUnavailable: the batch may be stored or not, and this journal takes no further one.
            ValueError: the batch does not begin at `last_sequence` + 1, is empty, or holds an integer
                beyond 64 bits or text that is not Unicode. Nothing was written.
        """

    def follow(self, from_sequence: int) -> Iterator[Batch]:
        """
        Read from a sequence to what was durable when reading began, verifying every record.

        The first batch is trimmed to begin at `from_sequence` when that lies within one. Nothing is
        yielded when `from_sequence` is `last_sequence` + 1. Each record is checked by itself and
        against the one before it, starting with the record before the first that is yielded. Memory
        is bounded by a few records.

        Raises:
            JournalDamaged: as soon as the damage is reached, after the batches before it; also when
                `from_sequence` lies beyond the end, because then the end was lost.
            RulesMismatch, VenueMismatch: a record is of another format, of other rules, of another venue.
            JournalUnavailable: the storage cannot be read.
            ValueError: `from_sequence` is less than 1.
        """

    def hash_at(self, sequence: int) -> bytes:
        """
        Hash of the durable record that holds a command: it stands for every byte up to its end.

        Raises:
            JournalDamaged: the record was altered, or is not there though something was seen of it.
            RulesMismatch, VenueMismatch: as `follow`.
            JournalUnavailable: the storage cannot be read.
            ValueError: `sequence` is less than 1.
        """

    def close(self) -> None:
        """Let go of the storage. A closed journal refuses everything; closing again does nothing."""
