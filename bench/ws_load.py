"""
Reads one book with many connections, and makes it change; or pokes the bare server to write.

Answers `bench.worker` requests: {"port", "readers", "cuts", "bare"}. Connections are opened at the first
request for a port and kept. Every reader must be sent the same bytes; the first one's frames are counted.
"""

import asyncio
import json
import random
import sys
from typing import Any, Final, cast

import uvloop

from bench.worker import Answer, Request, serve

#: Levels a side of the house's ladder, and how often it changes: more often than the book is cut.
LEVELS: Final = 50
LADDERS_PER_SECOND: Final = 20
CUTS_PER_SECOND: Final = 10
#: Connections that are being opened at once.
OPENING_MAX: Final = 50
#: After the last change, what is under way arrives within this.
SETTLE_SECONDS: Final = 0.5
_HANDSHAKE: Final = (
    b"GET /v2/ws/public HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ASK: Final = b'{"op":"subscribe","args":[{"instType":"USDT-FUTURES","channel":"books","instId":"BTCUSDT"}]}'
_SUBSCRIBE: Final = b"\x81" + bytes([0x80 | len(_ASK)]) + bytes(4) + _ASK
_LEN16: Final = 126


class Reader(asyncio.Protocol):
    """One connection: counts bytes, and keeps them where somebody wants to see them."""

    def __init__(self) -> None:
        self.bytes = 0
        self.kept: list[bytes] | None = None
        self.any = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.bytes += len(data)
        self.any.set()
        if self.kept is not None:
            self.kept.append(data)


class Load:
    """Connections to both servers, in one event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._readers: dict[int, list[Reader]] = {}
        self._random = random.Random(1)  # noqa: S311  # Reproducible on purpose.

    def answer(self, request: Request) -> Answer:
        """Measure one round."""
        return self._runner.run(self._round(request))

    async def _round(self, request: Request) -> Answer:
        port: int = request["port"]
        if port not in self._readers:
            await self._open(port, request["readers"], bare=request["bare"])
        readers = self._readers[port]
        before = [reader.bytes for reader in readers]
        readers[0].kept = []
        if request["bare"]:
            for _ in range(request["cuts"]):
                readers[0].transport.write(b"x")
                await asyncio.sleep(1 / CUTS_PER_SECOND)
        else:
            await self._change(port, request["cuts"] / CUTS_PER_SECOND)
        await asyncio.sleep(SETTLE_SECONDS)
        frames = _frames(b"".join(readers[0].kept))
        readers[0].kept = None
        received = {reader.bytes - start for reader, start in zip(readers, before, strict=True)}
        return {"frames": [frame.hex() for frame in frames], "bytes": sorted(received)}

    async def _open(self, port: int, count: int, *, bare: bool) -> None:
        loop = asyncio.get_running_loop()
        gate = asyncio.Semaphore(OPENING_MAX)

        async def open_one() -> Reader:
            async with gate:
                _, reader = await loop.create_connection(Reader, "127.0.0.1", port)
                if not bare:
                    reader.transport.write(_HANDSHAKE)
                    await reader.any.wait()
                    reader.transport.write(_SUBSCRIBE)
                return reader

        self._readers[port] = list(await asyncio.gather(*[open_one() for _ in range(count)]))
        await asyncio.sleep(SETTLE_SECONDS)

    async def _change(self, port: int, seconds: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            body = json.dumps(self._ladder()).encode()
            writer.write(
                b"PUT /_venue/markets/BTCUSDT/book HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                sys.exit(f"the book was not taken: {head!r}")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
            await asyncio.sleep(1 / LADDERS_PER_SECOND)
        writer.close()

    def _ladder(self) -> dict[str, Any]:
        """Fifty levels a side, of which some change each time."""
        middle = 300_000 + self._random.randint(0, 3)
        sides: list[list[list[str]]] = []
        for direction in (-1, 1):
            prices = [middle + direction * (1 + level) for level in range(LEVELS)]
            sides.append([[f"{price / 10:.1f}", f"{self._random.choice([1, 2])}"] for price in prices])
        return {"bids": sides[0], "asks": sides[1], "index": "30000", "mark": "30000"}


def _frames(data: bytes) -> list[bytes]:
    """Cut what a server sent into frames."""
    frames: list[bytes] = []
    start = 0
    while start < len(data):
        length = data[start + 1]
        head = 2
        if length == _LEN16:
            length, head = int.from_bytes(data[start + 2 : start + 4], "big"), 4
        elif length > _LEN16:
            length, head = int.from_bytes(data[start + 2 : start + 10], "big"), 10
        frames.append(data[start : start + head + length])
        start += head + length
    return frames


if __name__ == "__main__":
    serve(Load().answer)
