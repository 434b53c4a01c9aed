from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.commands import CancelOrder, ListContract, ReplaceLadder
from backhand.streams.books import OTHER_LEVELS_MAX, USDT_LEVELS_MAX
from backhand.streams.publisher import Cadence
from backhand.wire.channels.books import checksum
from backhand.wire.channels.topics import Topic
from tests.streams.watched import PRICE, USDT, Watched, Watching, buy, ladder, sell


class Client:
    """A book as a client keeps it: by the text of its prices, with every check that the frames allow."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.seq = 0

    def take(self, frame: dict[str, Any]) -> None:
        (row,) = frame["data"]
        if frame["action"] == "snapshot":
            self.bids, self.asks = {}, {}
            assert (0, 0) == (row["pseq"], row["checksum"])
        else:
            assert self.seq == row["pseq"] < row["seq"]
            assert row["bids"] or row["asks"]
        for side, changes in ((self.bids, row["bids"]), (self.asks, row["asks"])):
            for price, size in changes:
                assert size == "0" or float(size) > 0
                if size == "0":
                    del side[price]
                else:
                    side[price] = size
        self.seq = row["seq"]
        if frame["action"] == "update":
            assert row["checksum"] == checksum(*self.sides())

    def sides(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))
        return bids, sorted(self.asks.items(), key=lambda level: float(level[0]))


def shown(watched: Watched, levels_max: int = USDT_LEVELS_MAX) -> tuple[Any, Any]:
    """The engine's own book, as texts."""
    return tuple(
        [(f"{price / 100:.2f}", f"{lots / 100:.2f}") for price, lots in side]
        for side in watched.figures.depth("ETHUSDT", levels_max)
    )  # type: ignore[return-value]


LEVELS = st.tuples(st.integers(0, 3), st.integers(0, 3))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ladder"), st.lists(LEVELS, max_size=30), st.integers(1, 3)),
        st.tuples(st.just("order"), st.sampled_from([1, -1]), st.integers(-40, 40), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 50)),
        st.tuples(st.just("market"), st.sampled_from([1, -1]), st.integers(1, 20)),
    ),
    max_size=25,
)


@given(steps=STEPS, cadence=st.sampled_from(["timed", "per_command"]), every=st.integers(1, 4))
def test_deltas_make_the_book(steps: list[Any], cadence: Cadence, every: int) -> None:
    """Whatever happens, snapshot and updates rebuild the book, its checksum and its sequence."""
    watched = Watched(cadence)
    watched.do(ladder((5, 5)))
    client, shallow = Client(), Client()
    whole, best = watched.watch("books", "ETHUSDT"), watched.watch("books5", "ETHUSDT")
    open_ids: list[int] = []
    for number, step in enumerate(steps):
        if step[0] == "ladder":
            watched.apply(ladder(*step[1], apart=step[2]))
        elif step[0] == "order":
            size = max(step[3], 1)
            order = buy(size, "b", PRICE + step[2]) if step[1] > 0 else sell(size, "b", PRICE + step[2])
            watched.apply(order)
            open_ids = list(watched.state.accounts["b"].orders)
        elif step[0] == "cancel" and open_ids:
            watched.apply(CancelOrder("b", "ETHUSDT", open_ids[step[1] % len(open_ids)]))
        elif step[0] == "market":
            watched.apply(buy(step[2]) if step[1] > 0 else sell(step[2]))
        watched.release()
        if cadence == "timed" and number % every:
            continue
        watched.cut()
        for frame in whole.take():
            client.take(frame)
        for frame in best.take():
            shallow.take(frame)
        assert shown(watched) == client.sides()
        assert shown(watched, 5) == shallow.sides()


def test_a_frame_that_misses_a_level_is_caught() -> None:
    """The canary: the client's checks fail when one change of an update is left out."""
    watched = Watched()
    watched.do(ladder((5, 5), (6, 6)))
    whole = watched.watch("books", "ETHUSDT")
    watched.do(ladder((4, 5), (6, 7)))
    snapshot, update = whole.take()
    client = Client()
    client.take(snapshot)
    update["data"][0]["asks"].pop()
    with pytest.raises(AssertionError):
        client.take(update)


def test_two_readers_read_the_same_bytes() -> None:
    """A reader who comes later is given a snapshot, and the same frames as the others from there on."""
    watched = Watched("timed")
    watched.do(ladder((5, 5)))
    first = watched.watch("books", "ETHUSDT")
    first.take()
    watched.do(ladder((4, 5)))
    second = watched.watch("books", "ETHUSDT")
    # What the first did not know yet came before the second's snapshot.
    (update,), snapshot = first.take(), second.one()
    assert (update["data"][0]["seq"], 0) == (snapshot["data"][0]["seq"], snapshot["data"][0]["pseq"])
    for lots in range(1, 6):
        watched.do(ladder((4, lots)))
        watched.cut()
    assert first.bytes == second.bytes
    assert 5 == len(first.bytes)


def test_nothing_is_sent_that_changes_nothing() -> None:
    """There are no empty updates, and a shallow book is sent only when its levels change."""
    watched = Watched()
    levels = [(5, 5)] * 20
    watched.do(ladder(*levels))
    readers = {name: watched.watch(name, "ETHUSDT") for name in ("books", "books1", "books5", "books15")}
    for reader in readers.values():
        reader.take()
    watched.do(ladder(*levels))
    assert [0] * 4 == [len(reader.take()) for reader in readers.values()]
    for place, sent in ((17, [1, 0, 0, 0]), (9, [1, 0, 0, 1]), (3, [1, 0, 1, 1]), (0, [1, 1, 1, 1])):
        levels[place] = (5, 6 + place)
        watched.do(ladder(*levels))
        assert sent == [len(reader.take()) for reader in readers.values()]
    # Level 17 leaves, and what is behind it comes nearer: only the whole book shows that.
    watched.do(ladder(*levels[:17], (0, 0), *levels[18:]))
    assert [1, 0, 0, 0] == [len(reader.take()) for reader in readers.values()]


@pytest.mark.parametrize(("symbol", "depth"), [("ETHUSDT", USDT_LEVELS_MAX), ("ETHUSD", OTHER_LEVELS_MAX)])
def test_a_book_has_a_bottom(symbol: str, depth: int) -> None:
    """Levels that are pushed below the last shown one are taken out, and come back when there is room."""
    watched = Watched()
    step = 1
    lots = [(PRICE - step * (place + 1), 100) for place in range(400)]
    watched.do(ReplaceLadder(symbol, tuple(lots), (), 1_000 * 10**12, 1_000 * 10**12))
    reader = watched.watch("books", symbol)
    (row,) = reader.rows()
    assert min(depth, 400) == len(row["bids"])
    if depth < 400:
        watched.do(ReplaceLadder(symbol, ((PRICE, 100), *lots), ()))
        (row,) = reader.rows()
        last = f"{(PRICE - depth) / 100:.2f}"
        assert [["1000.00", "1.00"], [last, "0"]] == row["bids"]


def test_a_new_grid_begins_with_an_empty_book() -> None:
    """When a contract's tick changes, readers take out the old texts before they are given new ones."""
    watched = Watched("timed")
    watched.do(ladder((500, 500)))
    client, reader = Client(), watched.watch("books", "ETHUSDT")
    contract = watched.figures.contracts["ETHUSDT"]
    coarse = msgspec.structs.replace(contract, tick_e12=10**11, price_places=1)
    watched.do(
        ReplaceLadder("ETHUSDT", (), ()), ListContract(coarse), ReplaceLadder("ETHUSDT", ((9_999, 300),), ())
    )
    watched.cut()
    for frame in reader.take():
        client.take(frame)
    assert ([("999.9", "3.00")], []) == client.sides()


def test_a_book_that_nobody_reads_is_forgotten() -> None:
    """After the last reader has left, the next begins with a snapshot of its own time."""
    watched = Watched()
    watched.do(ladder((5, 5)))
    reader = watched.watch("books", "ETHUSDT")
    other = watched.watch("books5", "ETHUSDT")
    topic = Topic(USDT, "books", "ETHUSDT")
    watched.publisher.unsubscribe("", topic, reader)
    watched.publisher.unsubscribe("", topic, reader)
    before = watched.publisher.has_public_readers
    watched.publisher.leave(other)
    assert (True, False) == (before, watched.publisher.has_public_readers)
    reader.take()
    watched.do(ladder((4, 5)))
    assert [] == reader.bytes
    (row,) = watched.watch("books", "ETHUSDT", reader=Watching()).rows()
    assert [["999.99", "0.04"]] == row["bids"]
