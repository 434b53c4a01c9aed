"""
A damaged file: the venue starts on it, or ends once and makes it again, and then knows what it knew.

BACKHAND_DAMAGES asks for more of the random ones.
"""

import asyncio
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from backhand.history import (
    BillFilter,
    CandleFilter,
    FillFilter,
    History,
    HistoryError,
    OrderFilter,
    PositionFilter,
    TradeFilter,
    TriggerFilter,
)
from tests.history.stored import VENUE, fold_into
from tests.projections.tape import TRIGGER_KINDS, seeded_tape

DAMAGES: Final = int(os.environ.get("BACKHAND_DAMAGES", "60"))
APPLIED: Final = seeded_tape(5, 400).applied
#: What the file holds when it is damaged; the rest is folded when the venue starts again.
KEPT: Final = 300
PRODUCT: Final = "USDT-FUTURES"


async def _told(history: History) -> list[object]:
    """What clients are told, of every table."""
    told: list[object] = []
    for uid in ("1", "2"):
        orders = OrderFilter(product_type=PRODUCT)
        told += [
            await history.open_orders_of(uid),
            await history.orders(uid, orders),
            await history.open_orders(uid, orders),
            await history.fills(uid, FillFilter(product_type=PRODUCT)),
            await history.closed_positions(uid, PositionFilter(product_type=PRODUCT)),
            await history.bills(uid, BillFilter(product_type=PRODUCT)),
            await history.triggers(uid, TriggerFilter(product_type=PRODUCT, kinds=TRIGGER_KINDS)),
        ]
    for symbol in ("BTCUSDT", "ETHUSDT"):
        candles = CandleFilter(symbol=symbol, price_kind="last", interval="1m")
        told += [
            await history.public_trades(TradeFilter(symbol=symbol)),
            await history.candles(candles),
            await history.funding(symbol, 0, 100),
        ]
    return told


def start(path: Path) -> list[object] | None:
    """Start on a file: fold what it lacks, and ask; None when the history ended."""

    async def ask() -> list[object] | None:
        history = History(path, VENUE)
        try:
            history.put_and_wait(APPLIED[history.position :])
            return await _told(history)
        except HistoryError:
            return None
        finally:
            history.close()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "history.db"
    fold_into(path, APPLIED[:KEPT])
    return path.read_bytes()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[object] | None:
    return start(tmp_path_factory.mktemp("whole") / "history.db")


def damaged(sound: bytes, seed: int) -> bytes:
    """A bit flipped, some bytes overwritten, a page or a part of it emptied, or the end cut off."""
    source = random.Random(seed)  # noqa: S311  # Reproducible on purpose.
    written = [place for place, byte in enumerate(sound) if byte]
    # Half of them in the header and the schema, or at what is not empty: most of a small file is.
    place = source.choice((source.randrange(4_096), source.choice(written), source.choice(written)))
    made = bytearray(sound)
    kind = seed % 4
    if kind == 0:
        made[place] ^= 1 << source.randrange(8)
    elif kind == 1:
        count = source.choice((1, 4, 64))
        made[place : place + count] = source.randbytes(count)
    elif kind == 2:
        count = source.choice((8, 512, 4_096))
        made[place : place + count] = bytes(count)
    else:
        del made[place:]
    return bytes(made[: len(sound)])


def test_no_damage_ends_the_venue_twice(sound: bytes, expected: list[object] | None, tmp_path: Path) -> None:
    """Wherever it is, the venue starts; what ends it is gone with the next start, and nothing is missing."""
    path = tmp_path / "history.db"
    ended = 0
    for seed in range(DAMAGES):
        path.write_bytes(damaged(sound, seed))
        told = start(path)
        if told is None:
            ended += 1
            assert expected == start(path), seed
        for file in tmp_path.iterdir():
            file.unlink()
    assert ended


_ENDED: Final = "SELECT row FROM orders WHERE status NOT IN ('live', 'partially_filled')"


def _no_text(path: Path) -> None:
    _patch(path, lambda row: row[:-3] + b"\xff" + row[-2:])


def _no_json(path: Path) -> None:
    _patch(path, lambda row: row[:-3] + b",," + row[-1:])


def _no_row(path: Path) -> None:
    _patch(path, lambda row: b"[" + b"1".rjust(len(row) - 2) + b"]")


def _patch(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change rows in the file that only a question reads, where SQLite does not notice it."""
    with closing(sqlite3.connect(path)) as connection:
        rows = [row.encode() for (row,) in connection.execute(_ENDED)]
    content = path.read_bytes()
    for row in rows:
        assert len(row) == len(change(row))
        content = content.replace(row, change(row))
    path.write_bytes(content)


def _earlier(path: Path) -> None:
    _move(path, -50)


def _later(path: Path) -> None:
    _move(path, 50)


def _beyond(path: Path) -> None:
    _move(path, 10**6)


def _move(path: Path, commands: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE position SET sequence = sequence + ?", (commands,))


def _open_orders_gone(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM orders WHERE status IN ('live', 'partially_filled')")


def _never_written(path: Path) -> None:
    """The header says that this SQLite is too old to write the file."""
    content = bytearray(path.read_bytes())
    content[18] = 9
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [_no_text, _no_json, _no_row, _earlier, _later, _beyond, _open_orders_gone, _never_written],
)
def test_damage_that_sqlite_does_not_call_so_is_healed(
    damage: Callable[[Path], None], sound: bytes, expected: list[object] | None, tmp_path: Path
) -> None:
    """The first start tells the truth, or nothing and ends; the second one tells the truth."""
    path = tmp_path / "history.db"
    path.write_bytes(sound)
    damage(path)
    assert start(path) in (None, expected)
    assert expected == start(path)
