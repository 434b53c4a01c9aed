"""
ccxt.pro, unmodified except for its base addresses (clients.md section 2): watching while trading.

Its rate limiter is off, as in the tests of its REST half.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import ccxt.pro
import pytest

from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, Credentials, Trader, VenueProcess

ETH_USDT = "ETH/USDT:USDT"
#: What does not come in this time does not come.
WATCH_SECONDS_MAX = 20.0


@contextlib.asynccontextmanager
async def exchange_of(
    venue: VenueProcess, key: Credentials | None, seconds: float | None = None
) -> AsyncIterator[Any]:
    """An exchange whose every address is the venue's; closed in the end."""
    credentials = {"apiKey": key.api_key, "secret": key.secret, "password": key.passphrase} if key else {}
    settings = {"enableRateLimit": False, "options": {"defaultType": "swap", "uta": False}}
    exchange = ccxt.pro.bitget(credentials | settings)
    addresses = exchange.urls["api"].items()
    exchange.urls["api"] = {name: venue.base_url if isinstance(url, str) else url for name, url in addresses}
    base = f"ws://{venue.host}:{venue.port}/v2/ws"
    exchange.urls["api"]["ws"].update(public=f"{base}/public", private=f"{base}/private")
    try:
        await exchange.load_markets()
        async with asyncio.timeout(seconds or WATCH_SECONDS_MAX):
            yield exchange
    finally:
        await exchange.close()


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    set_book(LINEAR)
    return open_account()


def levels(side: Any) -> list[list[float]]:
    """Price and size of each level; ccxt keeps the texts beside them."""
    return [list(level[:2]) for level in side]


class Watcher:
    """Everything that one kind of watching gave, in order."""

    def __init__(self, watch: Callable[[], Awaitable[Any]]) -> None:
        self.seen: list[Any] = []
        self._watch = watch
        self._more = asyncio.Event()

    async def run(self) -> None:
        while True:
            given = await self._watch()
            self.seen.append(list(given) if isinstance(given, list) else given)
            self._more.set()

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        while not any(wanted(one) for one in self.seen):
            self._more.clear()
            await self._more.wait()
        return next(one for one in self.seen if wanted(one))


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_public_channels(venue: VenueProcess, trader: Trader, set_book: SetBook) -> None:
    """Ticker, book with its checksum, trades and candles are what ccxt takes them for."""

    async def test() -> None:
        async with exchange_of(venue, None) as exchange:
            book = Watcher(lambda: _sides(exchange))
            trades = Watcher(lambda: exchange.watch_trades(ETH_USDT))
            candles = Watcher(lambda: exchange.watch_ohlcv(ETH_USDT, "1m"))
            ticker = Watcher(lambda: exchange.watch_ticker(ETH_USDT))
            tasks = [asyncio.create_task(one.run()) for one in (book, trades, candles, ticker)]
            first = await ticker.until(bool)
            assert ("1000", 999.0) == (first["info"]["markPrice"], first["bid"])
            await book.until(lambda sides: sides == ([[999.0, 100_000.0]], [[1000.0, 100_000.0]]))
            # A size of its own: other tests have traded here before.
            await asyncio.to_thread(trader.market, LINEAR, "buy", "3.17")
            bought = await trades.until(lambda rows: bool(rows) and rows[-1]["amount"] == 3.17)
            assert ("buy", 1000.0) == (bought[-1]["side"], bought[-1]["price"])
            await book.until(lambda sides: sides[1] == [[1000.0, 99_996.83]])
            await ticker.until(lambda one: one["last"] == 1000.0)
            await candles.until(lambda rows: bool(rows) and rows[-1][4] == 1000.0)
            await asyncio.to_thread(set_book, LINEAR, (("998", "1"), ("997", "2.5")))
            await book.until(lambda sides: sides[0] == [[998.0, 1.0], [997.0, 2.5]])
            await end(tasks)

    asyncio.run(test())


async def _sides(exchange: Any, depth: int | None = None) -> tuple[list[list[float]], list[list[float]]]:
    book = await exchange.watch_order_book(ETH_USDT, depth)
    return levels(book["bids"]), levels(book["asks"])


@pytest.mark.parametrize("depth", [1, 5, 15])
def test_shallow_books(venue: VenueProcess, set_book: SetBook, depth: int) -> None:
    """The channels with few levels replace the book by its best levels each time."""
    bids = tuple((f"{999 - place}", f"{place + 1}") for place in range(20))
    best = [[float(price), float(size)] for price, size in bids[:depth]]

    async def test() -> None:
        async with exchange_of(venue, None) as exchange:
            set_book(LINEAR)
            book = Watcher(lambda: _sides(exchange, depth))
            tasks = [asyncio.create_task(book.run())]
            await book.until(lambda sides: sides[0] == [[999.0, 100_000.0]])
            await asyncio.to_thread(set_book, LINEAR, bids)
            await book.until(lambda sides: sides[0] == best)
            await end(tasks)

    asyncio.run(test())


def test_errors_are_the_classes_that_ccxt_knows(venue: VenueProcess, trader: Trader) -> None:
    """A channel that does not exist is a bad request, a wrong signature an authentication error."""

    async def test() -> None:
        async with exchange_of(venue, None) as exchange:
            with pytest.raises(ccxt.BadRequest):
                await exchange.watch_order_book(ETH_USDT, 50)
        async with exchange_of(venue, trader.credentials) as exchange:
            exchange.secret = "wrong"
            with pytest.raises(ccxt.AuthenticationError):
                await exchange.watch_balance()

    asyncio.run(test())


def test_private_channels_while_reversing(venue: VenueProcess, trader: Trader) -> None:
    """Orders, trades, positions and balance follow a reversal, and no position is ever seen half reversed."""

    async def test() -> None:
        async with exchange_of(venue, trader.credentials) as exchange:
            watchers = {
                "orders": Watcher(lambda: exchange.watch_orders(ETH_USDT)),
                "trades": Watcher(lambda: exchange.watch_my_trades(ETH_USDT)),
                "positions": Watcher(lambda: exchange.watch_positions([ETH_USDT])),
                "balance": Watcher(exchange.watch_balance),
            }
            await exchange.authenticate({"url": exchange.urls["api"]["ws"]["private"]})
            tasks = [asyncio.create_task(watcher.run()) for watcher in watchers.values()]
            # Subscriptions are answered in their order, and this is the last.
            await watchers["balance"].until(lambda balance: "USDT" in balance)
            await exchange.create_order(ETH_USDT, "market", "buy", 2)
            await watchers["positions"].until(lambda rows: [("long", 2.0)] == _held(rows))
            resting = await exchange.create_order(ETH_USDT, "limit", "buy", 1, 990)
            await watchers["orders"].until(
                lambda rows: any(row["id"] == resting["id"] and row["status"] == "open" for row in rows)
            )
            await exchange.private_mix_post_v2_mix_order_click_backhand(
                {"symbol": "ETHUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT"}
            )
            await watchers["positions"].until(lambda rows: [("short", 2.0)] == _held(rows))
            trades = await watchers["trades"].until(
                lambda rows: len(rows) >= 2 and rows[-1]["side"] == "sell"
            )
            assert {("sell", 999.0, 2.0)} == {(t["side"], t["price"], t["amount"]) for t in trades[-2:]}
            assert 999.0 * 2 * 0.0006 == pytest.approx(trades[-1]["fee"]["cost"])
            filled = [row for rows in watchers["orders"].seen for row in rows if row["status"] == "closed"]
            assert {"buy", "sell"} == {row["side"] for row in filled}
            assert all(row["filled"] == row["amount"] == 2.0 for row in filled)
            await exchange.cancel_order(resting["id"], ETH_USDT)
            await watchers["orders"].until(
                lambda rows: any(row["id"] == resting["id"] and row["status"] == "canceled" for row in rows)
            )
            held = [_held(rows) for rows in watchers["positions"].seen]
            assert {"[]", "[('long', 2.0)]", "[('short', 2.0)]"} >= {str(rows) for rows in held}
            assert held.index([("long", 2.0)]) < held.index([("short", 2.0)])
            assert [] not in held[held.index([("long", 2.0)]) :]
            balance = await exchange.fetch_balance()
            last = watchers["balance"].seen[-1]
            assert (balance["USDT"]["total"], balance["USDT"]["free"]) == (
                last["USDT"]["total"], last["USDT"]["free"],
            )  # fmt: skip
            await end(tasks)

    asyncio.run(test())
    assert "2" == trader.position(LINEAR, "short")["total"]
    assert [] == trader.pending(LINEAR)


def _held(rows: list[Any]) -> list[tuple[str, float]]:
    return [(row["side"], row["contracts"]) for row in rows if row["contracts"]]
