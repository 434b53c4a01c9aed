"""
The public channels: trades as they happen, books, tickers and candles as they are at a cut.

`Send` is told a topic, an action and rows; when the frame leaves is not decided here.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from backhand.events import ContractListed
from backhand.projections.applied import Applied
from backhand.projections.candles import Candle, CandleSeries
from backhand.projections.intervals import INTERVALS
from backhand.projections.trades import RecentTrades, TradeRow, trades_of
from backhand.streams.books import SentBook
from backhand.streams.ports import Figures
from backhand.streams.subscriptions import Subscriptions
from backhand.streams.views import candle_row, trade_row
from backhand.wire.channels.frames import Action
from backhand.wire.channels.market import ticker_push
from backhand.wire.channels.topics import CANDLE_PREFIX, SHALLOW_BOOKS, Topic
from backhand.wire.responses.markets import TickerView

#: Rows of the first frame of a subscription.
TRADES_FIRST: Final = 50
CANDLES_FIRST: Final = 500
#: Candles are shown once in so many milliseconds of venue time.
CANDLE_CUT_MS: Final = 1_000

Send = Callable[[Topic, Action, Sequence[object], int], None]


class MarketStreams:
    """What was sent last of each public topic that somebody reads."""

    def __init__(
        self, figures: Figures, subscriptions: Subscriptions, candles: CandleSeries, trades: RecentTrades
    ) -> None:
        self._figures = figures
        self._subscriptions = subscriptions
        self._candles = candles
        self._recent_trades = trades
        self._books: dict[str, SentBook] = {}
        self._tickers: dict[Topic, TickerView | None] = {}
        self._shown_candles: dict[Topic, Candle | None] = {}
        self._trade_topics: dict[str, Topic] = {}
        self._trades: dict[str, list[TradeRow]] = {}
        self._changed_books: dict[str, None] = {}
        self._is_changed = False
        self._candle_cut = 0

    def begin(self, topic: Topic, send: Send, now_ms: int) -> Sequence[object] | None:
        """
        Keep a topic up to date from now on, and give the rows of its snapshot.

        What its other readers do not know yet is sent to them first, so that from here on all know the
        same. None for a symbol of another product type, which stays silent.
        """
        contract = self._figures.contracts.get(topic.name)
        if contract is None or contract.product_type != topic.product_type:
            return None
        channel = topic.channel
        if channel == "trade":
            self._trade_topics[topic.name] = topic
            newest = self._recent_trades.newest(topic.name, TRADES_FIRST)
            return [trade_row(contract, trade) for trade in newest]
        if channel == "ticker":
            self._cut_ticker(topic, send)
            found = self._figures.ticker(topic.name)
            return [] if found is None else [ticker_push(*found)]
        if channel.startswith(CANDLE_PREFIX):
            self._cut_candles(topic, send, now_ms)
            shown = self._newest_candles(topic, now_ms, CANDLES_FIRST)
            return [candle_row(contract, candle) for candle in shown]
        book = self._books.get(topic.name)
        if book is None:
            book = self._books[topic.name] = SentBook(contract, self._figures.sequence)
        self._cut_book(topic.name, book, send)
        levels_max = SHALLOW_BOOKS.get(channel, book.levels_max)
        return [book.snapshot(levels_max, self._figures.time_ms)]

    def end(self, topic: Topic) -> None:
        """Forget a topic that nobody reads any more."""
        self._tickers.pop(topic, None)
        self._shown_candles.pop(topic, None)
        if self._trade_topics.get(topic.name) == topic:
            del self._trade_topics[topic.name]
            self._trades.pop(topic.name, None)
        book = self._books.get(topic.name)
        if book is None or book.contract.product_type != topic.product_type:
            return
        if not any(map(self._subscriptions.is_public_read, _books(topic))):
            del self._books[topic.name]
            self._changed_books.pop(topic.name, None)

    def capture(self, applied: Applied, send: Send) -> None:
        """Note what a command changed."""
        self._is_changed = True
        for event in applied.events:
            if type(event) is ContractListed:
                self._relist(event, send)
                continue
            symbol = getattr(event, "symbol", None)
            if symbol in self._books:
                self._changed_books[symbol] = None
        if self._trade_topics:
            for trade in trades_of(applied, self._figures.contracts):
                if trade.symbol in self._trade_topics:
                    self._trades.setdefault(trade.symbol, []).append(trade)

    def send_trades(self, send: Send) -> None:
        """Send the trades since the last time, newest first."""
        if not self._trades:
            return
        found, self._trades = self._trades, {}
        for symbol, trades in found.items():
            topic = self._trade_topics.get(symbol)
            if topic is not None:
                contract = self._figures.contracts[symbol]
                rows = [trade_row(contract, trade) for trade in reversed(trades)]
                send(topic, "update", rows, self._figures.time_ms)

    def cut(self, now_ms: int, send: Send, *, every_candle: bool) -> None:
        """Send what has changed of books, tickers and candles since the last cut."""
        if self._is_changed:
            self._is_changed = False
            changed, self._changed_books = self._changed_books, {}
            for symbol in changed:
                self._cut_book(symbol, self._books[symbol], send)
            for topic in list(self._tickers):
                self._cut_ticker(topic, send)
        if every_candle or now_ms // CANDLE_CUT_MS != self._candle_cut:
            self._candle_cut = now_ms // CANDLE_CUT_MS
            for topic in list(self._shown_candles):
                self._cut_candles(topic, send, now_ms)

    def _cut_book(self, symbol: str, book: SentBook, send: Send) -> None:
        figures = self._figures
        bids, asks = figures.depth(symbol, book.levels_max)
        change = book.cut(bids, asks, figures.sequence, figures.time_ms)
        if change is None:
            return
        product_type = book.contract.product_type
        send(Topic(product_type, "books", symbol), "update", [change.row], figures.time_ms)
        for channel, levels in SHALLOW_BOOKS.items():
            topic = Topic(product_type, channel, symbol)
            if change.unchanged_levels < levels and self._subscriptions.is_public_read(topic):
                send(topic, "snapshot", [book.snapshot(levels, figures.time_ms)], figures.time_ms)

    def _relist(self, event: ContractListed, send: Send) -> None:
        """
        Take over a contract's new terms.

        When its grid changes its book is empty: readers take out what they have in the text of the old
        grid, before anything is written in that of the new one.
        """
        contract = event.contract
        book = self._books.get(contract.symbol)
        if book is not None:
            self._cut_book(contract.symbol, book, send)
            book.contract = contract

    def _cut_ticker(self, topic: Topic, send: Send) -> None:
        found = self._figures.ticker(topic.name)
        view = None if found is None else msgspec.structs.replace(found[0], time_ms=0)
        is_known = topic in self._tickers
        before = self._tickers.get(topic)
        self._tickers[topic] = view
        if found is not None and is_known and view != before:
            send(topic, "snapshot", [ticker_push(*found)], self._figures.time_ms)

    def _cut_candles(self, topic: Topic, send: Send, now_ms: int) -> None:
        """Send the candles from the one that was shown last on; at a roll-over that is two of them."""
        is_new = topic not in self._shown_candles
        before = self._shown_candles.get(topic)
        candles = self._newest_candles(topic, now_ms, 2)
        if not candles:
            self._shown_candles[topic] = None
            return
        if before is not None and candles[0].open_ms > before.open_ms:
            candles = self._newest_candles(topic, now_ms, CANDLES_FIRST)
        self._shown_candles[topic] = candles[-1]
        if is_new or candles[-1] == before:
            return
        if before is not None:
            from_ms = before.open_ms
            candles = [one for one in candles if one.open_ms >= from_ms and one != before]
        contract = self._figures.contracts[topic.name]
        send(topic, "update", [candle_row(contract, candle) for candle in candles], now_ms)

    def _newest_candles(self, topic: Topic, now_ms: int, candles_max: int) -> list[Candle]:
        interval = INTERVALS[topic.channel.removeprefix(CANDLE_PREFIX)]
        return self._candles.candles(topic.name, "last", interval, now_ms, candles_max)


def _books(topic: Topic) -> list[Topic]:
    """List all book topics of a symbol."""
    return [Topic(topic.product_type, channel, topic.name) for channel in ("books", *SHALLOW_BOOKS)]
