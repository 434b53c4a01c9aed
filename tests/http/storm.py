"""
A storm in one book: many accounts that place and cancel orders, and a house that moves its ladder.

Each account has its own connection and waits for each answer, as fast as they come. What is placed is drawn
from a seed, so a storm can be repeated.
"""

import asyncio
import json
import random
import time
from collections import deque
from typing import Any, Final

from tests.http.venue import LINEAR, MIX, Credentials, VenueProcess, signature

ACCOUNTS: Final = 24
#: Open orders of one account, the oldest cancelled for the next.
OPEN_ORDERS_MAX: Final = 8
#: Changes of the house's ladder per second, and its levels a side.
LADDERS_PER_SECOND: Final = 20
LADDER_LEVELS: Final = 15
#: In cents: where the storm is, and how far orders are from there.
CENTRE, REACH = 100_000, 400


class Caller:
    """One keep-alive connection on asyncio's streams."""

    def __init__(self, venue: VenueProcess, key: Credentials | None) -> None:
        self._venue = venue
        self._key = key
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._venue.host, self._venue.port)
        reader, writer = self._streams
        raw = json.dumps(body).encode()
        headers = {
            "Host": self._venue.host,
            "Content-Type": "application/json",
            "Content-Length": str(len(raw)),
        }
        if self._key is not None:
            timestamp = str(time.time_ns() // 1_000_000)
            headers |= {
                "ACCESS-KEY": self._key.api_key,
                "ACCESS-SIGN": signature(self._key.secret, timestamp, method, path, raw),
                "ACCESS-TIMESTAMP": timestamp,
                "ACCESS-PASSPHRASE": self._key.passphrase,
            }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        answer = json.loads(await reader.readexactly(length))
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class Storm:
    """What happens to one book while it blows."""

    def __init__(self, venue: VenueProcess, keys: list[Credentials], seed: int) -> None:
        self.changes = 0
        self._random = random.Random(seed)  # noqa: S311  # Reproducible on purpose.
        self._callers = [Caller(venue, key) for key in keys]
        self._house = Caller(venue, None)
        self._open: list[deque[str]] = [deque() for _ in keys]

    async def blow(self, seconds: float) -> None:
        """Go on for a while; returns when everything that was asked is answered."""
        until = asyncio.get_running_loop().time() + seconds
        traders = [self._trade(number, until) for number in range(len(self._callers))]
        await asyncio.gather(self._quote(until), *traders)

    def close(self) -> None:
        for caller in (*self._callers, self._house):
            caller.close()

    async def _trade(self, number: int, until: float) -> None:
        caller, mine = self._callers[number], self._open[number]
        while asyncio.get_running_loop().time() < until:
            if len(mine) < OPEN_ORDERS_MAX:
                side = self._random.choice(["buy", "sell"])
                away = self._random.randint(-20, REACH)
                cents = CENTRE - away if side == "buy" else CENTRE + away
                body = LINEAR.names | {
                    "marginMode": "crossed",
                    "orderType": "limit",
                    "side": side,
                    "size": f"{self._random.randint(1, 500) / 100:.2f}",
                    "price": f"{cents / 100:.2f}",
                }
                answer = await caller.call("POST", f"{MIX}/order/place-order", body)
                assert "00000" == answer["code"], answer
                mine.append(answer["data"]["orderId"])
            else:
                body = LINEAR.names | {"orderId": mine.popleft()}
                answer = await caller.call("POST", f"{MIX}/order/cancel-order", body)
                # Filled meanwhile, perhaps.
                assert answer["code"] in {"00000", "22001", "43001"}, answer
            self.changes += answer["code"] == "00000"

    async def _quote(self, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            middle = CENTRE + self._random.randint(-30, 30)
            sides = []
            for direction in (-1, 1):
                prices = [middle + direction * (1 + 3 * level) for level in range(LADDER_LEVELS)]
                sizes = [self._random.randint(1, 900) for _ in prices]
                sides.append(
                    [
                        [f"{price / 100:.2f}", f"{size / 100:.2f}"]
                        for price, size in zip(prices, sizes, strict=True)
                    ]
                )
            book = {"bids": sides[0], "asks": sides[1], "index": "1000", "mark": "1000"}
            answer = await self._house.call("PUT", f"/_venue/markets/{LINEAR.symbol}/book", book)
            assert "error" not in answer, answer
            self.changes += 1
            await asyncio.sleep(1 / LADDERS_PER_SECOND)
