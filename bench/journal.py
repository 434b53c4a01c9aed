"""Commits of the SQLite journal, beside appending the same bytes to a plain file and syncing that."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from backhand.commands import ReversePosition
from backhand.journal.chain import GENESIS, link
from backhand.journal.record import Batch
from backhand.journal.sqlite import SqliteJournal
from bench.figures import Figure, Ratio, Section, divide

VENUE_ID: Final = "bench"
BATCHES: Final = (64, 256)
#: More rounds than elsewhere: a shared disk has slow moments, and a round lasts a fraction of a second.
ROUNDS: Final = 15
ROUNDS_QUICK: Final = 5
#: Enough that each round writes more than the 4 MiB after which the journal's log is checkpointed.
COMMITS: Final = 600
GOAL: Final = 0.6


def measure(folder: Path, *, quick: bool) -> Section:
    """Commit reversals in batches of two sizes, in turn with the bare appends."""
    folder.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    ratios: list[Ratio] = []
    for size in BATCHES:
        journal_ms, append_ms, record_bytes = _measure_batches(
            folder, size, ROUNDS_QUICK if quick else ROUNDS
        )
        figures.append(
            Figure(
                f"one journal commit of {size} ({record_bytes:,} bytes)".replace(",", " "), "ms", journal_ms
            )
        )
        figures.append(Figure("raw append + fdatasync of the same bytes", "ms", append_ms))
        ratios.append(
            Ratio(f"journal against raw append, batches of {size}", divide(append_ms, journal_ms), GOAL)
        )
    return Section(
        "Journal: commits",
        f"Wall clock of one synced commit, mean of {COMMITS} per round, checkpoints included; rounds"
        " alternate, both files lie on the disk of this folder. The journal also encodes and hashes.",
        tuple(figures),
        tuple(ratios),
    )


def _measure_batches(
    folder: Path, size: int, rounds: int
) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    """Mean milliseconds of a commit in each round, journal and file, and the bytes of a record."""
    place = Path(tempfile.mkdtemp(dir=folder))
    journal = SqliteJournal(place, VENUE_ID)
    file = os.open(place / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        tail = GENESIS
        journal_ms: list[float] = []
        append_ms: list[float] = []
        record = b""
        for _ in range(rounds):
            batches = [_batch(tail.sequence + 1 + index * size, size) for index in range(COMMITS)]
            records: list[bytes] = []
            for batch in batches:
                record, tail = link(tail, batch, VENUE_ID)
                records.append(record)
            journal_ms.append(_mean_ms([_commit_seconds(journal, batch) for batch in batches]))
            append_ms.append(_mean_ms([_append_seconds(file, record) for record in records]))
    finally:
        os.close(file)
        journal.close()
        shutil.rmtree(place)
    return tuple(journal_ms), tuple(append_ms), len(record)


def _batch(first_sequence: int, size: int) -> Batch:
    """Reversals of different accounts, as a busy venue has them in one batch."""
    return Batch(
        first_sequence=first_sequence,
        time_ms=1_700_000_000_000 + first_sequence,
        commands=tuple(
            ReversePosition(
                uid=str(10_000_000_000 + index),
                symbol="BTCUSDT",
                client_oid=f"bench-{first_sequence + index}",
            )
            for index in range(size)
        ),
    )


def _commit_seconds(journal: SqliteJournal, batch: Batch) -> float:
    started = time.perf_counter()
    journal.append(batch)
    return time.perf_counter() - started


def _append_seconds(file: int, record: bytes) -> float:
    started = time.perf_counter()
    written = os.write(file, record)
    os.fdatasync(file)
    spent = time.perf_counter() - started
    assert written == len(record), "a regular file takes the whole record"
    return spent


def _mean_ms(seconds: list[float]) -> float:
    return sum(seconds) / len(seconds) * 1000
