"""A WebSocket client that does not read is cut off, and another that reads misses nothing. Over sockets."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.http.streaming import PUBLIC, Frame, Listener, topic_of
from tests.http.venue import LINEAR, MIX, VenueProcess, query_of

#: Levels a side of each ladder, all at other prices than those before: a frame of about 33 kB.
LEVELS: Final = 450
#: Together 10 MB: more than the system keeps for a connection that nobody reads, and the megabyte of ours.
CHANGES: Final = 300
#: What the client's system may keep unread.
RECEIVE_BYTES: Final = 4_096


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """With a clock that stands still, each change of a book is a frame at once."""
    options = ("--memory", "--market", "manual", "--clock", "frozen")
    process = VenueProcess(tmp_path / "venue.log", options).start()
    yield process
    process.stop()


def change(venue: VenueProcess, number: int) -> None:
    """Replace every level of the book."""
    middle = 2_000 + number % 2
    offsets = [f"{level * 2 + 1}.{number % 10}" for level in range(LEVELS)]
    bids = [(f"{middle - float(offset):.1f}", f"{number + 1}.25") for offset in offsets]
    asks = [(f"{middle + float(offset):.1f}", f"{number + 1}.75") for offset in offsets]
    venue.operator.set_book(LINEAR, bids, asks, "2000")


def silent(venue: VenueProcess) -> socket.socket:
    """A client that subscribes to the book, takes the answer, and reads no more."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    connection.settimeout(10)
    connection.connect((venue.host, venue.port))
    connection.sendall(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert connection.recv(1_000).startswith(b"HTTP/1.1 101 ")
    asked = json.dumps({"op": "subscribe", "args": [topic_of(LINEAR, "books")]}).encode()
    assert len(asked) < 126
    connection.sendall(b"\x81" + bytes([0x80 | len(asked)]) + bytes(4) + asked)
    assert b"subscribe" in connection.recv(1_000)
    return connection


def left_unread(connection: socket.socket) -> tuple[int, bool]:
    """Read what there is: how many bytes, and whether the connection was cut without a closing frame."""
    received, last = 0, b""
    try:
        while piece := connection.recv(1_000_000):
            received, last = received + len(piece), piece[-4:]
    except ConnectionResetError:
        return received, True
    return received, not last.startswith(b"\x88")


def test_a_client_that_does_not_read_hurts_only_itself(venue: VenueProcess) -> None:
    """One that leaves 10 MB unread is cut off; each of the frames reaches the other, in a chain, at once."""
    change(venue, 0)
    with Listener(venue, PUBLIC, max_size=None) as reader, silent(venue) as slow:
        previous = reader.begin("books", LINEAR.symbol)["data"][0]["seq"]
        kept: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        pushed = 0
        for number in range(1, CHANGES + 1):
            change(venue, number)
            text = reader.text()
            pushed += len(text)
            frame: Frame = json.loads(text)
            (row,) = frame["data"]
            assert ("update", previous) == (frame["action"], row["pseq"])
            previous = row["seq"]
            for side, levels in kept.items():
                levels.update(dict(row[side]))
        received, was_cut = left_unread(slow)
        assert was_cut
        assert received < pushed
        names = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type, "limit": "max"}
        depth = venue.connect().exchange("GET", f"{MIX}/market/merge-depth?{query_of(names)}", {}, None).data
        for side, levels in kept.items():
            best = sorted((float(price), float(size)) for price, size in levels.items() if size != "0")
            best = best[:100] if side == "asks" else best[::-1][:100]
            assert best == [(float(price), float(size)) for price, size in depth[side]]
        reader.send("ping")
        assert "pong" == reader.text()
