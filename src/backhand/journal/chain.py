"""
How records follow one another: the part that every journal shares. Pure.

A journal is whole when its first record begins at sequence 1 with the hash of nothing, and every other
one begins where the one before it ended and carries its hash.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from backhand.journal.errors import JournalDamaged, VenueMismatch
from backhand.journal.record import GENESIS_HASH, Batch, Header, decode, encode


class Tail(msgspec.Struct, frozen=True, gc=False):
    """Where a journal ends: its last sequence, the stamp of the last batch, the hash of the last record."""

    sequence: int
    time_ms: int
    hash: bytes


GENESIS: Final = Tail(0, 0, GENESIS_HASH)


def link(tail: Tail, batch: Batch, venue_id: str) -> tuple[bytes, Tail]:
    """
    Return the record of a batch that continues `tail`, and the tail after it.

    Raises:
        ValueError: the batch is empty, leaves a gap, repeats a sequence, or cannot be stored.
    """
    if not batch.commands:
        raise ValueError("a batch has at least one command")
    if batch.first_sequence != tail.sequence + 1:
        raise ValueError(f"a batch at {batch.first_sequence} does not follow sequence {tail.sequence}")
    record, digest = encode(batch, venue_id, tail.hash)
    return record, Tail(batch.last_sequence, batch.time_ms, digest)


def read(record: bytes, venue_id: str) -> tuple[Header, Batch]:
    """
    Read a record of this venue by itself.

    Raises:
        JournalDamaged, RulesMismatch: see `record.decode`.
        VenueMismatch: the record was written by another venue.
    """
    header, batch = decode(record)
    if header.venue_id != venue_id:
        raise VenueMismatch(f"the journal belongs to venue {header.venue_id!r}, not to {venue_id!r}")
    return header, batch


def tail_after(header: Header) -> Tail:
    """Return where a journal ends whose last record has this header."""
    return Tail(header.first_sequence + header.count - 1, header.time_ms, header.hash)


def hash_holding(record: bytes | None, sequence: int, venue_id: str) -> bytes:
    """
    Return the hash of the record that holds a sequence.

    Raises:
        JournalDamaged, RulesMismatch, VenueMismatch: the record is none, or see `read`.
    """
    if record is not None:
        header, _ = read(record, venue_id)
        if header.first_sequence <= sequence <= tail_after(header).sequence:
            return header.hash
    raise JournalDamaged(f"the record that holds sequence {sequence} is missing")


def verified(
    records: Iterator[bytes], anchor: Tail, from_sequence: int, end: Tail, venue_id: str
) -> Iterator[Batch]:
    """
    Yield the batches of `records` from a sequence up to `end`, verifying the chain.

    `anchor` is where the record before the first of `records` ended: GENESIS at the journal's start.

    Raises:
        JournalDamaged: a record is altered, missing or out of place, or the end is not reached.
        RulesMismatch, VenueMismatch: see `read`.
    """
    tail = anchor
    while tail.sequence < end.sequence:
        record = next(records, None)
        if record is None:
            raise JournalDamaged(f"records are missing between sequences {tail.sequence} and {end.sequence}")
        header, batch = read(record, venue_id)
        if batch.first_sequence != tail.sequence + 1:
            raise JournalDamaged(f"after sequence {tail.sequence} comes {batch.first_sequence}")
        if header.previous_hash != tail.hash:
            raise JournalDamaged(f"the record at {batch.first_sequence} does not continue the one before it")
        tail = tail_after(header)
        if tail.sequence >= from_sequence:
            yield _trimmed(batch, from_sequence)
    if tail != end:
        raise JournalDamaged(f"the journal no longer ends at sequence {end.sequence} with the same record")


def require_readable(from_sequence: int, end: Tail) -> None:
    """
    Refuse a place that no reader of this journal can have reached.

    Raises:
        ValueError: sequences begin at 1.
        JournalDamaged: whoever asks has seen more than is stored, so the end was lost.
    """
    if from_sequence < 1:
        raise ValueError(f"sequences begin at 1, not at {from_sequence}")
    if from_sequence > end.sequence + 1:
        raise JournalDamaged(
            f"sequence {from_sequence - 1} was seen, but the journal ends at {end.sequence}: its end was lost"
        )


def require_stored(sequence: int, end: Tail) -> None:
    """
    Refuse a command that this journal does not hold.

    Raises:
        ValueError: sequences begin at 1.
        JournalDamaged: whoever asks has seen it, so the end was lost.
    """
    if sequence < 1:
        raise ValueError(f"sequences begin at 1, not at {sequence}")
    if sequence > end.sequence:
        raise JournalDamaged(f"sequence {sequence} was seen, but the journal ends at {end.sequence}")


def _trimmed(batch: Batch, from_sequence: int) -> Batch:
    surplus = from_sequence - batch.first_sequence
    if surplus <= 0:
        return batch
    return Batch(from_sequence, batch.time_ms, batch.commands[surplus:])
