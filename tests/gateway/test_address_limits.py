"""Limits per IP address, over sockets: the loopback interface has addresses enough for each test."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backhand.gateway.limits import ATTEMPTS_MAX, CONNECTIONS_PER_ADDRESS, REQUESTS_PER_MINUTE
from tests.http.venue import LINEAR, MIX, VenueProcess

TIME = "/api/v2/public/time"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
UNKNOWN = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
OPTIONS = ("--memory", "--market", "manual", "--clock", "frozen", "--limits", "on", "--ip-limits")
HEAD = re.compile(rb"HTTP/1\.1 (\d+) .*?\r\n\r\n", re.DOTALL)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue that counts per address, and whose time stands still."""
    log = tmp_path_factory.mktemp("addresses") / "venue.log"
    process = VenueProcess(log, OPTIONS).start()
    process.operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    yield process
    process.stop()


def connect(venue: VenueProcess, source: str) -> socket.socket:
    return socket.create_connection((venue.host, venue.port), 10, (source, 0))


def ask(connection: socket.socket, target: str, count: int) -> list[tuple[int, str]]:
    """Ask the same so often at once; status and quota of each answer."""
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * count)
    return answers(connection, count)


def answers(connection: socket.socket, count: int) -> list[tuple[int, str]]:
    """Read so many answers."""
    received = b""
    while len(HEAD.findall(received)) < count or not received.endswith(b"}"):
        piece = connection.recv(1_000_000)
        assert piece, received[-1_000:]
        received += piece
    return [
        (int(head[1]), "".join(re.findall(r"x-mbx-used-remain-limit: (\d+)", head[0].decode())))
        for head in HEAD.finditer(received)
    ]


def test_public_questions_are_counted_per_address_and_endpoint(venue: VenueProcess) -> None:
    """market.md 1: 20 a second, the quota in the header of each; then HTTP 429. Others have their own."""
    with connect(venue, "127.0.0.2") as one, connect(venue, "127.0.0.2") as same:
        assert [(200, str(left)) for left in range(19, 4, -1)] == ask(one, TIME, 15)
        assert [(200, str(left)) for left in range(4, -1, -1)] + [(429, "0")] == ask(same, TIME, 6)
        with connect(venue, "127.0.0.3") as other:
            assert [(200, "19")] == ask(other, TIME, 1)
        tiers = f"{MIX}/market/query-position-lever?symbol=ETHUSDT&productType=USDT-FUTURES"
        assert [(200, "9")] == ask(one, tiers, 1)


def test_the_answer_is_that_of_private_limits(venue: VenueProcess) -> None:
    """Code and text are those of too many private calls, and an account's own quota is another matter."""
    connection, trader = venue.connect(), venue.operator.trader()
    for _ in range(21):
        answer = connection.exchange("GET", TIME, {}, None)
    assert (429, "429", "Too Many Requests", None) == (
        answer.status,
        answer.code,
        answer.json["msg"],
        answer.json["data"],
    )
    assert "9" == trader.get(f"{MIX}/account/account", LINEAR.names).headers["x-mbx-used-remain-limit"]


def test_an_address_may_ask_6000_times_a_minute(venue: VenueProcess) -> None:
    """auth.md 9: over all paths; beyond, everything is refused for minutes, and to that address alone."""
    with connect(venue, "127.0.0.4") as connection:
        statuses: list[int] = []
        while len(statuses) < REQUESTS_PER_MINUTE + 100:
            connection.sendall(UNKNOWN * 100)
            statuses += [status for status, _ in answers(connection, 100)]
        assert REQUESTS_PER_MINUTE == statuses.index(429)
        assert {429} == set(statuses[REQUESTS_PER_MINUTE:])
        assert [(429, "0")] == ask(connection, TIME, 1)
    with connect(venue, "127.0.0.5") as other:
        assert [(200, "19")] == ask(other, TIME, 1)


def test_connections_of_an_address_are_bounded(venue: VenueProcess) -> None:
    """websocket.md 1: 100 WebSockets at once and 300 tries in five minutes; one that ends makes room."""
    source = "127.0.0.6"
    tries = 0

    def shake(opened: ExitStack) -> bytes:
        nonlocal tries
        tries += 1
        connection = opened.enter_context(connect(venue, source))
        connection.sendall(HANDSHAKE)
        return connection.recv(1_000).split(b"\r\n")[0]

    with ExitStack() as stack:
        for _ in range(CONNECTIONS_PER_ADDRESS):
            assert b"HTTP/1.1 101 Switching Protocols" == shake(stack)
        assert b"HTTP/1.1 429 Too Many Requests" == shake(stack)
        with connect(venue, "127.0.0.7") as other:
            other.sendall(HANDSHAKE)
            assert other.recv(1_000).startswith(b"HTTP/1.1 101 ")
    with ExitStack() as stack:
        # The server has heard of their end when a place is free again.
        while shake(stack) != b"HTTP/1.1 101 Switching Protocols":
            assert tries < ATTEMPTS_MAX
        while tries < ATTEMPTS_MAX:
            shake(stack)
    with ExitStack() as stack:
        assert b"HTTP/1.1 429 Too Many Requests" == shake(stack)


def test_nobody_is_counted_unless_asked_for(tmp_path: Path) -> None:
    """On loopback all clients share an address, so a venue as it comes has no limits per address."""
    process = VenueProcess(tmp_path / "venue.log", ("--memory", "--market", "manual")).start()
    try:
        with connect(process, "127.0.0.8") as connection:
            assert [(200, "20")] * 30 == ask(connection, TIME, 30)
    finally:
        process.stop()
