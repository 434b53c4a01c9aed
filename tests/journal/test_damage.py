"""What was stored and is no longer what was written is refused, never replayed."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backhand.journal import (
    Batch,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    RulesMismatch,
    SqliteJournal,
)
from backhand.journal.record import decode, encode
from backhand.journal.sqlite import SETTINGS, require_settings
from tests.journal.batches import VENUE, batch_at, batches
from tests.journal.stored import Stored, StoredInSqlite

WRITTEN = list(batches(5, count=2))


def write(stored: Stored) -> list[bytes]:
    """Store WRITTEN and return its records."""
    journal = stored.open()
    for batch in WRITTEN:
        journal.append(batch)
    journal.close()
    return stored.records()


def followed(stored: Stored, from_sequence: int = 1) -> list[Batch]:
    """Open, read everything, close."""
    journal = stored.open()
    try:
        return list(journal.follow(from_sequence))
    finally:
        journal.close()


def rehashed(record: bytes) -> bytes:
    """Return a record whose last 32 bytes are again the hash of the others."""
    return record[:-32] + hashlib.sha256(record[:-32]).digest()


def test_what_is_undamaged_is_read(stored: Stored) -> None:
    """The handle that the other tests damage journals with does no damage of its own."""
    records = write(stored)
    stored.replace(records)
    assert WRITTEN == followed(stored)


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_missing_record_is_refused(stored: Stored, missing: int) -> None:
    """Without one of its records a journal is not read past the gap."""
    records = write(stored)
    stored.replace(records[:missing] + records[missing + 1 :])
    with pytest.raises(JournalDamaged):
        followed(stored)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 3), (3, 4)])
def test_swapped_records_are_refused(stored: Stored, one: int, other: int) -> None:
    """Records are read in the order they were written in or not at all."""
    records = write(stored)
    records[one], records[other] = records[other], records[one]
    stored.replace(records)
    with pytest.raises(JournalDamaged):
        followed(stored)


def test_a_doubled_record_is_refused(stored: Stored) -> None:
    """No record is read twice."""
    records = write(stored)
    stored.replace([records[0], records[1], records[1], *records[2:4]])
    with pytest.raises(JournalDamaged):
        followed(stored)


def test_the_batches_before_the_damage_are_read(stored: Stored) -> None:
    """Reading stops at the damage, not before it."""
    records = write(stored)
    stored.replace([*records[:2], records[2][:-1], *records[3:]])
    journal = stored.open()
    following = journal.follow(1)
    assert WRITTEN[:2] == [next(following), next(following)]
    with pytest.raises(JournalDamaged):
        next(following)
    journal.close()


@pytest.mark.parametrize("forged", [0, 2, 3])
def test_a_forged_record_is_refused_by_the_next(stored: Stored, forged: int) -> None:
    """A record replaced by another valid one, with a fitting checksum, breaks the chain behind it."""
    records = write(stored)
    header, batch = decode(records[forged])
    command = batch_at(1000, count=1).commands[0]
    forgery = Batch(batch.first_sequence, batch.time_ms, (command, batch.commands[1]))
    records[forged], _ = encode(forgery, VENUE, header.previous_hash)
    # The canary: by itself the forgery is perfect, so only the chain can be what refuses it.
    assert forgery == decode(records[forged])[1]
    stored.replace(records)
    with pytest.raises(JournalDamaged, match="does not continue"):
        followed(stored)


def test_a_chain_with_a_gap_in_its_sequences_is_refused(stored: Stored) -> None:
    """A record that carries the right hash and the wrong sequence does not follow either."""
    records = write(stored)
    header, _ = decode(records[1])
    forged = [records[0]]
    previous_hash = header.previous_hash
    for batch in batches(4, count=2, first_sequence=4):
        record, previous_hash = encode(batch, VENUE, previous_hash)
        forged.append(record)
    stored.replace(forged)
    with pytest.raises(JournalDamaged, match="after sequence 2 comes 4"):
        followed(stored)


def test_an_end_replaced_behind_an_open_journal_is_refused(tmp_path: Path) -> None:
    """Reading has to arrive at the very record that was appended, not only at its sequence."""
    stored = StoredInSqlite(tmp_path / "data")
    records = write(stored)
    header, batch = decode(records[-1])
    forgery, _ = encode(Batch(batch.first_sequence, 0, batch.commands), VENUE, header.previous_hash)
    journal = stored.open()
    with closing(sqlite3.connect(stored.path, isolation_level=None)) as connection:
        connection.execute("UPDATE records SET record = ? WHERE first_sequence = 9", (forgery,))
        with pytest.raises(JournalDamaged, match="no longer ends"):
            list(journal.follow(1))
        connection.execute("DELETE FROM records WHERE first_sequence = 9")
        with pytest.raises(JournalDamaged, match="missing between sequences 8 and 10"):
            list(journal.follow(1))
    journal.close()


def test_an_anchor_is_verified_too(stored: Stored) -> None:
    """Reading from the middle verifies that the first batch continues the record before it."""
    records = write(stored)
    header, batch = decode(records[1])
    records[1], _ = encode(Batch(batch.first_sequence, 0, batch.commands), VENUE, header.previous_hash)
    stored.replace(records)
    with pytest.raises(JournalDamaged):
        followed(stored, from_sequence=5)


def test_a_lost_end_is_refused_to_whoever_has_seen_it(stored: Stored) -> None:
    """A journal without its last record is whole by itself; a reader that knows more is told."""
    records = write(stored)
    stored.replace(records[:-1])
    assert WRITTEN[:-1] == followed(stored)
    with pytest.raises(JournalDamaged, match="its end was lost"):
        followed(stored, from_sequence=11)


@pytest.mark.parametrize("at", [2, 4])
@pytest.mark.parametrize(("place", "name"), [(4, "format 9"), (6, "rules 9")])
def test_records_of_another_format_or_other_rules_are_refused_by_name(
    stored: Stored, place: int, name: str, at: int
) -> None:
    """A journal that would replay differently names what wrote it, when opened or when followed."""
    records = write(stored)
    records[at] = rehashed(records[at][:place] + b"\x00\x09" + records[at][place + 2 :])
    stored.replace(records)
    with pytest.raises(RulesMismatch, match=name):
        followed(stored)


@pytest.mark.parametrize("at", [1, 4])
def test_any_flipped_byte_of_a_record_on_disk_is_refused(tmp_path: Path, at: int) -> None:
    """Whichever byte of a stored record changes, in the middle or at the end, the journal is refused."""
    stored = StoredInSqlite(tmp_path / "data")
    record = write(stored)[at]
    whole = stored.path.read_bytes()
    start = whole.index(record)
    assert 1 == whole.count(record)
    for place in range(start, start + len(record)):
        with stored.path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([whole[place] ^ 0xFF]))
        with pytest.raises(JournalDamaged):
            followed(stored)
        with stored.path.open("r+b") as file:
            file.seek(place)
            file.write(whole[place : place + 1])
    assert WRITTEN == followed(stored)


@pytest.mark.parametrize("length", [0, 100, 8192, 8192 + 4096, -1])
def test_a_file_cut_short_is_never_read_as_whole(tmp_path: Path, length: int) -> None:
    """A truncated file is refused; an empty one is an empty journal, which is refused to its readers."""
    stored = StoredInSqlite(tmp_path / "data")
    write(stored)
    stored.path.write_bytes(stored.path.read_bytes()[:length])
    if length == 0:
        assert [] == followed(stored)
    with pytest.raises(JournalError):
        followed(stored, from_sequence=11 if length == 0 else 1)


@pytest.mark.parametrize("statement", ["PRAGMA application_id=1", "PRAGMA user_version=2"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, statement: str) -> None:
    """A database that is no journal, or one of another format, is refused before it is touched."""
    stored = StoredInSqlite(tmp_path / "data")
    write(stored)
    with closing(sqlite3.connect(stored.path)) as connection:
        connection.execute(statement)
    before = stored.path.read_bytes()
    with pytest.raises((JournalDamaged, RulesMismatch)):
        stored.open()
    assert before == stored.path.read_bytes()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Any other file in the journal's place is refused, not replaced."""
    stored = StoredInSqlite(tmp_path / "data")
    stored.folder.mkdir(mode=0o700)
    stored.path.write_bytes(b"minutes of the meeting\n" * 1000)
    with pytest.raises(JournalDamaged):
        stored.open()
    assert stored.path.read_bytes().startswith(b"minutes")


def test_a_journal_with_one_writer_too_many_stops(tmp_path: Path) -> None:
    """A row that somebody else wrote where the next batch belongs ends the journal's appends for good."""
    stored = StoredInSqlite(tmp_path / "data")
    journal = SqliteJournal(stored.folder, VENUE)
    journal.append(WRITTEN[0])
    with closing(sqlite3.connect(stored.path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO records VALUES (3, x'00')")
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="may be stored or not"):
                journal.append(WRITTEN[1])
        connection.execute("DELETE FROM records WHERE first_sequence = 3")
    with pytest.raises(JournalUnavailable, match="may be stored or not"):
        journal.append(WRITTEN[1])
    assert (2, WRITTEN[:1]) == (journal.last_sequence, list(journal.follow(1)))
    journal.close()
    assert WRITTEN[:1] == followed(stored)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("synchronous", "OFF"), ("synchronous", "NORMAL"), ("fullfsync", "0"), ("journal_mode", "DELETE")],
)
def test_a_connection_that_would_not_sync_is_refused(tmp_path: Path, setting: str, value: str) -> None:
    """The check that guards every opening accepts the right settings and sees each that is wrong."""
    with closing(sqlite3.connect(tmp_path / "settings", isolation_level=None)) as connection:
        for name, right in SETTINGS.items():
            connection.execute(f"PRAGMA {name}={right}")
        require_settings(connection)
        connection.execute(f"PRAGMA {setting}={value}")
        with pytest.raises(JournalUnavailable, match=f"with {setting}="):
            require_settings(connection)
