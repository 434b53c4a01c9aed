"""The same session gives the same bytes, on any machine and in any process; how to renew it: `session`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backhand.journal.record import HASH_BYTES
from backhand.journal.sqlite import FILE_NAME as JOURNAL_FILE_NAME
from backhand.sealing import KEY_FILE_NAME
from tests.http.session import MARKETS, RECORDED, options, play
from tests.http.venue import LINEAR, VenueProcess
from tests.journal.stored import SELECT_RECORDS


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_every_answer_equals_the_recorded_one(
    market: str, hash_seed: str, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fixed seed and a clock stepped by hand give every byte again, whatever hashes strings have."""
    monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
    process = VenueProcess(logs / f"reproducible-{market}-{hash_seed}.log", options(market)).start()
    played = play(process, market)
    process.stop()
    recorded = (RECORDED / f"{market}.txt").read_bytes()
    # Line by line first: a difference of two lines is read faster than one of two books.
    assert recorded.splitlines() == played.splitlines()
    assert recorded == played


def journals(tmp_path: Path, seed: str, hash_seed: str) -> tuple[list[bytes], bytes]:
    """What a session on a data folder left there: the records of its journal, and the key of its secrets."""
    folder = tmp_path / f"{seed}-{hash_seed}"
    kept = ("--data", str(folder), "--market", "synthetic", "--seed", seed, "--clock", "frozen")
    process = VenueProcess(tmp_path / f"{folder.name}.log", kept).start()
    play(process, "synthetic")
    process.terminate()
    with closing(sqlite3.connect(folder / JOURNAL_FILE_NAME)) as connection:
        records = [record for (record,) in connection.execute(SELECT_RECORDS)]
    return records, (folder / KEY_FILE_NAME).read_bytes()


def test_the_journals_of_equal_sessions_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record, sealed secrets and hashes in it, in two processes whose strings hash differently."""
    played = []
    for hash_seed in ("0", "4711"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        played.append(journals(tmp_path, "1", hash_seed))
    assert played[0] == played[1]
    (records, key), (other_records, other_key) = played[1], journals(tmp_path, "2", "4711")
    assert records[-1][-HASH_BYTES:] != other_records[-1][-HASH_BYTES:]
    assert key != other_key


def test_the_receipts_of_equal_sessions_name_the_same_record(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory too the hash stands for all that was done: equal for one seed, another for another."""
    hashes = []
    for seed, hash_seed in (("1", "0"), ("1", "4711"), ("2", "0")):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        kept = ("--memory", "--market", "synthetic", "--seed", seed, "--clock", "frozen")
        process = VenueProcess(logs / f"receipts-{seed}-{hash_seed}.log", kept).start()
        trader = process.operator.trader()
        trader.take(LINEAR, "+1")
        trader.reverse(LINEAR, clientOid="turn")
        told = trader.get("/api/backhand/v1/reversal/receipt", {"clientOid": "turn"}).data
        hashes.append(told["recordHash"])
        process.stop()
    assert hashes[0] == hashes[1]
    assert hashes[1] != hashes[2]


def test_another_seed_gives_other_bytes(logs: Path) -> None:
    """Canary: the comparison sees a session of another seed."""
    other = tuple("2" if option == "1" else option for option in options("synthetic"))
    process = VenueProcess(logs / "reproducible-other.log", other).start()
    played = play(process, "synthetic")
    process.stop()
    assert (RECORDED / "synthetic.txt").read_bytes() != played
