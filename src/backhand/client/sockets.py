"""
One WebSocket connection of a client: login, subscriptions, frames in, pings out.

It ends in one of two ways: the exchange says no (`Refused`), or the connection is `ConnectionLost`. What was
pushed meanwhile is then lost too, so that whoever goes on must begin from a new snapshot.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from backhand.client.refusals import refused
from backhand.client.session import Credentials
from backhand.client.transport import is_loopback, tls
from backhand.wire.channels.messages import PING, PONG
from backhand.wire.signature import sign, signing_key

#: The exchange wants one each 30 s, whatever else is sent. A connection is taken for dead when nothing at all
#: came from one ping to the next, so this is also how long a silent loss goes unnoticed, twice over.
PING_SECONDS: Final = 5.0
#: A ping that is late by more than this part of that time tells that it was this process that stood still:
#: what came meanwhile is not read yet, so that nothing is known of a silence before the next ping.
LATE_PART: Final = 0.1
#: Largest frame that is read: a book of 500 levels a side is about 30 kB.
FRAME_BYTES_MAX: Final = 1024 * 1024

#: The real exchange's streams are on other hosts than its calls, demo trading's on yet another.
_CALLS_HOST: Final = "api.bitget.com"
_STREAMS_HOST: Final = "wss://ws.bitget.com"
_DEMO_STREAMS_HOST: Final = "wss://wspap.bitget.com"
_PATHS: Final = {"public": "/v2/ws/public", "private": "/v2/ws/private"}

#: Fractions become Decimal, so that no number passes through a float.
_FRAME: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

Frame = dict[str, Any]


class Arg(msgspec.Struct, frozen=True, order=True, rename={"product_type": "instType", "name": "instId"}):
    """What names a topic; `name` is a symbol, or `default` for all."""

    channel: str
    product_type: str
    name: str = "default"


class ConnectionLost(Exception):
    """There is no connection, or none any more."""


@contextmanager
def understood() -> Iterator[None]:
    """
    Take a frame that makes no sense for the end of its connection, whatever it is that fails.

    Text that is no UTF-8, a number that is none or too large to reckon with, lists within lists without end:
    each fails with an error of its own.
    """
    try:
        yield
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise ConnectionLost(f"a frame is not understood: {error}") from error


def stream_url(base_url: str, kind: Literal["public", "private"], *, paptrading: bool = False) -> str:
    """Give the address of the streams that belong to an address of calls."""
    parts = urlsplit(base_url)
    if parts.hostname == _CALLS_HOST:
        return (_DEMO_STREAMS_HOST if paptrading else _STREAMS_HOST) + _PATHS[kind]
    secure = "wss" if parts.scheme == "https" else "ws"
    return f"{secure}://{parts.netloc}{parts.path.rstrip('/')}{_PATHS[kind]}"


class Socket:
    """
    A connection, open between `async with` and its end.

    Args:
        seconds_max: How long connecting, and any answer, may take.
    """

    def __init__(self, url: str, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._connecting = connect(
            url,
            ssl=tls() if url.startswith("wss:") else None,
            compression=None,
            open_timeout=seconds_max,
            close_timeout=1.0,
            ping_interval=None,
            max_size=FRAME_BYTES_MAX,
            proxy=None if is_loopback(url) else True,
        )

    async def __aenter__(self) -> Self:
        try:
            self._socket: ClientConnection = await self._connecting.__aenter__()
        # An import fails where a SOCKS proxy is named and the package for it is missing.
        except (OSError, TimeoutError, WebSocketException, ImportError) as error:
            raise ConnectionLost(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        self._heard = True
        self._ping_at = asyncio.get_running_loop().time() + PING_SECONDS
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connecting.__aexit__(kind, error, trace)

    async def log_in(self, credentials: Credentials) -> None:
        """
        Sign in to an account.

        Raises:
            AccessRefused: Key, passphrase, signature or time stamp were not accepted.
            ConnectionLost: There was no answer.

        Source: websocket.md section 3
        """
        timestamp = str(int(time.time()))
        signature = sign(signing_key(credentials.secret.encode()), f"{timestamp}GET/user/verify".encode())
        login = {
            "apiKey": credentials.api_key,
            "passphrase": credentials.passphrase,
            "timestamp": timestamp,
            "sign": signature.decode(),
        }
        await self._ask("login", [login])
        try:
            async with asyncio.timeout(self._seconds_max):
                while (await self.frame()).get("event") != "login":
                    pass
        except TimeoutError:
            raise ConnectionLost("no answer to the login") from None

    async def subscribe(self, args: Sequence[Arg]) -> None:
        """Begin to read topics; a refusal comes as a frame, and is raised by `frame`."""
        if args:
            await self._ask("subscribe", args)

    async def unsubscribe(self, args: Sequence[Arg]) -> None:
        """Read topics no more."""
        if args:
            await self._ask("unsubscribe", args)

    async def frame(self) -> Frame:
        """
        Wait for the next frame. It may be cancelled, and loses nothing by it.

        Raises:
            Refused: The exchange did not do what it was asked.
            ConnectionLost: The connection has ended, or is silent.
        """
        while True:
            try:
                async with asyncio.timeout_at(self._ping_at):
                    text = await self._socket.recv()
            except TimeoutError:
                await self._ping()
                continue
            except (OSError, WebSocketException) as error:
                raise ConnectionLost(str(error) or type(error).__name__) from error
            self._heard = True
            if text == PONG.decode():
                continue
            with understood():
                frame = _FRAME.decode(text)
                if not isinstance(frame.get("arg", {}), dict):
                    raise ValueError("its arg names no topic")  # noqa: TRY004 (as other frames)
            if frame.get("event") == "error":
                raise refused(str(frame.get("code", "")), str(frame.get("msg", "")), 0)
            return frame

    async def _ping(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._heard and now - self._ping_at < LATE_PART * PING_SECONDS:
            raise ConnectionLost("the exchange is silent")
        self._heard = False
        self._ping_at = now + PING_SECONDS
        await self._send(PING)

    async def _ask(self, op: str, args: Sequence[object]) -> None:
        await self._send(msgspec.json.encode({"op": op, "args": args}).decode())

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except (OSError, WebSocketException) as error:
            raise ConnectionLost(str(error) or type(error).__name__) from error
