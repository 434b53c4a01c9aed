"""What every journal promises: the same tests on each of them."""

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backhand.commands import Transfer
from backhand.journal import Batch, JournalDamaged, JournalUnavailable, SqliteJournal, VenueMismatch
from backhand.journal.record import GENESIS_HASH
from tests.journal.batches import VENUE, batch_at, batches
from tests.journal.stored import Stored


def test_an_empty_journal_ends_before_the_first_sequence(stored: Stored) -> None:
    """A new journal has no last command, no time, and nothing to follow."""
    journal = stored.open()
    assert (0, 0, GENESIS_HASH) == (journal.last_sequence, journal.last_time_ms, journal.last_hash)
    assert [] == list(journal.follow(1))


def test_batches_are_followed_as_they_were_appended(stored: Stored) -> None:
    """Following from 1 gives every batch, in order, and the journal ends with the last of them."""
    journal = stored.open()
    appended = list(batches(50))
    for batch in appended:
        journal.append(batch)
    assert appended == list(journal.follow(1))
    assert (appended[-1].last_sequence, appended[-1].time_ms) == (journal.last_sequence, journal.last_time_ms)


def test_a_reopened_journal_continues_where_it_ended(stored: Stored) -> None:
    """Closing and opening again changes neither the end of a journal nor what it holds."""
    appended = list(batches(6))
    ends = []
    for batch in appended:
        journal = stored.open()
        journal.append(batch)
        ends.append((journal.last_sequence, journal.last_time_ms, journal.last_hash))
        journal.close()
        journal = stored.open()
        assert ends[-1] == (journal.last_sequence, journal.last_time_ms, journal.last_hash)
        journal.close()
    assert appended == list(stored.open().follow(1))
    assert len(appended) == len(set(ends))


def test_following_begins_at_any_sequence(stored: Stored) -> None:
    """From within a batch, that batch is trimmed; from the end on, there is nothing."""
    journal = stored.open()
    appended = list(batches(4, count=5))
    for batch in appended:
        journal.append(batch)
    everything = [(batch.time_ms, command) for batch in appended for command in batch.commands]
    for from_sequence in range(1, 22):
        followed = list(journal.follow(from_sequence))
        assert everything[from_sequence - 1 :] == [(b.time_ms, c) for b in followed for c in b.commands]
        assert [from_sequence] == [batch.first_sequence for batch in followed[:1]] or from_sequence == 21


def test_following_from_beyond_the_end_is_refused(stored: Stored) -> None:
    """Who has seen more than the journal holds learns that its end was lost."""
    journal = stored.open()
    journal.append(batch_at(1, count=3))
    with pytest.raises(JournalDamaged, match="lost"):
        journal.follow(5)
    with pytest.raises(ValueError, match="begin at 1"):
        journal.follow(0)


def test_following_ends_at_what_was_durable_when_it_began(stored: Stored) -> None:
    """A batch appended while another thread reads is not part of that reading."""
    journal = stored.open()
    appended = list(batches(40, count=2))
    for batch in appended:
        journal.append(batch)
    following = journal.follow(1)
    first = next(following)
    journal.append(batch_at(81, count=2))
    assert appended == [first, *following]
    assert 82 == journal.last_sequence


@pytest.mark.parametrize("first_sequence", [0, 1, 3, 5, 2**63])
def test_a_batch_that_does_not_follow_is_refused_and_nothing_is_written(
    stored: Stored, first_sequence: int
) -> None:
    """Gaps and repetitions are the caller's fault; the journal goes on with the batch that does follow."""
    journal = stored.open()
    journal.append(batch_at(1, count=3))
    with pytest.raises(ValueError, match="does not follow"):
        journal.append(batch_at(first_sequence, count=1))
    journal.append(batch_at(4, count=1))
    assert [batch_at(1, count=3), batch_at(4, count=1)] == list(journal.follow(1))


@pytest.mark.parametrize("commands", [(), (Transfer("1", "USDT", 2**70),)])
def test_a_batch_that_cannot_be_stored_is_refused_and_nothing_is_written(
    stored: Stored, commands: tuple[Transfer, ...]
) -> None:
    """An empty batch and one with an integer beyond 64 bits leave the journal as it was."""
    journal = stored.open()
    with pytest.raises(ValueError, match=r"at least one|cannot be stored"):
        journal.append(Batch(1, 0, commands))
    journal.append(batch_at(1))
    assert [batch_at(1)] == list(journal.follow(1))


def test_a_closed_journal_refuses_everything(stored: Stored) -> None:
    """After closing, appending and following are refused, and closing again does nothing."""
    journal = stored.open()
    journal.append(batch_at(1, count=1))
    journal.close()
    journal.close()
    with pytest.raises(JournalUnavailable):
        journal.append(batch_at(2))
    with pytest.raises(JournalUnavailable):
        journal.follow(1)


def test_a_journal_of_another_venue_is_refused(stored: Stored) -> None:
    """A journal opens for the venue that wrote it only, and says whose it is."""
    journal = stored.open()
    journal.append(batch_at(1))
    journal.close()
    with pytest.raises(VenueMismatch, match=VENUE):
        stored.open("venue-b")


def test_appending_and_following_share_a_journal_between_threads(stored: Stored) -> None:
    """While a worker appends, another thread reads whole prefixes, each as it was appended."""
    journal = stored.open()
    appended = list(batches(200, count=3))
    done = threading.Event()

    def append_all() -> None:
        for batch in appended:
            journal.append(batch)
        done.set()

    with ThreadPoolExecutor(max_workers=1) as worker:
        working = worker.submit(append_all)
        while not done.is_set() and not working.done():
            prefix = list(journal.follow(1))
            assert appended[: len(prefix)] == prefix
        working.result()
    assert appended == list(journal.follow(1))


def test_following_takes_no_more_memory_than_a_few_records(tmp_path: Path) -> None:
    """Reading 4 MB of records from disk holds less than a quarter of them at any moment."""
    journal = SqliteJournal(tmp_path / "data", VENUE)
    for batch in batches(400, count=64):
        journal.append(batch)
    tracemalloc.start()
    try:
        assert 400 == sum(1 for _ in journal.follow(1))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    journal.close()
    assert peak_bytes < 1_000_000


def test_every_command_is_held_by_the_record_that_its_hash_names(stored: Stored) -> None:
    """Whatever its place in its batch, and after reopening: the hash is the record's own."""
    journal = stored.open()
    hashes: list[bytes] = []
    for batch in batches(7, count=3):
        journal.append(batch)
        hashes += [journal.last_hash] * 3
    assert hashes == [journal.hash_at(sequence) for sequence in range(1, 22)]
    journal.close()
    journal = stored.open()
    assert hashes == [journal.hash_at(sequence) for sequence in range(1, 22)]


def test_a_hash_is_of_a_command_that_is_there(stored: Stored) -> None:
    """No sequence below 1, none beyond the end, and nothing of a closed journal."""
    journal = stored.open()
    journal.append(batch_at(1))
    with pytest.raises(ValueError, match="begin at 1"):
        journal.hash_at(0)
    with pytest.raises(JournalDamaged, match="ends at"):
        journal.hash_at(journal.last_sequence + 1)
    journal.close()
    with pytest.raises(JournalUnavailable):
        journal.hash_at(1)


def test_no_hash_is_given_of_an_altered_record(stored: Stored) -> None:
    """The record is verified before its hash is told."""
    journal = stored.open()
    _, altered, _ = appended = list(batches(3))
    for batch in appended:
        journal.append(batch)
    journal.close()
    first, second, third = stored.records()
    stored.replace([first, second[:-1] + bytes([second[-1] ^ 1]), third])
    journal = stored.open()
    with pytest.raises(JournalDamaged):
        journal.hash_at(altered.first_sequence)
    assert journal.last_hash == journal.hash_at(journal.last_sequence)
