"""
A crowd of accounts, all of them watched: what their readers know in the end is what the venue knows.

The crowd is the engine's own, with orders that wait for a price beside it.
"""

import itertools
import random
from typing import Any, Final

import pytest

from backhand.commands import Command, PlaceTrigger, TriggerKind
from backhand.streams.publisher import Cadence
from backhand.units import E8
from backhand.wire.channels.accounts import account_push, position_push
from backhand.wire.channels.frames import Action
from backhand.wire.channels.topics import PRIVATE_CHANNELS, Topic
from tests.engine.crowd import CONTRACTS, SIZES, UIDS, opening, seeded
from tests.streams.watched import Watched, Watching

COMMANDS: Final = 600
PRODUCT_TYPES: Final = ("USDT-FUTURES", "COIN-FUTURES")


class Known:
    """What a reader of every private channel of one account knows."""

    def __init__(self, watched: Watched, uid: str) -> None:
        self.reader = Watching()
        self.uid = uid
        self.now: dict[tuple[str, str], list[Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.triggers: dict[str, dict[str, Any]] = {}
        self.filled: dict[str, int] = {}
        for product_type in PRODUCT_TYPES:
            for channel in PRIVATE_CHANNELS:
                topic = Topic(product_type, channel, "default")
                watched.subscribe(uid, topic, self.reader)

    def read(self) -> None:
        for frame in self.reader.take():
            action: Action = "update" if frame["arg"]["channel"] == "adl-noti" else "snapshot"
            assert action == frame["action"]
            for row in frame["data"]:
                self._row(frame["arg"]["channel"], row)
            self.now[frame["arg"]["instType"], frame["arg"]["channel"]] = frame["data"]

    def _row(self, channel: str, row: dict[str, Any]) -> None:
        if channel == "orders":
            before = self.orders.get(row["orderId"])
            assert (before is None) == (row["status"] == "live")
            assert before is None or before["status"] in {"live", "partially_filled"}
            self.orders[row["orderId"]] = row
        elif channel == "fill":
            size = round(float(row["baseVolume"]) * E8)
            self.filled[row["orderId"]] = self.filled.get(row["orderId"], 0) + size
        elif channel == "orders-algo":
            before = self.triggers.get(row["orderId"])
            assert before is None or before["status"] == "live"
            self.triggers[row["orderId"]] = row

    def check(self, watched: Watched) -> None:
        account = watched.state.accounts[self.uid]
        open_ids = {order_id for order_id, row in self.orders.items() if row["status"][0] in "lp"}
        assert {str(order_id) for order_id in account.orders} == open_ids
        waiting = {order_id for order_id, row in self.triggers.items() if row["status"] == "live"}
        assert {str(order_id) for order_id in account.triggers} == waiting
        for order_id, row in self.orders.items():
            assert round(float(row["accBaseVolume"]) * E8) == self.filled.get(order_id, 0)
        for product_type in PRODUCT_TYPES:
            positions = watched.figures.positions(self.uid, product_type)
            fixed = [
                (p.pos_id, p.total, p.hold_side, p.open_price_avg) for p in map(position_push, positions)
            ]
            assert fixed == [
                (row["posId"], row["total"], row["holdSide"], row["openPriceAvg"])
                for row in self.now[product_type, "positions"]
            ]
            views = watched.figures.accounts(self.uid, product_type)
            assert [(view.frozen, view.margin_coin) for view in map(account_push, views)] == [
                (row["frozen"], row["marginCoin"]) for row in self.now[product_type, "account"]
            ]


def trigger(source: random.Random) -> Command:
    kinds: tuple[TriggerKind, ...] = (
        *("entry", "trailing_entry", "take_profit", "stop_loss", "trailing_stop"),
        *("position_take_profit", "position_stop_loss"),
    )
    kind = source.choice(kinds)
    return PlaceTrigger(
        source.choice(UIDS),
        source.choice(CONTRACTS).symbol,
        kind,
        source.choice((1, -1)),
        source.choice(("mark", "last")),
        source.choice((90, 95, 99, 101, 105, 110)),
        None if kind.startswith("position") else source.choice(SIZES),
        callback_rate_e8=1_000_000 if kind.startswith("trailing") else 0,
        effect=source.choice(("open", "close", None)),
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cadence", ["timed", "per_command"])
def test_readers_know_what_the_venue_knows(seed: int, cadence: Cadence) -> None:
    """From a crowd's first command on, and from its middle, frames add up to the venue's own state."""
    watched = Watched(cadence, opening())
    source = random.Random(seed)  # noqa: S311  # Reproducible on purpose.
    commands = itertools.islice(seeded(seed, COMMANDS, watched.state), len(opening()), None)
    public = Watching()
    for symbol in ("ETHUSDT", "ETHUSD"):
        for channel in ("books", "books5", "ticker", "trade", "candle1m"):
            watched.watch(channel, symbol, reader=public)
    known = [Known(watched, uid) for uid in UIDS]
    for number, command in enumerate(commands):
        watched.apply(
            command, *([trigger(source)] if number % 4 == 0 else []), after_ms=source.choice((1, 900))
        )
        if number % 3 == 0:
            watched.release()
            watched.cut(0)
        if number == COMMANDS // 2:
            watched.release()
            for one in known:
                one.read()
                watched.publisher.leave(one.reader)
            # Others come in their place, who know only what the first frames tell them, and what follows.
            late = [Known(watched, uid) for uid in UIDS]
            for one, other in zip(late, known, strict=True):
                one.orders, one.triggers, one.filled = other.orders, other.triggers, other.filled
            known = late
    watched.release()
    assert public.take()
    fired = 0
    for one in known:
        one.read()
        one.check(watched)
        fired += sum(row["status"] == "executed" for row in one.triggers.values())
    assert fired
    # Few rest: most are filled, refused as beyond mark, or met when their account cannot bear them any more.
    assert sum(len(one.orders) for one in known) > COMMANDS // 50
