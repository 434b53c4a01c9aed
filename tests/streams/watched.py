"""
A venue whose streams are watched: the real engine, read models and publisher, without sockets or a disk.

`do` applies commands as one batch and releases what they made; `Watching` is a reader that keeps its frames.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from backhand.commands import (
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    Side,
    Transfer,
)
from backhand.engine import State, apply
from backhand.events import Event, Rejected
from backhand.projections.applied import Applied
from backhand.projections.candles import CandleSeries
from backhand.projections.orders import OrderRow, OrdersFold
from backhand.projections.tickers import TickersFold
from backhand.projections.trades import RecentTrades
from backhand.projections.triggers import TriggerRow, TriggersFold
from backhand.serving.figures import StateFigures
from backhand.streams.accounts import ORDER_CHANNELS
from backhand.streams.publisher import Cadence, Publisher
from backhand.units import E8, E12
from backhand.wire.channels.topics import Topic
from backhand.wire.contracts import built_in_contracts

USDT: Final = "USDT-FUTURES"
START_MS: Final = 1_790_208_000_000
#: ETHUSDT: a tick is a cent, a lot a hundredth of a coin.
PRICE: Final = 100_000
Frame = dict[str, Any]


class Watching:
    """A reader that remembers."""

    def __init__(self) -> None:
        self.is_open = True
        self.bytes: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.bytes.append(frame)

    def take(self) -> list[Frame]:
        """The frames since the last time."""
        taken, self.bytes = self.bytes, []
        return [json.loads(frame) for frame in taken]

    def one(self) -> Frame:
        (frame,) = self.take()
        return frame

    def rows(self) -> list[Any]:
        """The rows of the one frame since the last time."""
        rows = self.one()["data"]
        assert isinstance(rows, list)
        return rows


class Watched:
    """The venue: by itself with BTCUSDT, ETHUSDT and ETHUSD, and accounts `a` and `b` that have plenty."""

    def __init__(self, cadence: Cadence = "per_command", opening: Sequence[Command] | None = None) -> None:
        self.state = State()
        self.time_ms = START_MS
        self.tickers, self.candles, self.trades = TickersFold(), CandleSeries(), RecentTrades()
        self.figures = StateFigures(self.state, self.tickers)
        self._cadence: Cadence = cadence
        self._publishers: list[Publisher] = []
        self.publisher = self.second_publisher()
        self.orders, self.triggers = OrdersFold(), TriggersFold()
        self.open_orders: dict[int, OrderRow] = {}
        self.waiting: dict[int, TriggerRow] = {}
        self._unreleased: list[Applied] = []
        if opening is not None:
            self.do(*opening)
            return
        listed = [one for one in built_in_contracts() if one.symbol in {"BTCUSDT", "ETHUSDT", "ETHUSD"}]
        self.do(ConfigureVenue("test"), *map(ListContract, listed))
        for uid in ("a", "b"):
            self.do(OpenAccount(uid), Transfer(uid, "USDT", 10**6 * E8), Transfer(uid, "ETH", 10**3 * E8))

    def second_publisher(self) -> Publisher:
        """Another publisher of the same venue, which nobody has read from yet."""
        publisher = Publisher(self.figures, self.candles, self.trades, bytes, self._cadence)
        self._publishers.append(publisher)
        return publisher

    def apply(self, *commands: Command, after_ms: int = 1) -> list[Event]:
        """Apply commands; what they make is held back until `release`."""
        happened: list[Event] = []
        for command in commands:
            self.time_ms += after_ms
            applied = Applied(
                self.state.sequence + 1, self.time_ms, command, apply(self.state, command, self.time_ms)
            )
            for fold in (self.tickers.fold, self.candles.fold, self.trades.fold):
                fold([applied])
            for row in self.orders.fold(applied).orders:
                self.open_orders[row.order_id] = row
            for waiting in self.triggers.fold(applied):
                self.waiting[waiting.order_id] = waiting
            for publisher in self._publishers:
                publisher.capture(applied)
            self._unreleased.append(applied)
            happened += applied.events
        return happened

    def release(self) -> None:
        released, self._unreleased = self._unreleased, []
        for publisher in self._publishers:
            publisher.release(released)

    def do(self, *commands: Command, after_ms: int = 1) -> list[Event]:
        """Apply commands that must be taken, and release what they made."""
        happened = self.apply(*commands, after_ms=after_ms)
        assert [] == [event for event in happened if isinstance(event, Rejected)]
        self.release()
        return happened

    def cut(self, after_ms: int = 100) -> None:
        self.time_ms += after_ms
        self.publisher.cut(self.time_ms)

    def watch(
        self, channel: str, name: str = "default", uid: str = "a", reader: Watching | None = None
    ) -> Watching:
        """Let somebody read a channel."""
        watching = Watching() if reader is None else reader
        topic = Topic("COIN-FUTURES" if name == "ETHUSD" else USDT, channel, name)
        self.subscribe(uid, topic, watching)
        return watching

    def subscribe(self, uid: str, topic: Topic, reader: Watching) -> None:
        """Subscribe, as the serving side does."""
        publisher = self.publisher
        if topic.channel not in ORDER_CHANNELS:
            publisher.subscribe(uid, topic, reader, self.time_ms)
            return
        if publisher.hold_orders(uid):
            publisher.resume_orders(uid, *self.stored(uid))
        publisher.subscribe(uid, topic, reader, self.time_ms)
        publisher.release_orders(uid)

    def stored(self, uid: str) -> tuple[list[OrderRow], list[TriggerRow], int]:
        """The account's open orders, those that wait, and as of when, as the history has them."""
        orders = [row for row in self.open_orders.values() if row.uid == uid and row.is_open]
        waiting = [row for row in self.waiting.values() if row.uid == uid and row.is_open]
        return orders, waiting, self.state.sequence


def ladder(*levels: tuple[int, int], symbol: str = "ETHUSDT", apart: int = 1) -> ReplaceLadder:
    """The house's ladder around PRICE: (bid lots, ask lots) of each level from the best on."""
    return ReplaceLadder(
        symbol,
        tuple((PRICE - apart * (place + 1), bid) for place, (bid, _) in enumerate(levels) if bid),
        tuple((PRICE + apart * (place + 1), ask) for place, (_, ask) in enumerate(levels) if ask),
        index_price_e12=1_000 * E12,
        mark_price_e12=1_000 * E12,
    )


DEEP: Final = ladder((10_000, 10_000))


def buy(lots: int, uid: str = "a", price: int | None = None, side: Side = 1, **more: Any) -> PlaceOrder:
    """An order in ETHUSDT, at market unless a price is given."""
    kind: Any = "market" if price is None else "limit"
    return PlaceOrder(uid, "ETHUSDT", side, kind, lots, price, "ioc" if price is None else "gtc", **more)


def sell(lots: int, uid: str = "a", price: int | None = None, **more: Any) -> PlaceOrder:
    return buy(lots, uid, price, -1, **more)


def reverse(uid: str = "a") -> ReversePosition:
    return ReversePosition(uid, "ETHUSDT")
