"""
Send signed reversals over kept-alive connections: a worker, see `bench.worker`.

One account per connection, one request at a time on each, the next one sent when the answer is there: with
64 connections, 64 requests are under way at any time. Requests are signed as they are sent, because a
signature is good for 30 seconds. Plain sockets and a parser that knows only what it needs, so that the
load does not take the processor from what is measured.

Asked {"port", "requests", "accounts": [{"apiKey", "secretKey", "passphrase"}, …]}, answers {"wall_s",
"p50_ms", "p99_ms", "failures": n, "first_failure": text}.
"""

import asyncio
import base64
import hmac
import time
from collections.abc import Mapping
from typing import Final, cast

import uvloop

from bench.worker import Answer, Request, serve

REVERSAL_PATH: Final = "/api/v2/mix/order/click-backhand"
REVERSAL_BODY: Final = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT"}'
#: A server that does not answer ends the measurement, not the patience of whoever waits for it.
ROUND_SECONDS_MAX: Final = 60
_SUCCESS: Final = b'"code":"00000"'


def signed_headers(account: Mapping[str, str], method: str, target: str, body: bytes) -> dict[str, str]:
    """Return the headers of a request that is signed now; `target` is the path with its query."""
    now = str(time.time_ns() // 1_000_000)
    message = f"{now}{method}{target}".encode() + body
    signature = base64.b64encode(hmac.digest(account["secretKey"].encode(), message, "sha256"))
    return {
        "Content-Type": "application/json",
        "ACCESS-KEY": account["apiKey"],
        "ACCESS-PASSPHRASE": account["passphrase"],
        "ACCESS-TIMESTAMP": now,
        "ACCESS-SIGN": signature.decode(),
    }


def _reversal(account: Mapping[str, str]) -> bytes:
    headers = signed_headers(account, "POST", REVERSAL_PATH, REVERSAL_BODY)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = f"POST {REVERSAL_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return f"{start}{lines}Content-Length: {len(REVERSAL_BODY)}\r\n\r\n".encode() + REVERSAL_BODY


class Load:
    """What all connections of one round share: how much is left to send, and what came back."""

    def __init__(self, requests: int) -> None:
        self.to_send = requests
        self.to_come = requests
        self.seconds: list[float] = []
        self.failures = 0
        self.first_failure = ""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def came(self, seconds: float, answer: bytes) -> None:
        """Count one answer."""
        self.seconds.append(seconds)
        if not answer.startswith(b"HTTP/1.1 200 ") or _SUCCESS not in answer:
            self.failures += 1
            self.first_failure = self.first_failure or answer.decode(errors="replace")
        self.to_come -= 1
        if self.to_come == 0 and not self.done.done():
            self.done.set_result(None)

    def broke(self) -> None:
        """Give up: a connection was closed under a request."""
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed a connection"))


class Connection(asyncio.Protocol):
    """One account, one request at a time."""

    def __init__(self, load: Load, account: Mapping[str, str]) -> None:
        self._load = load
        self._account = account
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are not instances of asyncio's classes.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer, when it is whole, and send the next request."""
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0 or len(self._received) < head_end + 4 + _content_length(self._received[:head_end]):
            return
        answer, self._received = self._received, b""
        self._load.came(time.perf_counter() - self._sent_at, answer)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the round, unless it is over."""
        del exc
        self._load.broke()

    def _send(self) -> None:
        if self._load.to_send == 0 or self._transport is None:
            return
        self._load.to_send -= 1
        request = _reversal(self._account)
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + len(b"content-length:")
    end = lower.find(b"\r\n", start)
    return int(lower[start : end if end >= 0 else None])


async def _run(port: int, requests: int, accounts: list[dict[str, str]]) -> Answer:
    loop = asyncio.get_running_loop()
    load = Load(requests)
    started = time.perf_counter()
    connected = [
        await loop.create_connection(lambda account=account: Connection(load, account), "127.0.0.1", port)  # type: ignore[misc]
        for account in accounts
    ]
    async with asyncio.timeout(ROUND_SECONDS_MAX):
        await load.done
    wall_s = time.perf_counter() - started
    for transport, _ in connected:
        transport.close()
    seconds = sorted(load.seconds)
    return {
        "wall_s": wall_s,
        "p50_ms": seconds[len(seconds) // 2] * 1000,
        "p99_ms": seconds[len(seconds) * 99 // 100] * 1000,
        "failures": load.failures,
        "first_failure": load.first_failure,
    }


def _answer(request: Request) -> Answer:
    return uvloop.run(_run(request["port"], request["requests"], request["accounts"]))


if __name__ == "__main__":
    serve(_answer)
