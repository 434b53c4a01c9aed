"""The boundary to the network, against servers that misbehave below HTTP."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import pytest

from backhand.client import NotSent, transport
from backhand.client.transport import (
    AnswerLost,
    AsyncHttpxTransport,
    HttpAnswer,
    HttpRequest,
    HttpxTransport,
)

TIMEOUT_SECONDS: Final = 0.5
REQUEST: Final = HttpRequest("POST", "/x?a=%2B%20b", {"Name": "value"}, b"{}", TIMEOUT_SECONDS)
HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"

Behaviour = Callable[[socket.socket], None]
Exchange = Callable[[str], HttpAnswer]


def sync_exchange(address: str) -> HttpAnswer:
    made = HttpxTransport(address)
    try:
        return made.exchange(REQUEST)
    finally:
        made.close()


def async_exchange(address: str) -> HttpAnswer:
    async def once() -> HttpAnswer:
        made = AsyncHttpxTransport(address)
        try:
            return await made.exchange(REQUEST)
        finally:
            await made.close()

    return asyncio.run(once())


BOTH = pytest.mark.parametrize("exchange", [sync_exchange, async_exchange], ids=["sync", "async"])


@contextmanager
def server(behaviour: Behaviour) -> Iterator[str]:
    """A server for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                behaviour(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(timeout=10)


def hang_up(connection: socket.socket) -> None:
    connection.recv(1)


def be_silent(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(2 * TIMEOUT_SECONDS)


def drip(connection: socket.socket) -> None:
    """Send a byte whenever the client would give up waiting for one."""
    connection.recv(65536)
    connection.sendall(HEAD)
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(TIMEOUT_SECONDS / 5)


def drip_heads(connection: socket.socket) -> None:
    """The same before the first header is whole: a line that never ends."""
    connection.recv(65536)
    connection.sendall(HEAD[:20])
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(TIMEOUT_SECONDS / 5)


def stop_short(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(HEAD + b"{")


def talk_nonsense(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x00\x01\x02\r\n\r\n")


def lie_about_gzip(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}")


def lead_nowhere(connection: socket.socket) -> None:
    """A redirect is not followed, and yet the library reads where it leads."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 307 Over There\r\nlocation: javascript:x\r\ncontent-length: 0\r\n\r\n")


def lead_to_no_name(connection: socket.socket) -> None:
    """The same to a host whose name cannot be read."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 307 Over There\r\nlocation: http://xn--a/\r\ncontent-length: 0\r\n\r\n")


@BOTH
@pytest.mark.parametrize(
    "behaviour",
    [
        *(hang_up, be_silent, drip, drip_heads, stop_short, talk_nonsense, lie_about_gzip),
        *(lead_nowhere, lead_to_no_name),
    ],
)
def test_what_may_have_been_received_is_lost(exchange: Exchange, behaviour: Behaviour) -> None:
    """Once a byte may have left, no failure is called "not sent", and each ends in about the time given."""
    started = time.monotonic()
    with server(behaviour) as address, pytest.raises(AnswerLost):
        exchange(address)
    assert time.monotonic() - started < 8 * TIMEOUT_SECONDS


@BOTH
def test_no_connection_is_not_sent(exchange: Exchange) -> None:
    """A connection that is refused, or never accepted, has carried nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent):
            exchange(f"http://127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(NotSent):
        exchange("nowhere://127.0.0.1")


@BOTH
def test_an_answer_too_long_is_lost(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server sends is not read without end."""
    monkeypatch.setattr(transport, "ANSWER_BYTES_MAX", 100)

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b" " * 1000)

    with server(answer) as address, pytest.raises(AnswerLost, match="too long"):
        exchange(address)


@BOTH
def test_bytes_are_sent_as_they_are(exchange: Exchange) -> None:
    """Target, headers and body reach the server as they were signed; the answer comes back whole."""
    received = [b""]

    def answer(connection: socket.socket) -> None:
        while not received[0].endswith(REQUEST.body):
            received[0] += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 418 Teapot\r\nX-One: 1\r\ncontent-length: 2\r\n\r\n{}")

    with server(answer) as address:
        got = exchange(address)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert b"POST /x?a=%2B%20b HTTP/1.1" == head.split(b"\r\n")[0]
    assert b"Name: value" in head.split(b"\r\n")
    assert b"{}" == body
    assert (418, "1", b"{}") == (got.status, got.headers["x-one"], got.body)
