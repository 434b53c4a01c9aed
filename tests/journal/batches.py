"""Batches that are the same for every test and every process: a function of their first sequence."""

from collections.abc import Iterator

from backhand.commands import BUY, Command, PlaceOrder, ReversePosition
from backhand.journal import Batch

VENUE = "venue-a"


def command_at(sequence: int) -> Command:
    """Return the one command that belongs at a sequence."""
    uid = str(7_000_000_000 + sequence % 97)
    oid = f"client-{sequence:016d}"
    if sequence % 3 == 0:
        return PlaceOrder(uid, "BTCUSDT", BUY, "limit", sequence, price_ticks=6_000_000, client_oid=oid)
    return ReversePosition(uid, "BTCUSDT", client_oid=oid)


def batch_at(first_sequence: int, count: int | None = None) -> Batch:
    """Return the batch at a sequence, of 1 to 64 commands unless a count is given."""
    size = 1 + first_sequence * 7 % 64 if count is None else count
    commands = tuple(command_at(first_sequence + place) for place in range(size))
    return Batch(first_sequence, 1_700_000_000_000 + first_sequence, commands)


def batches(number: int, count: int | None = None, first_sequence: int = 1) -> Iterator[Batch]:
    """Yield a number of batches that follow one another."""
    for _ in range(number):
        batch = batch_at(first_sequence, count)
        yield batch
        first_sequence = batch.last_sequence + 1
