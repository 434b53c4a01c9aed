import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.history import FillFilter, History, HistoryFailed
from tests.examples import examples
from tests.history.stored import VENUE, content, fold_into
from tests.projections.tape import START_MS, Tape, seeded_tape, tapes

REPOSITORY = Path(__file__).parents[2]


@given(tapes(), st.lists(st.integers(0, 30), max_size=4))
@examples(60)
def test_any_cut_and_reopening_gives_the_same_rows(tape: Tape, cuts: list[int]) -> None:
    """However often the history is closed and opened between two commands, the file ends up the same."""
    ends = [0, *sorted(min(cut, len(tape.applied)) for cut in cuts), len(tape.applied)]
    with tempfile.TemporaryDirectory() as folder:
        in_pieces, whole = Path(folder, "pieces.db"), Path(folder, "whole.db")
        for start, end in pairwise(ends):
            history = History(in_pieces, VENUE)
            assert start == history.position
            history.put(tape.applied[start:end])
            history.close()
        assert fold_into(whole, tape.applied) == content(in_pieces)


def test_a_half_filled_order_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What was filled before a restart and what is filled after it add up in one row."""
    tape = Tape()
    order = tape.accept()
    tape.step(order, tape.fill(order.order_id, 4, fee_e8=5))
    path = tmp_path / "history.db"
    before = fold_into(path, tape.applied)
    tape.step(tape.fill(order.order_id, 6, fee_e8=6), after_ms=1)

    async def finish() -> tuple[str, int, int]:
        history = History(path, VENUE)
        history.put(tape.applied[history.position :])
        row = await history.order("1", order_id=order.order_id)
        history.close()
        assert row is not None
        return row.status, row.filled_size_e8, row.fee_e8

    assert "partially_filled" in before["orders"][0]
    assert ("filled", 100_000, 11) == asyncio.run(finish())


def test_the_file_outlives_sigkill(tmp_path: Path) -> None:
    """Killed at any moment, the file holds the rows of exactly the commands up to its position."""
    seed, steps = 7, 10_000
    path = tmp_path / "history.db"
    applied = seeded_tape(seed, steps).applied
    positions = [0]
    for lines in (3, 40, 90):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.history.writer", str(path), str(seed), str(steps)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        )
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        writer.communicate()
        history = History(path, VENUE)
        position = history.position
        history.close()
        assert int(told[-1]) <= position
        assert positions[-1] <= position
        positions.append(position)
        assert fold_into(tmp_path / f"whole-{position}.db", applied[:position]) == content(path)


def _cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _overwrite(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 1_000)


def _older_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")


def _missing_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE orders")


def _unreadable_terms(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE contracts SET row = '{}'")


def _other_venue(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE position SET venue_id = 'another'")


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "spoil",
    [_cut_short, _overwrite, _older_schema, _missing_table, _unreadable_terms, _other_venue, _emptied],
)
def test_a_file_that_is_no_good_is_made_again(
    spoil: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Damaged, of another schema or of another venue: it starts at 0, says so, and folds to the same rows."""
    tape = seeded_tape(1, 200)
    path = tmp_path / "history.db"
    expected = fold_into(path, tape.applied)
    spoil(path)
    history = History(path, VENUE)
    assert 0 == history.position
    history.close()
    assert expected == fold_into(path, tape.applied)
    assert ("history_rebuilt" in capsys.readouterr().out) == (spoil is not _emptied)


def test_damage_found_while_running_ends_the_history_and_heals_at_the_next_start(tmp_path: Path) -> None:
    """A page that turns out to be damaged is an error, never a missing row, and the next start folds anew."""
    tape = seeded_tape(2, 3_000)
    path = tmp_path / "history.db"
    expected = fold_into(path, tape.applied)
    with closing(sqlite3.connect(path)) as connection:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'fills'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page_bytes)
        file.write(b"\xff" * page_bytes)

    async def ask() -> None:
        history = History(path, VENUE)
        assert len(tape.applied) == history.position
        with pytest.raises(HistoryFailed):
            await history.fills("1", FillFilter(product_type="USDT-FUTURES", end_ms=START_MS + 10**9))
        history.close()

    asyncio.run(ask())
    assert expected == fold_into(path, tape.applied)


@pytest.mark.parametrize("dangling", [False, True])
def test_a_file_that_cannot_be_opened_is_left_alone(tmp_path: Path, dangling: bool) -> None:
    """A folder or a link to nowhere in the file's place is somebody's mistake: named, and not deleted."""
    path = tmp_path / "history.db"
    if dangling:
        path.symlink_to(tmp_path / "nowhere" / "history.db")
    else:
        path.mkdir()
    with pytest.raises(HistoryFailed) as failure:
        History(path, VENUE)
    assert str(failure.value).startswith(f"{path}: ")
    assert "it may be deleted" in str(failure.value)
    assert path.is_symlink() if dangling else path.is_dir()


def test_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    """The read models are as private as the journal, from their first moment, whatever the umask."""
    path = tmp_path / "history.db"
    before = os.umask(0)
    try:
        history = History(path, VENUE)
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        history.close()
    finally:
        os.umask(before)
    assert {"history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600} == modes
