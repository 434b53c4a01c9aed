"""WebSocket connections by themselves, over a server in this process and feeds that the test feeds."""

import asyncio
import contextlib
import gc
import json
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from backhand.commands import Contract
from backhand.gateway import session, websocket
from backhand.gateway.access import Access
from backhand.gateway.ports import OpenedKey
from backhand.gateway.server import bind, make_server
from backhand.gateway.session import AnswerTrade, Session
from backhand.gateway.websocket import WebSocket, text_frame
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.streams.ports import Reader
from backhand.wire.channels.messages import TradeRequest
from backhand.wire.channels.topics import Topic
from backhand.wire.contracts import built_in_contracts

SECONDS_MAX = 20
BOOKS = {"instType": "USDT-FUTURES", "channel": "books", "instId": "BTCUSDT"}
ASK = json.dumps({"op": "subscribe", "args": [BOOKS]})
ORDER = json.dumps({"op": "trade", "args": [{"id": "1"}]})


class Feeds:
    """Remembers who reads, and sends what the test says."""

    def __init__(self) -> None:
        self.contracts: dict[str, Contract] = {one.symbol: one for one in built_in_contracts()}
        self.readers: list[Reader] = []
        self.topics: list[tuple[Topic, Reader]] = []
        self.failure: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.first = b"first"
        self.both_read = asyncio.Event()

    async def subscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        del uid
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        self.readers.append(reader)
        if (topic, reader) not in self.topics:
            self.topics.append((topic, reader))
        if len(self.readers) > 1:
            self.both_read.set()
        reader.send(text_frame(self.first))

    def unsubscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        del uid
        self.readers.remove(reader)
        self.topics.remove((topic, reader))

    def leave(self, reader: Reader) -> None:
        self.readers = [one for one in self.readers if one is not reader]
        self.topics = [one for one in self.topics if one[1] is not reader]

    def reads(self, uid: str, topic: Topic, reader: Reader) -> bool:
        del uid
        return (topic, reader) in self.topics

    def topics_read(self, reader: Reader) -> int:
        return sum(one is reader for _, one in self.topics)


class NoKeys:
    """Nobody can log in."""

    def open_key(self, api_key: str) -> OpenedKey | None:
        del api_key
        return None

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:
        del api_key, passphrase
        return b""


async def no_trade(key: OpenedKey | None, request: TradeRequest) -> bytes:
    """Nobody trades."""
    del key, request
    return b"nobody"


class Desk:
    """Takes orders as they come, and answers them when it may."""

    def __init__(self) -> None:
        self.taken = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def trade(self, key: OpenedKey | None, request: TradeRequest) -> bytes:
        del key, request
        self.taken += 1
        self.began.set()
        await self.go_on.wait()
        return b"done"


@contextlib.asynccontextmanager
async def serving(trade: AnswerTrade = no_trade) -> AsyncIterator[tuple[Feeds, int]]:
    """A server for WebSockets on a free port."""
    feeds = Feeds()

    def take_over(transport: asyncio.Transport, state: Any, head: bytes, rest: bytes) -> None:
        made = WebSocket(transport, state, lambda peer: Session(peer, feeds, Access(NoKeys()), trade))
        made.data_received(head)
        made.data_received(rest)

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send

    server = make_server(nothing, take_over)
    listener = bind("127.0.0.1", 0)
    task = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    try:
        yield feeds, listener.getsockname()[1]
    finally:
        feeds.go_on.set()
        server.stop()
        await task


def opened(port: int, **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{port}/v2/ws/public", ping_interval=None, compression=None, **options)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, SECONDS_MAX))


async def code_of(client: ClientConnection) -> int | None:
    """Read until the end; its close code, None for an end without one."""
    try:
        while True:
            await client.recv()
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else None


def test_a_slow_reader_hurts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not read is cut off at the bound, while another gets every frame."""
    frames = 300
    frame = text_frame(b"x" * 50_000)

    async def test() -> None:
        async with serving() as (feeds, port), opened(port) as fast:
            with socket.create_connection(("127.0.0.1", port)) as slow:
                slow.sendall(
                    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                )
                masked = b"\x81" + bytes([0x80 | len(ASK)]) + bytes(4) + ASK.encode()
                slow.sendall(masked)
                await fast.send(ASK)
                assert "first" == await fast.recv()
                await feeds.both_read.wait()
                received = 0
                for _ in range(frames):
                    for reader in list(feeds.readers):
                        reader.send(frame)
                    received += len(await fast.recv()) == 50_000
                assert (frames, 1) == (received, len(feeds.readers))
            await fast.send("ping")
            assert "pong" == await fast.recv()

    monkeypatch.setattr(websocket, "WRITE_BUFFER_BYTES_MAX", 200_000)
    run(test())


def test_a_client_that_does_not_ping_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and other messages do not count; text and protocol pings do."""
    monkeypatch.setattr(websocket, "PING_SECONDS_MAX", 2.0)

    async def test() -> None:
        async with (
            serving() as (feeds, port),
            opened(port) as silent,
            opened(port) as text,
            opened(port) as frame,
        ):
            await silent.send(ASK)
            assert "first" == await silent.recv()
            closing = asyncio.create_task(code_of(silent))
            while not closing.done():
                await text.send("ping")
                await frame.ping()
                with contextlib.suppress(ConnectionClosed):
                    await silent.send("nonsense")
                await asyncio.sleep(0.2)
            assert 1008 == await closing
            assert [] == feeds.readers
            await text.send("ping")
            assert "pong" == await text.recv()
            assert await (await frame.ping()) >= 0

    run(test())


def test_a_client_that_does_not_close_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closing frame that is not answered ends the connection all the same."""
    monkeypatch.setattr(websocket, "CLOSE_SECONDS_MAX", 0.2)

    async def test() -> None:
        async with serving() as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                b"\x82\x80\x00\x00\x00\x00"
            )
            with contextlib.suppress(ConnectionError):
                assert b"\x88" in await reader.read()
            writer.close()

    run(test())


@pytest.mark.parametrize(
    ("failure", "code"), [(OutcomeUnknown(), 1013), (Overloaded(), 1013), (RuntimeError("our mistake"), 1011)]
)
def test_what_is_not_known_is_not_said(failure: Exception, code: int) -> None:
    """When a subscription cannot be made the connection ends, and no error event says what is not true."""

    async def test() -> None:
        async with serving() as (feeds, port), opened(port) as client:
            feeds.failure = failure
            await client.send(ASK)
            assert code == await code_of(client)

    run(test())


def test_pings_are_answered_while_subscriptions_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages wait for those before them and pings do not; beyond a bound they wait unread."""
    monkeypatch.setattr(session, "WAITING_MESSAGES_MAX", 4)

    async def test() -> None:
        async with serving() as (feeds, port), opened(port) as client:
            feeds.go_on.clear()
            for _ in range(3):
                await client.send(ASK)
            await client.send("ping")
            assert "pong" == await client.recv()
            for _ in range(30):
                await client.send(ASK)
            feeds.go_on.set()
            assert ["first"] * 33 == [await client.recv() for _ in range(33)]

    run(test())


def test_topics_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection reads so many topics and no more, may ask for those again, and goes on."""
    monkeypatch.setattr(session, "TOPICS_MAX", 2)

    async def test() -> None:
        async with serving() as (_, port), opened(port) as client:
            # The third is one too many, and the first is read already: it is acknowledged again.
            for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BTCUSDT"):
                ask = {"op": "subscribe", "args": [{**BOOKS, "instId": symbol}]}
                await client.send(json.dumps(ask))
            answers = [await client.recv() for _ in range(4)]
            assert ["first", "first", "first"] == [*answers[:2], answers[3]]
            assert 30006 == json.loads(answers[2])["code"]
            await client.send("ping")
            assert "pong" == await client.recv()

    run(test())


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused in HTTP, and those that are there stay."""
    monkeypatch.setattr(websocket, "CONNECTIONS_MAX", 1)

    async def test() -> None:
        async with serving() as (_, port), opened(port) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
            await client.send("ping")
            assert "pong" == await client.recv()

    run(test())


def test_pieces_of_a_message_cost_what_is_in_them() -> None:
    """There may be any number of empty ones before the last."""
    pieces = 100_000

    async def test() -> None:
        async with serving() as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                b"\x01\x81\x00\x00\x00\x00p"
            )
            await reader.readuntil(b"\r\n\r\n")
            before = sum(map(sys.getsizeof, gc.get_objects()))
            for _ in range(100):
                writer.write(b"\x00\x80\x00\x00\x00\x00" * (pieces // 100))
                await writer.drain()
            writer.write(b"\x89\x80\x00\x00\x00\x00")
            assert b"\x8a\x00" == await reader.readexactly(2)
            assert sum(map(sys.getsizeof, gc.get_objects())) - before < 4 * pieces
            writer.write(b"\x80\x83\x00\x00\x00\x00ing")
            assert b"\x81\x04pong" == await reader.readexactly(6)
            writer.close()

    run(test())


def test_snapshots_wait_for_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks for more than it takes is not cut off for it: the next snapshot waits."""
    monkeypatch.setattr(websocket, "WRITE_BUFFER_BYTES_MAX", 1_000_000)

    async def test() -> None:
        async with serving() as (feeds, port), opened(port, max_queue=1) as client:
            feeds.first = b"x" * 900_000
            await client.send(json.dumps({"op": "subscribe", "args": [BOOKS] * 20}))
            await asyncio.sleep(0.3)
            assert len(feeds.readers) < 20
            assert [900_000] * 20 == [len(await client.recv()) for _ in range(20)]

    run(test())


def test_a_stop_answers_what_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that is being carried out is answered before the end, and no other is begun."""

    async def test() -> None:
        desk = Desk()
        shutdown = WebSocket.shutdown

        def stop(connection: WebSocket) -> None:
            shutdown(connection)
            desk.go_on.set()

        monkeypatch.setattr(WebSocket, "shutdown", stop)
        async with serving(desk.trade) as (_, port):
            client = await opened(port)
            for _ in range(3):
                await client.send(ORDER)
            await desk.began.wait()
        assert "done" == await client.recv()
        assert 1001 == await code_of(client)
        assert 1 == desk.taken

    run(test())


def test_a_stop_waits_for_nobody_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be answered keeps no server from stopping."""
    monkeypatch.setattr(websocket, "CLOSE_SECONDS_MAX", 0.1)

    async def test() -> None:
        desk = Desk()
        async with serving(desk.trade) as (_, port):
            client = await opened(port)
            await client.send(ORDER)
            await desk.began.wait()
        assert await code_of(client) is None

    run(test())


def test_orders_of_a_client_that_does_not_ping_wait_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not begun when the venue ends a connection is not done behind its client's back."""
    monkeypatch.setattr(websocket, "PING_SECONDS_MAX", 0.5)

    async def test() -> None:
        desk = Desk()
        async with serving(desk.trade) as (_, port), opened(port) as client:
            for _ in range(3):
                await client.send(ORDER)
            await desk.began.wait()
            assert 1008 == await code_of(client)
            desk.go_on.set()
        assert 1 == desk.taken

    run(test())


def test_orders_of_a_client_that_does_not_read_wait_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor when it is cut off because of what it does not take."""
    monkeypatch.setattr(websocket, "WRITE_BUFFER_BYTES_MAX", 100_000)

    async def test() -> None:
        desk = Desk()
        async with serving(desk.trade) as (feeds, port), opened(port, max_queue=1) as client:
            await client.send(ASK)
            for _ in range(3):
                await client.send(ORDER)
            await desk.began.wait()
            (reader,) = feeds.readers
            while reader.is_open:
                reader.send(text_frame(b"x" * 900_000))
            desk.go_on.set()
        assert 1 == desk.taken

    run(test())
