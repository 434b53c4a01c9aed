"""The fast book against the naive one: 300 000 random commands in `make test`, ten million in `make sim`."""

from typing import Final

import pytest

from tests.simulation import book_streams
from tests.simulation.forms import COMPILED

#: 10 000 commands a seed: 12 seeds interpreted, 18 others compiled.
SEEDS: Final = range(13, 31) if COMPILED else range(1, 13)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stream_leaves_the_same_in_the_fast_and_the_naive_book(seed: int) -> None:
    """After every command, what happened, what rests and who holds what are equal."""
    book_streams.play(seed, book_streams.STREAM_COMMANDS)
