"""
Subscriptions and frames of a whole venue: holds back what a command makes until it is on disk.

Everything here runs on one event loop. `capture` is called right after each command, `release` at the join
of its batch, the others at a join or while nothing is on its way, so that they never see a command that
could still be lost. `hold_orders` and `release_orders` show nothing and may be called at any time.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from backhand.projections.applied import Applied
from backhand.projections.candles import CandleSeries
from backhand.projections.orders import OrderRow
from backhand.projections.trades import RecentTrades
from backhand.projections.triggers import TriggerRow
from backhand.streams.accounts import AccountStreams
from backhand.streams.market import MarketStreams
from backhand.streams.ports import Figures, Reader
from backhand.streams.subscriptions import Subject, Subscriptions
from backhand.wire.channels.frames import Action, pushed
from backhand.wire.channels.topics import Topic

#: When public channels show the market: every so often, or after each command.
Cadence = Literal["timed", "per_command"]


class Publisher:
    """
    Sends each frame, encoded once, to all who read its subject.

    Args:
        encode: From a frame's text to what readers take.
        cadence: `per_command` for a clock that stands still between commands.
    """

    def __init__(
        self,
        figures: Figures,
        candles: CandleSeries,
        trades: RecentTrades,
        encode: Callable[[bytes], bytes],
        cadence: Cadence = "timed",
    ) -> None:
        self._figures = figures
        self._encode = encode
        self.cadence = cadence
        self._subscriptions = Subscriptions()
        self._market = MarketStreams(figures, self._subscriptions, candles, trades)
        self._accounts = AccountStreams(figures, self._subscriptions)
        self._public_readers = 0
        self._held_back: list[tuple[Subject, bytes]] = []

    @property
    def has_public_readers(self) -> bool:
        """Whether anybody reads a public topic, so that cuts are worth making."""
        return self._public_readers > 0

    # What happens to commands.

    def capture(self, applied: Applied) -> None:
        """Make what one command gives rise to, and hold it back."""
        self._accounts.capture(applied, self._hold_back)
        if self._public_readers:
            self._market.capture(applied, self._hold_back_public)
            if self.cadence == "per_command":
                self._market.send_trades(self._hold_back_public)
                self._market.cut(applied.time_ms, self._hold_back_public, every_candle=True)

    def release(self, applied: list[Applied]) -> None:
        """Send what was held back: the commands are on disk."""
        del applied
        if self._public_readers:
            self._market.send_trades(self._hold_back_public)
        if self._held_back:
            held_back, self._held_back = self._held_back, []
            for subject, frame in held_back:
                self._deliver(subject, frame)

    def cut(self, now_ms: int) -> None:
        """Send what the public channels show now; only while nothing is on its way to the disk."""
        if self._public_readers:
            self._market.cut(now_ms, self._send_public, every_candle=False)

    # Who reads.

    def subscribe(self, uid: str, topic: Topic, reader: Reader, now_ms: int) -> None:
        """Let a reader read a topic, from a snapshot on; again gives another snapshot."""
        if not reader.is_open:
            return
        subject = Subject(uid if topic.is_private else "", topic)
        time_ms = self._figures.time_ms
        if topic.is_private:
            rows = self._accounts.begin(uid, topic)
        else:
            rows = self._market.begin(topic, self._send_public, now_ms)
            if not self._subscriptions.is_read(subject):
                self._public_readers += 1
        self._subscriptions.add(subject, reader)
        if rows is not None:
            reader.send(self._encode(pushed("snapshot", topic, rows, time_ms)))

    def unsubscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        """Let a reader read a topic no more."""
        self._remove(Subject(uid if topic.is_private else "", topic), reader)

    def leave(self, reader: Reader) -> None:
        """Let a reader read nothing more."""
        for subject in self._subscriptions.subjects(reader):
            self._remove(subject, reader)

    def reads(self, uid: str, topic: Topic, reader: Reader) -> bool:
        """Whether a reader reads a topic."""
        return self._subscriptions.reads(reader, Subject(uid if topic.is_private else "", topic))

    def topics_read(self, reader: Reader) -> int:
        """Count what a reader reads."""
        return len(self._subscriptions.subjects(reader))

    # Orders that there were before anybody read: see `streams.orders`.

    def hold_orders(self, uid: str) -> bool:
        """Keep track of an account's orders until `release_orders`; whether the stored ones are needed."""
        return self._accounts.hold_orders(uid)

    def resume_orders(
        self, uid: str, rows: Iterable[OrderRow], waiting: Iterable[TriggerRow], position: int
    ) -> None:
        """Take the stored open orders of an account, which reflect everything up to `position`."""
        self._accounts.resume_orders(uid, rows, waiting, position)

    def release_orders(self, uid: str) -> None:
        """Keep track of an account's orders only while somebody reads them."""
        self._accounts.release_orders(uid)

    def _remove(self, subject: Subject, reader: Reader) -> None:
        if not self._subscriptions.reads(reader, subject):
            return
        self._subscriptions.remove(subject, reader)
        if self._subscriptions.is_read(subject):
            return
        if subject.uid:
            self._accounts.end(subject)
        else:
            self._public_readers -= 1
            self._market.end(subject.topic)

    def _hold_back(self, subject: Subject, action: Action, rows: Sequence[object], time_ms: int) -> None:
        self._held_back.append((subject, pushed(action, subject.topic, rows, time_ms)))

    def _hold_back_public(self, topic: Topic, action: Action, rows: Sequence[object], time_ms: int) -> None:
        self._hold_back(Subject("", topic), action, rows, time_ms)

    def _send_public(self, topic: Topic, action: Action, rows: Sequence[object], time_ms: int) -> None:
        subject = Subject("", topic)
        if self._subscriptions.is_read(subject):
            self._deliver(subject, pushed(action, topic, rows, time_ms))

    def _deliver(self, subject: Subject, frame: bytes) -> None:
        readers = self._subscriptions.readers(subject)
        if readers:
            encoded = self._encode(frame)
            for reader in readers:
                reader.send(encoded)
