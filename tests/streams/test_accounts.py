from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.commands import (
    CancelOrder,
    CancelTrigger,
    ModifyOrder,
    MoveMargin,
    PlaceTrigger,
    Preset,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Transfer,
)
from backhand.events import Event
from backhand.projections.orders import OrderRow
from backhand.projections.triggers import TriggerRow
from backhand.units import E8, E12
from backhand.wire.channels.topics import Topic
from tests.examples import examples
from tests.streams.watched import DEEP, PRICE, USDT, Watched, Watching, buy, ladder, reverse, sell


@pytest.fixture
def watched() -> Watched:
    venue = Watched()
    venue.do(DEEP)
    return venue


def held(rows: list[Any]) -> list[tuple[str, str]]:
    return [(row["holdSide"], row["total"]) for row in rows]


def told(rows: list[Any]) -> list[tuple[str, str, str]]:
    return [(row["side"], row["status"], row["accBaseVolume"]) for row in rows]


def test_a_reversal_is_never_seen_half_done(watched: Watched) -> None:
    """Each channel tells all of it in one frame: no reader is flat, or holds both, in between."""
    watched.do(buy(200))
    readers = {name: watched.watch(name) for name in ("positions", "orders", "fill", "positions-history")}
    assert [("long", "2")] == held(readers["positions"].rows())
    watched.do(reverse())
    assert [("short", "2")] == held(readers["positions"].rows())
    assert [
        ("sell", "live", "0"), ("sell", "live", "0"), ("sell", "filled", "2"), ("sell", "filled", "2"),
    ] == sorted(told(readers["orders"].rows()), key=lambda row: row[1] == "filled")  # fmt: skip
    assert [("sell", "2"), ("sell", "2")] == [
        (row["side"], row["baseVolume"]) for row in readers["fill"].rows()
    ]
    assert [("long", "2", "999.99")] == [
        (row["holdSide"], row["closeSize"], row["closePriceAvg"])
        for row in readers["positions-history"].rows()
    ]


def test_a_reversal_in_hedge_mode(watched: Watched) -> None:
    """The leg that is closed disappears and the other stands, in the same frame."""
    watched.do(SetPositionMode("a", USDT, True), buy(300, effect="open"))
    positions = watched.watch("positions")
    positions.take()
    watched.do(reverse().__class__("a", "ETHUSDT", 1, "open"))
    assert [("short", "3")] == held(positions.rows())


def test_frames_wait_for_the_disk(watched: Watched) -> None:
    """What a command makes is held back until its batch is released, and shows its own time all the same."""
    positions = watched.watch("positions")
    positions.take()
    watched.apply(buy(100), reverse(), reverse())
    assert [] == positions.bytes
    watched.release()
    frames = positions.take()
    assert [[("long", "1")], [("short", "1")], [("long", "1")]] == [held(frame["data"]) for frame in frames]
    assert sorted({frame["ts"] for frame in frames}) == [frame["ts"] for frame in frames]


def test_an_orders_life(watched: Watched) -> None:
    """Each thing that happens to an order is a row, with what it has done so far."""
    orders, fills = watched.watch("orders"), watched.watch("fill")
    watched.do(buy(500, price=PRICE))
    (live,) = orders.rows()
    assert ("live", "1000", "5", "0", "0") == tuple(
        live[name] for name in ("status", "price", "size", "accBaseVolume", "priceAvg")
    )
    watched.do(sell(200, "b"))  # The house's bid is one tick worse.
    (part,) = orders.rows()
    assert ("partially_filled", "2", "2", "1000", "M") == tuple(
        part[name] for name in ("status", "accBaseVolume", "baseVolume", "priceAvg", "tradeScope")
    )
    (filled,) = fills.rows()
    assert (live["orderId"], "maker", "buy") == (filled["orderId"], filled["tradeScope"], filled["side"])
    watched.do(CancelOrder("a", "ETHUSDT", int(live["orderId"])))
    (cancelled,) = orders.rows()
    assert ("canceled", "normal_cancel", "2") == tuple(
        cancelled[name] for name in ("status", "cancelReason", "accBaseVolume")
    )
    assert "priceAvg" not in cancelled
    assert [] == fills.bytes


def test_a_market_order_is_told_fill_by_fill(watched: Watched) -> None:
    """First it is live, then each fill is a row, the last of them filled; all in one frame."""
    watched.do(ladder((100, 100), (100, 200), (100, 300)))
    orders = watched.watch("orders")
    watched.do(buy(400))
    assert [
        ("buy", "live", "0"), ("buy", "partially_filled", "1"), ("buy", "partially_filled", "3"),
        ("buy", "filled", "4"),
    ] == told(orders.rows())  # fmt: skip


def test_what_an_order_brings_along(watched: Watched) -> None:
    """Presets are shown from its acceptance on, and as they are after they were changed."""
    orders = watched.watch("orders")
    watched.do(buy(100, price=99_000, take_profit=Preset(110_000), stop_loss=Preset(90_000, 89_000)))
    (live,) = orders.rows()
    names = ("presetStopSurplusPrice", "presetStopLossPrice", "presetStopLossExecutePrice")
    assert ("1100", "900", "890") == tuple(live[name] for name in names)
    order_id = int(live["orderId"])
    watched.do(ModifyOrder("a", "ETHUSDT", order_id, presets_sent=True, take_profit=Preset(120_000)))
    # A late reader finds them in the state.
    late = watched.watch("orders", reader=Watching())
    watched.do(CancelOrder("a", "ETHUSDT", order_id))
    for reader in (orders, late):
        (cancelled,) = reader.rows()
        assert ("1200", "", "") == tuple(cancelled[name] for name in names)


def test_topics_pick_their_rows(watched: Watched) -> None:
    """A symbol, a product type and an account see what is theirs and nothing else."""
    readers = {
        (channel, name, uid): watched.watch(channel, name, uid)
        for channel in ("orders", "positions", "fill")
        for name in ("default", "ETHUSDT", "BTCUSDT", "ETHUSD")
        for uid in ("a", "b")
    }
    for reader in readers.values():
        reader.take()
    watched.do(buy(100))
    heard = sorted(
        (channel, name) for (channel, name, _), reader in readers.items() if reader.take() and name
    )
    expected = [(channel, name) for channel in ("fill", "orders") for name in ("ETHUSDT", "default")]
    expected += [("positions", name) for name in ("BTCUSDT", "ETHUSDT", "default")]
    assert expected == heard


@pytest.mark.parametrize(
    ("command", "told_of"),
    [
        (Transfer("a", "USDT", E8), {"account", "equity"}),
        (Transfer("b", "USDT", E8), set()),
        (Transfer("a", "ETH", E8), {"account COIN", "equity COIN"}),
        (buy(100), {"account", "equity", "positions", "orders", "fill"}),
        (buy(100, price=99_000), {"account", "equity", "positions", "orders"}),
        (SetLeverage("a", "ETHUSDT", 10), {"account", "equity", "positions"}),
        (SetPrice("ETHUSDT", 1_001 * E12), set()),
        (
            PlaceTrigger("a", "ETHUSDT", "entry", 1, size_lots=100, trigger_price_ticks=90_000),
            {"orders-algo"},
        ),
    ],
)
def test_what_is_told_of_what(watched: Watched, command: Any, told_of: set[str]) -> None:
    """Each channel speaks when the documentation says so, and only then."""
    readers: dict[str, Watching] = {}
    for channel in ("account", "equity", "positions", "orders", "fill", "orders-algo", "positions-history"):
        readers[channel] = watched.watch(channel)
        readers[channel + " COIN"] = reader = Watching()
        watched.publisher.subscribe("a", Topic("COIN-FUTURES", channel, "default"), reader, watched.time_ms)
    for reader in readers.values():
        reader.take()
    watched.do(command)
    assert told_of == {name for name, reader in readers.items() if reader.take()}


def test_money_is_that_of_its_moment(watched: Watched) -> None:
    """Two commands of one batch show two balances, each as it was after its own."""
    account = watched.watch("account")
    (now,) = account.rows()
    assert "1000000" == now["available"]
    watched.apply(Transfer("a", "USDT", E8), Transfer("a", "USDT", 2 * E8))
    watched.release()
    assert ["1000001", "1000003"] == [frame["data"][0]["available"] for frame in account.take()]


def test_moved_margin_is_a_position_that_changed(watched: Watched) -> None:
    """Adding margin to an isolated leg is told at once."""
    watched.do(SetMarginMode("a", "ETHUSDT", "isolated"), buy(100))
    positions = watched.watch("positions")
    (before,) = positions.rows()
    watched.do(MoveMargin("a", "ETHUSDT", 1, 10 * E8))
    (after,) = positions.rows()
    assert "10" == str(float(after["marginSize"]) - float(before["marginSize"]))[:2]
    assert after["isolatedMarginRate"] < before["isolatedMarginRate"]


def test_orders_that_wait(watched: Watched) -> None:
    """Placed, fired, failed and cancelled: each is a row, for a reader who came late as well."""
    early = watched.watch("orders-algo")
    entry = PlaceTrigger("a", "ETHUSDT", "entry", 1, "mark", 101_000, 100)
    watched.do(entry, PlaceTrigger("a", "ETHUSDT", "entry", 1, "mark", 90_000, 100))
    first, second = (frame["data"][0] for frame in early.take())
    assert [("live", "pl", "1010"), ("live", "pl", "900")] == [
        (row["status"], row["planType"], row["triggerPrice"]) for row in (first, second)
    ]
    fresh, late = watched.second_publisher(), Watching()
    fresh.hold_orders("a")
    fresh.resume_orders("a", *watched.stored("a"))
    fresh.subscribe("a", Topic(USDT, "orders-algo", "default"), late, watched.time_ms)
    assert [] == late.bytes
    watched.do(SetPrice("ETHUSDT", 1_010 * E12, 1_010 * E12))
    watched.do(CancelTrigger("a", "ETHUSDT", int(second["orderId"])))
    assert early.bytes == late.bytes
    for reader in (early, late):
        fired, cancelled = (frame["data"][0] for frame in reader.take())
        assert [first["cTime"], second["cTime"]] == [fired["cTime"], cancelled["cTime"]]
        assert ("executed", first["orderId"], "1") == (fired["status"], fired["orderId"], fired["actualSize"])
        assert ("cancelled", second["orderId"]) == (cancelled["status"], cancelled["orderId"])


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("limit"), st.sampled_from([1, -1]), st.integers(-5, 5), st.integers(1, 9)),
        st.tuples(st.just("market"), st.sampled_from([1, -1]), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, -1]), st.integers(-300, 300)),
        st.tuples(st.just("give up"), st.integers(0, 9)),
        st.tuples(st.just("mark"), st.integers(-200, 200)),
        st.tuples(st.just("reverse")),
    ),
    max_size=20,
)


def one_of(rows: Sequence[OrderRow | TriggerRow], place: int) -> int:
    """The id of one of some orders, one that there never was when there are none."""
    return rows[place % len(rows)].order_id if rows else 1


def act(watched: Watched, action: Any) -> list[Event]:
    """One random command of account a or, for market orders, of b against it."""
    kind, *details = action
    if kind == "limit":
        return watched.apply(buy(details[2], "a", PRICE + details[1], details[0]))
    if kind == "market":
        return watched.apply(buy(details[1], "b", None, details[0]))
    if kind == "cancel":
        return watched.apply(CancelOrder("a", "ETHUSDT", one_of(watched.stored("a")[0], details[0])))
    if kind == "wait":
        ticks = PRICE + details[1]
        return watched.apply(PlaceTrigger("a", "ETHUSDT", "entry", details[0], "mark", ticks, 1))
    if kind == "give up":
        return watched.apply(CancelTrigger("a", "ETHUSDT", one_of(watched.stored("a")[1], details[0])))
    if kind == "mark":
        price_e12 = (PRICE + details[0]) * E12 // 100
        return watched.apply(SetPrice("ETHUSDT", price_e12, price_e12))
    return watched.apply(reverse())


@examples(200)
@given(before=ACTIONS, between=ACTIONS, after=ACTIONS, seen=st.integers(0, 20))
def test_late_readers_know_what_orders_did_before(
    before: list[Any], between: list[Any], after: list[Any], seen: int
) -> None:
    """Rows are those that a reader from the beginning gets, wherever in the meantime the stored ones end."""
    watched = Watched()
    watched.do(ladder((3, 3), (3, 3), (50, 50)))
    early = watched.watch("orders-algo", reader=watched.watch("orders"))
    for action in before:
        act(watched, action)
        watched.release()
    late, topics = Watching(), [Topic(USDT, channel, "default") for channel in ("orders", "orders-algo")]
    # A second publisher stands for a venue in which nobody has read the account's orders yet.
    fresh = watched.second_publisher()
    fresh.hold_orders("a")
    stored = watched.stored("a")
    for number, action in enumerate(between):
        act(watched, action)
        watched.release()
        if number < seen:
            stored = watched.stored("a")
    early.take()
    fresh.resume_orders("a", *stored)
    for topic in topics:
        fresh.subscribe("a", topic, late, watched.time_ms)
    fresh.release_orders("a")
    for action in after:
        act(watched, action)
        watched.release()
    assert early.bytes == late.bytes


def test_orders_are_known_while_they_are_held_or_read_and_no_longer(watched: Watched) -> None:
    """Stored orders are looked up once for all who begin to read or read, and again when all have gone."""
    publisher, reader, topic = watched.second_publisher(), Watching(), Topic(USDT, "fill", "default")
    needed = [publisher.hold_orders("a"), publisher.hold_orders("a")]
    publisher.resume_orders("a", *watched.stored("a"))
    publisher.release_orders("a")
    publisher.subscribe("a", topic, reader, watched.time_ms)
    publisher.release_orders("a")
    needed.append(publisher.hold_orders("a"))
    publisher.leave(reader)
    needed.append(publisher.hold_orders("a"))
    publisher.release_orders("a")
    publisher.release_orders("a")
    needed.append(publisher.hold_orders("a"))
    assert [True, True, False, False, True] == needed


def test_a_closed_connection_is_not_subscribed(watched: Watched) -> None:
    """A client that left while its subscription waited leaves nothing behind."""
    reader = Watching()
    reader.is_open = False
    watched.publisher.subscribe("a", Topic(USDT, "positions", "default"), reader, watched.time_ms)
    watched.do(buy(1))
    assert ([], 0) == (reader.bytes, watched.publisher.topics_read(reader))


def test_repeated_commands_make_the_same_frames() -> None:
    """Two venues that are told the same say the same, byte for byte."""

    def run() -> list[bytes]:
        watched = Watched()
        watched.do(DEEP)
        reader = Watching()
        for channel in ("orders", "fill", "positions", "account", "positions-history"):
            watched.watch(channel, reader=reader)
        for channel in ("books", "books5", "ticker", "trade", "candle1m"):
            watched.watch(channel, "ETHUSDT", reader=reader)
        watched.do(buy(100), reverse(), sell(5, price=PRICE + 50), after_ms=20_000)
        return reader.bytes

    first = run()
    assert first == run()
    assert 30 < len(first)
