"""
What was acknowledged is there afterwards, whatever ends the process.

A kill leaves what the kernel has been given, so it shows torn commits but no missing sync. For that the
process runs on a disk that remembers only what was synced (`power_cut.c`).
"""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backhand.journal import SqliteJournal
from tests.journal.batches import VENUE, batch_at
from tests.journal.processes import kill_after, start_writer

KILLS = 10
POWER_CUTS = 5
SEED = 20_240_229


def last_intact_sequence(folder: Path) -> int:
    """Open, verify every record and every command from the first on, and return the last sequence."""
    journal = SqliteJournal(folder, VENUE)
    sequence = 0
    for batch in journal.follow(1):
        assert batch_at(sequence + 1) == batch
        sequence = batch.last_sequence
    assert journal.last_sequence == sequence
    journal.close()
    return sequence


def test_every_acknowledged_batch_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL at any moment, the journal is whole and holds at least what was acknowledged."""
    folder = tmp_path / "data"
    chance = random.Random(SEED)  # noqa: S311 - chooses when to kill, the same each time
    for _ in range(KILLS):
        acknowledgements = chance.choice([0, 1, chance.randrange(500)])
        acknowledged = kill_after(start_writer("append", folder), acknowledgements)
        assert last_intact_sequence(folder) >= acknowledged


def test_every_acknowledged_batch_survives_a_full_disk(tmp_path: Path) -> None:
    """When the file can grow no more, appends fail from then on, and nothing acknowledged is lost."""
    folder = tmp_path / "data"
    writer = start_writer("starve", folder)
    output, _ = writer.communicate()
    *acknowledged, end = output.split()
    assert (0, "unavailable") == (writer.returncode, end)
    assert int(acknowledged[-1]) > 1000
    assert last_intact_sequence(folder) >= int(acknowledged[-1])


@pytest.fixture(scope="module")
def power_cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk that remembers only what was synced, as a library to preload."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("power_cut") / "power_cut.so"
    source = Path(__file__).with_name("power_cut.c")
    subprocess.run([compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def cut_power(how: str, library: Path, live: Path, acknowledgements: int) -> tuple[Path, int]:
    """Run a writer until power is cut; return the folder that is left, and what was acknowledged."""
    stable = live.with_name(live.name + "-after")
    shutil.copytree(live, stable) if live.exists() else stable.mkdir(mode=0o700)
    writer = start_writer(how, live, LD_PRELOAD=str(library), LIVE=str(live), STABLE=str(stable))
    acknowledged = kill_after(writer, acknowledgements)
    for lost in [*stable.glob("*.unnamed"), *stable.glob("*.part")]:
        lost.unlink()
    return stable, acknowledged


def test_every_acknowledged_batch_survives_a_power_cut(power_cut: Path, tmp_path: Path) -> None:
    """From what was synced alone, a new folder's first commit included, nothing acknowledged is missing."""
    chance = random.Random(SEED)  # noqa: S311 - chooses when to cut, the same each time
    folder = tmp_path / "data"
    for round_number in range(POWER_CUTS):
        acknowledgements = 1 if round_number == 0 else chance.randrange(300)
        folder, acknowledged = cut_power("append", power_cut, folder, acknowledgements)
        assert last_intact_sequence(folder) >= acknowledged


def test_a_journal_that_does_not_sync_fails_the_power_cut(power_cut: Path, tmp_path: Path) -> None:
    """The canary: without the sync, a power cut does lose what was acknowledged, and this harness sees it."""
    folder, acknowledged = cut_power("unsynced", power_cut, tmp_path / "data", 20)
    assert last_intact_sequence(folder) < acknowledged
