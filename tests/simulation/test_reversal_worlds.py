"""
Small reversal worlds against the naive reading of reversal.md.

`make test` plays every sequence of two commands of `CORE`, followed by every reversal: compiled all kinds
and starts, interpreted the linear contract with crossed margin where something is held already. It also plays
every sequence of three of `STRAINING`. `make sim` plays sequences of three of the whole alphabet, and a
million sampled sequences of five.
"""

import pytest

from tests.simulation import reversal_worlds
from tests.simulation.forms import COMPILED
from tests.simulation.reversal_worlds import CORE, KINDS, STARTS, STRAINED, STRAINING, Kind

PLAYED = [
    (kind, start)
    for kind in KINDS
    for start in STARTS
    if COMPILED or (kind[0] == "linear" and kind[2] == "crossed" and start == "held")
]


@pytest.mark.parametrize(
    ("kind", "start"), PLAYED, ids=lambda each: each if isinstance(each, str) else " ".join(each)
)
def test_every_reversal_after_every_two_commands_is_as_read(kind: Kind, start: str) -> None:
    """Refusal, legs, prices, cancellations, records, positions and wallets are the naive reading's."""
    assert reversal_worlds.play(kind, start, CORE, 2) > 500


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_reversal_that_meets_what_its_owner_cannot_bear_is_as_read(kind: Kind) -> None:
    """Orders that open at a loss beyond their account's means end where they are met."""
    assert reversal_worlds.play(kind, STRAINED, STRAINING, 3) > 500


@pytest.mark.parametrize("first", range(0, 1_000, 250))
def test_a_reversal_after_five_sampled_commands_is_as_read(first: int) -> None:
    """Longer histories of orders of every kind, size and price end in the same."""
    for seed in range(first, first + 250):
        reversal_worlds.sample(seed)
