"""The same session gives the same bytes, on any machine and in any process; how to renew it: `session`."""

from pathlib import Path

import pytest

from tests.http.session import MARKETS, RECORDED, options, play
from tests.http.venue import VenueProcess


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


def test_another_seed_gives_other_bytes(logs: Path) -> None:
    """Canary: the comparison sees a session of another seed."""
    other = tuple("2" if option == "1" else option for option in options("synthetic"))
    process = VenueProcess(logs / "reproducible-other.log", other).start()
    played = play(process, "synthetic")
    process.stop()
    assert (RECORDED / "synthetic.txt").read_bytes() != played
