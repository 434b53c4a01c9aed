from typing import Any

import pytest

from backhand.commands import AdvanceClock, SetPrice
from backhand.projections.intervals import INTERVALS, MINUTE_MS
from backhand.streams.market import CANDLES_FIRST, TRADES_FIRST
from backhand.units import E12
from backhand.wire.channels.topics import Topic
from tests.streams.watched import DEEP, START_MS, USDT, Watched, Watching, buy, ladder, reverse, sell


@pytest.fixture
def watched() -> Watched:
    venue = Watched()
    venue.do(DEEP)
    return venue


def shown(rows: list[Any]) -> list[tuple[str, str, str]]:
    return [(row["side"], row["price"], row["size"]) for row in rows]


def test_trades_newest_first(watched: Watched) -> None:
    """The first frame holds recent trades, each later one those of its command, always the newest first."""
    watched.do(buy(100), sell(200))
    reader = watched.watch("trade", "ETHUSDT")
    assert [("sell", "999.99", "2.00"), ("buy", "1000.01", "1.00")] == shown(reader.rows())
    watched.do(ladder((300, 300), (10_000, 10_000)))
    watched.do(buy(500))
    frame = reader.one()
    assert "update" == frame["action"]
    assert [("buy", "1000.02", "2.00"), ("buy", "1000.01", "3.00")] == shown(frame["data"])
    for _ in range(TRADES_FIRST):
        watched.do(buy(1))
    assert TRADES_FIRST == len(watched.watch("trade", "ETHUSDT").rows())


def test_trades_of_one_batch_are_one_frame_on_a_real_clock() -> None:
    """They leave with the join of their batch, however many commands made them."""
    watched = Watched("timed")
    watched.do(DEEP)
    reader = watched.watch("trade", "ETHUSDT")
    reader.take()
    watched.apply(buy(1), buy(2), buy(3))
    assert [] == reader.bytes
    watched.release()
    assert ["0.03", "0.02", "0.01"] == [row["size"] for row in reader.rows()]


def test_trades_that_nobody_waited_for_are_not_sent_later() -> None:
    """Between two readers trades are not collected: the second is given them in its snapshot, once."""
    watched = Watched("timed")
    watched.do(DEEP)
    first = watched.watch("trade", "ETHUSDT")
    other = watched.watch("ticker", "ETHUSDT")
    watched.apply(buy(1))
    watched.publisher.leave(first)
    second = watched.watch("trade", "ETHUSDT")
    watched.release()
    assert ["0.01"] == [row["size"] for row in second.rows()]
    assert other.is_open


def test_a_ticker_is_sent_when_it_changes(watched: Watched) -> None:
    """Trades, prices and the best levels change it; a command that does none of this sends nothing."""
    reader = watched.watch("ticker", "ETHUSDT")
    (first,) = reader.rows()
    assert ("", "999.99", "1000.01", "1000", "0") == tuple(
        first[name] for name in ("lastPr", "bidPr", "askPr", "markPrice", "holdingAmount")
    )
    watched.do(buy(1, price=99_000))
    assert [] == reader.bytes
    for command, name, value in (
        (buy(100), "lastPr", "1000.01"),
        (SetPrice("ETHUSDT", 1_002 * E12, 1_003 * E12), "markPrice", "1003"),
        (ladder((7, 7)), "bidSz", "0.07"),
    ):
        watched.do(command)
        frame = reader.one()
        assert ("snapshot", value) == (frame["action"], frame["data"][0][name])


def test_a_ticker_is_cut_on_a_real_clock() -> None:
    """Between two cuts nothing is sent, and a cut without a change neither."""
    watched = Watched("timed")
    watched.do(DEEP)
    reader = watched.watch("ticker", "ETHUSDT")
    reader.take()
    watched.do(buy(100), sell(50))
    assert [] == reader.bytes
    watched.cut()
    (row,) = reader.rows()
    assert ("999.99", "1.5") == (row["lastPr"], row["baseVolume"])
    watched.cut()
    assert [] == reader.bytes


@pytest.mark.parametrize("name", list(INTERVALS))
def test_candles_of_every_interval(watched: Watched, name: str) -> None:
    """A snapshot ends with the candle that time is in; trades and roll-overs bring it up to date."""
    interval = INTERVALS[name]
    watched.time_ms = interval.next_ms(interval.open_ms(START_MS)) - 10
    watched.do(DEEP)
    reader = watched.watch("candle" + name, "ETHUSDT")
    assert [] == reader.rows()
    watched.do(buy(100), after_ms=3)
    opened = interval.open_ms(watched.time_ms)
    row = [str(opened), "1000.01", "1000.01", "1000.01", "1000.01", "1", "1000.01", "1000.01"]
    assert ("update", [row]) == ((frame := reader.one())["action"], frame["data"])
    watched.do(sell(100), after_ms=3)
    row = [str(opened), "1000.01", "1000.01", "999.99", "999.99", "2", "2000", "2000"]
    assert [row] == reader.rows()
    after = interval.next_ms(opened)
    watched.time_ms = after + 5
    watched.do(buy(100))
    new = [str(after), *["1000.01"] * 4, "1", "1000.01", "1000.01"]
    assert [new] == reader.rows()
    late = watched.watch("candle" + name, "ETHUSDT")
    assert [row, new] == late.rows()


def test_a_roll_over_shows_the_end_of_the_old_candle_too() -> None:
    """On a real clock the last trades of a minute come with the first candle of the next."""
    watched = Watched("timed")
    watched.time_ms = START_MS - START_MS % MINUTE_MS + MINUTE_MS - 500
    watched.do(DEEP, buy(100), after_ms=10)
    reader = watched.watch("candle1m", "ETHUSDT")
    (first,) = reader.rows()
    watched.do(sell(100), after_ms=10)
    watched.cut(1_000)
    ended, begun = reader.rows()
    assert (first[0], "999.99", "2") == (ended[0], ended[4], ended[5])
    assert [str(int(first[0]) + MINUTE_MS), *["999.99"] * 4, "0", "0", "0"] == begun
    watched.cut(200)
    assert [] == reader.bytes
    watched.cut(MINUTE_MS)  # Nothing was traded: once per interval it is said all the same.
    (flat,) = reader.rows()
    assert [str(int(begun[0]) + MINUTE_MS), *["999.99"] * 4, "0", "0", "0"] == flat


def test_candles_catch_up_after_a_jump_of_the_clock(watched: Watched) -> None:
    """A clock that was stepped by an hour brings the candles in between, and no more than a snapshot has."""
    watched.do(buy(100))
    reader = watched.watch("candle1m", "ETHUSDT")
    reader.take()
    watched.do(AdvanceClock(), after_ms=60 * MINUTE_MS)
    rows = reader.rows()
    assert (60, {"0"}) == (len(rows), {row[5] for row in rows})
    watched.do(AdvanceClock(), after_ms=2_000 * MINUTE_MS)
    assert CANDLES_FIRST == len(reader.rows())


def test_candles_are_cut_once_a_second() -> None:
    """However much is traded, a candle is shown once per second of venue time."""
    watched = Watched("timed")
    watched.time_ms = START_MS - START_MS % MINUTE_MS
    watched.do(DEEP)
    reader = watched.watch("candle1m", "ETHUSDT")
    reader.take()
    frames = 0
    for _ in range(30):
        watched.do(buy(1))
        watched.cut(99)
        frames += len(reader.take())
    assert 4 == frames  # Of three seconds, and the one that was under way.


def test_a_silent_topic_stays_silent(watched: Watched) -> None:
    """A symbol under another product type is taken and never spoken of, whatever its channel."""
    reader = Watching()
    for channel in ("books", "books5", "ticker", "trade", "candle1m"):
        watched.publisher.subscribe("", Topic("COIN-FUTURES", channel, "ETHUSDT"), reader, watched.time_ms)
    watched.do(buy(100), reverse())
    assert [] == reader.bytes
    real = watched.watch("trade", "ETHUSDT")
    real.take()
    watched.publisher.unsubscribe("", Topic("COIN-FUTURES", "trade", "ETHUSDT"), reader)
    watched.do(buy(1))
    assert 1 == len(real.take())


def test_public_frames_wait_for_the_disk(watched: Watched) -> None:
    """With a clock that stands still, each command's frames are made at once and held back."""
    reader = Watching()
    for channel in ("books", "ticker", "trade"):
        watched.watch(channel, "ETHUSDT", reader=reader)
    reader.take()
    watched.apply(buy(1), buy(1))
    assert [] == reader.bytes
    watched.release()
    channels = [frame["arg"]["channel"] for frame in reader.take()]
    assert ["trade", "books", "ticker"] * 2 == channels


def test_reading_twice_is_reading_once(watched: Watched) -> None:
    """A topic that is subscribed to again ends with one unsubscription."""
    reader = watched.watch("trade", "ETHUSDT")
    watched.watch("trade", "ETHUSDT", reader=reader)
    assert 1 == watched.publisher.topics_read(reader)
    watched.publisher.unsubscribe("", Topic(USDT, "trade", "ETHUSDT"), reader)
    assert (0, False) == (watched.publisher.topics_read(reader), watched.publisher.has_public_readers)
