"""Positions followed over real sockets: what changes them, what is lost and found again, who is refused."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from backhand.client import (
    AccessRefused,
    Client,
    Credentials,
    NoAnswer,
    NotSent,
    Refused,
    live,
    live_positions,
    sockets,
)
from backhand.client.models import Position
from backhand.client.sockets import stream_url
from tests.client.conftest import open_account
from tests.http.venue import INVERSE, LINEAR, Product, VenueProcess

DEEP = "1000000"
SECONDS_MAX = 20.0
Changes = Any


def set_book(venue: VenueProcess, product: Product, middle: int) -> None:
    venue.operator.set_book(product, [(str(middle - 1), DEEP)], [(str(middle), DEEP)], str(middle))


async def until(changes: Changes, wanted: Callable[[list[Position]], bool]) -> list[Position]:
    """The first list that is wanted."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            held: list[Position] = await anext(changes)
            if wanted(held):
                return held


def at_mark(price: int) -> Callable[[list[Position]], bool]:
    return lambda held: bool(held) and held[-1].mark_price == price


def figures(held: list[Position]) -> list[tuple[object, ...]]:
    return [
        (leg.symbol, leg.hold_side, leg.total, leg.open_price_avg, leg.mark_price, leg.unrealized_profit)
        for leg in held
    ]


@pytest.mark.parametrize("product", [LINEAR, INVERSE], ids=lambda product: product.symbol)
def test_fills_and_marks_change_what_is_shown(product: Product, tmp_path: Path) -> None:
    """Flat, then a fill, then a mark that moves up and down: each as a question over REST would answer."""
    venue = VenueProcess(
        tmp_path / "venue.log", ("--memory", "--market", "manual", "--limits", "off")
    ).start()
    set_book(venue, product, 1000)
    key = open_account(venue.operator, balances={product.margin_coin: "100000"})

    async def follow(client: Client) -> None:
        async with aclosing(live_positions(venue.base_url, key, product.symbol)) as changes:
            assert [] == await until(changes, lambda _held: True)
            await asyncio.to_thread(client.place_order, product.symbol, "buy", 3)
            for middle in (1000, 1007, 993):
                set_book(venue, product, middle)
                held = await until(changes, at_mark(middle))
                asked = await asyncio.to_thread(client.positions, product.symbol)
                assert figures(asked) == figures(held)
            assert held[0].unrealized_profit < 0
            await asyncio.to_thread(client.reverse, product.symbol)
            held = await until(changes, lambda held: held[0].hold_side == "short")
            assert figures(await asyncio.to_thread(client.positions, product.symbol)) == figures(held)
            await asyncio.to_thread(client.close_positions, product.symbol)
            await until(changes, lambda held: not held)

    try:
        with Client(venue.base_url, key, pacing=False) as client:
            asyncio.run(follow(client))
    finally:
        venue.stop()


def test_everything_is_shown_where_no_symbol_is_named(venue: VenueProcess) -> None:
    """Positions of all product types in one list, each at its own mark."""
    set_book(venue, LINEAR, 1000)
    set_book(venue, INVERSE, 1000)
    key = open_account(venue.operator, balances={"USDT": "100000", INVERSE.margin_coin: "100"})

    async def follow() -> None:
        async with aclosing(live_positions(venue.base_url, key)) as changes:
            assert 2 == len(await until(changes, lambda _held: True))
            set_book(venue, INVERSE, 1010)
            held = await until(changes, at_mark(1010))
            assert [(LINEAR.symbol, Decimal(1000)), (INVERSE.symbol, Decimal(1010))] == [
                (leg.symbol, leg.mark_price) for leg in held
            ]

    with Client(venue.base_url, key, pacing=False) as client:
        client.place_order(LINEAR.symbol, "buy", 1)
        client.place_order(INVERSE.symbol, "buy", 1)
        asyncio.run(follow())


def test_a_lost_connection_begins_anew(tmp_path: Path) -> None:
    """The venue dies and comes back; what happened before anybody listened again is in the first list."""
    options = ("--market", "manual", "--limits", "off", "--data", str(tmp_path / "data"))
    venue = VenueProcess(tmp_path / "venue.log", options).start()
    set_book(venue, LINEAR, 1000)
    key = open_account(venue.operator, balances={"USDT": "100000"})
    lost: list[str] = []

    async def follow() -> None:
        async with aclosing(live_positions(venue.base_url, key, on_lost=lost.append)) as changes:
            assert [] == await until(changes, lambda _held: True)
            venue.kill()
            await asyncio.to_thread(venue.start, options=(*options, "--port", str(venue.port)))
            with Client(venue.base_url, key, pacing=False) as client:
                await asyncio.to_thread(client.place_order, LINEAR.symbol, "buy", 2)
            held = await until(changes, bool)
            assert [("long", Decimal(2))] == [(leg.hold_side, leg.total) for leg in held]

    try:
        asyncio.run(follow())
    finally:
        venue.stop()
    assert lost


def first(venue_url: str, key: Credentials, symbol: str | None = None) -> None:
    async def ask() -> None:
        async with aclosing(live_positions(venue_url, key, symbol)) as changes:
            await until(changes, lambda _held: True)

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("broken", "code"),
    [({"api_key": "x"}, "30011"), ({"secret": "x"}, "30015"), ({"passphrase": "x"}, "30012")],
)
def test_a_refused_login_is_not_tried_again(
    venue: VenueProcess, credentials: Credentials, broken: dict[str, str], code: str
) -> None:
    """It is an AccessRefused with the stream's own code, and advice."""
    words = {
        "api_key": credentials.api_key,
        "secret": credentials.secret,
        "passphrase": credentials.passphrase,
    }
    with pytest.raises(AccessRefused) as refusal:
        first(venue.base_url, Credentials(**(words | broken)))
    assert (code, True) == (refusal.value.code, "Check key" in refusal.value.advice)


def test_an_unlisted_symbol_is_refused(venue: VenueProcess, credentials: Credentials) -> None:
    """It would be silent for ever."""
    with pytest.raises(Refused) as refusal:
        first(venue.base_url, credentials, "NOPEUSDT")
    assert "30001" == refusal.value.code


def test_no_connection_in_the_first_place_is_not_tried_again(credentials: Credentials) -> None:
    """Nothing listens there."""
    with pytest.raises(NotSent):
        first("http://127.0.0.1:9", credentials)


Handler = Callable[[ServerConnection], Awaitable[None]]


def against(handler: Handler, lost: list[str], stop: Callable[[list[Position]], bool]) -> None:
    """Follow a stand-in for the exchange."""

    async def follow() -> None:
        async with serve(handler, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            key = Credentials("key", "secret", "passphrase")
            url = f"http://127.0.0.1:{port}"
            async with aclosing(live_positions(url, key, "ETHUSDT", on_lost=lost.append)) as changes:
                await until(changes, stop)

    asyncio.run(follow())


async def greet(socket: ServerConnection) -> str:
    """Answer login and subscriptions, positions with a snapshot of nothing; the path, at the first ping."""
    async for text in socket:
        if text == "ping":
            break
        message = json.loads(text)
        if message["op"] == "login":
            await socket.send(json.dumps({"event": "login", "code": 0}))
            continue
        for arg in message["args"]:
            await socket.send(json.dumps({"event": message["op"], "arg": arg}))
            if arg["channel"] == "positions":
                await socket.send(json.dumps(pushed(arg)))
    assert socket.request is not None
    return socket.request.path


async def pongs(socket: ServerConnection) -> AsyncGenerator[None, None]:
    """Step before each pong, that to the ping which `greet` has taken too."""
    yield
    await socket.send("pong")
    async for _ping in socket:
        yield
        await socket.send("pong")


def pushed(arg: dict[str, str], *rows: dict[str, str]) -> dict[str, Any]:
    return {"action": "snapshot", "arg": arg, "data": rows, "ts": 0}


ASKED = {"instType": "USDT-FUTURES", "channel": "positions", "instId": "default"}
TICKER = {"instType": "USDT-FUTURES", "channel": "ticker", "instId": "ETHUSDT"}
LEG = {
    "instId": "ETHUSDT",
    "marginCoin": "USDT",
    "holdSide": "long",
    "available": "1",
    "total": "1",
    "openPriceAvg": "1000",
    "markPrice": "1000",
}


def marked(price: Any) -> str:
    return json.dumps(pushed(TICKER, {"markPrice": price}))


@pytest.mark.parametrize(
    "garbage",
    [
        '{"event": "subscribe", "arg": "x"}',
        '{"event": "subscribe", "arg": null}',
        marked("NaN"),
        marked("sNaN"),
        marked("-Infinity"),
        marked("1e999999"),
        marked("1e9999"),
        marked([]),
        json.dumps(pushed(ASKED, LEG | {"total": "NaN"})),
        b'{"a": "\xff"}',
        b"\xff\xfe",
        '{"action": "update", "data": ' + "[" * 900 + "]" * 900 + "}",
        "[" * 100_000,
        "[1]",
        "",
    ],
    ids=lambda garbage: repr(garbage)[:40],
)
def test_a_frame_that_makes_no_sense_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch, garbage: str | bytes
) -> None:
    """Whichever error of ours it would have been: the reason is told, and it begins anew."""
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.2)
    lost: list[str] = []

    async def handle(socket: ServerConnection) -> None:
        path = await greet(socket)
        is_private = path.endswith("private")
        if is_private:
            await socket.send(json.dumps(pushed(ASKED, LEG | {"markPrice": "1007" if lost else "1000"})))
        async for _ in pongs(socket):
            if not is_private and not lost:
                # At each ping: a mark that comes before the position is replaced by the position's.
                await socket.send(garbage)

    against(handle, lost, at_mark(1007))
    assert [True] == [reason.startswith("a frame is not understood: ") for reason in lost]


def test_what_was_not_asked_for_is_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions of another product type, known or not, stand for nothing, and end nothing."""
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.2)

    async def handle(socket: ServerConnection) -> None:
        async for text in socket:
            if text == "ping":
                await socket.send("pong")
                continue
            message = json.loads(text)
            if message["op"] == "login":
                await socket.send(json.dumps({"event": "login", "code": 0}))
                continue
            for arg in message["args"]:
                if arg["channel"] == "ticker":
                    await socket.send(json.dumps({"event": "subscribe", "arg": arg}))
                    continue
                for other in ("EVIL", "COIN-FUTURES"):
                    await socket.send(json.dumps(pushed(arg | {"instType": other}, LEG | {"total": "7"})))
                await asyncio.sleep(0.02)  # Until the ticker's answer has come by the other connection.
                await socket.send(json.dumps(pushed(arg, LEG)))

    shown: list[list[Position]] = []
    lost: list[str] = []

    def keep(held: list[Position]) -> bool:
        shown.append(held)
        return True

    against(handle, lost, keep)
    assert ([Decimal(1)], []) == ([leg.total for leg in shown[0]], lost)


def test_pings_are_sent_while_data_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange closes a connection without pings even when it is busy: they come by the clock."""
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.2)
    pings: dict[str, int] = {}
    arg = {"instType": "USDT-FUTURES", "channel": "positions", "instId": "default"}
    leg = {"instId": "ETHUSDT", "marginCoin": "USDT", "holdSide": "long", "available": "1", "total": "1"}

    async def handle(socket: ServerConnection) -> None:
        path = await greet(socket)
        pings[path] = 1
        mark = 1000
        while min(pings.values()) < 4 or len(pings) < 2:
            mark += 1
            await socket.send(json.dumps(pushed(arg, leg | {"openPriceAvg": "1", "markPrice": str(mark)})))
            with suppress(TimeoutError):
                assert "ping" == await asyncio.wait_for(socket.recv(), 0.01)
                pings[path] += 1
        await socket.send(json.dumps(pushed(arg, leg | {"openPriceAvg": "1", "markPrice": "1"})))
        await socket.wait_closed()

    lost: list[str] = []
    against(handle, lost, at_mark(1))
    assert [] == lost


def test_a_silent_connection_is_lost_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pong and no data from one ping to the next; given up after so many attempts in a row."""
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.1)
    monkeypatch.setattr(live, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(live, "ATTEMPTS_MAX", 3)
    connections = 0

    async def handle(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if connections > 2:
            await socket.close()
            return
        await greet(socket)
        await socket.wait_closed()

    lost: list[str] = []
    with pytest.raises(NoAnswer):
        against(handle, lost, bool)
    assert ("the exchange is silent", 3) == (lost[0], len(lost))


@pytest.mark.parametrize("blocking", [False, True])
def test_who_was_away_does_not_blame_the_exchange(monkeypatch: pytest.MonkeyPatch, blocking: bool) -> None:
    """A consumer that is busy for several pings, a process that stands still between ping and pong."""
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.2)
    away_seconds = 0.7
    stood_still = False

    async def handle(socket: ServerConnection) -> None:
        nonlocal stood_still
        path = await greet(socket)
        if path.endswith("private"):
            for mark in ("1000", "1001"):  # The second waits for who is away, and stops the pings.
                await socket.send(json.dumps(pushed(ASKED, LEG | {"markPrice": mark})))
        answered = 0
        async for _ in pongs(socket):
            if blocking and not stood_still:
                stood_still = True
                time.sleep(away_seconds)  # noqa: ASYNC251 (the whole process, as SIGSTOP does it)
            answered += 1
            if answered == 4 and path.endswith("private"):
                await socket.send(json.dumps(pushed(ASKED, LEG | {"markPrice": "1007"})))

    async def follow(url: str, lost: list[str]) -> None:
        key = Credentials("key", "secret", "passphrase")
        async with aclosing(live_positions(url, key, "ETHUSDT", on_lost=lost.append)) as changes:
            await until(changes, bool)
            if not blocking:
                await asyncio.sleep(away_seconds)
            await until(changes, at_mark(1007))

    async def served() -> list[str]:
        lost: list[str] = []
        async with serve(handle, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await follow(f"http://127.0.0.1:{port}", lost)
        return lost

    assert [] == asyncio.run(served())


def test_streams_are_where_the_calls_are_but_for_the_exchange() -> None:
    """The real exchange has hosts of its own for streams, and another for demo trading."""
    assert "ws://127.0.0.1:8080/v2/ws/private" == stream_url("http://127.0.0.1:8080/", "private")
    assert "wss://venue.example/v2/ws/public" == stream_url("https://venue.example", "public")
    assert "wss://ws.bitget.com/v2/ws/private" == stream_url("https://api.bitget.com", "private")
    demo = stream_url("https://api.bitget.com", "private", paptrading=True)
    assert "wss://wspap.bitget.com/v2/ws/private" == demo
