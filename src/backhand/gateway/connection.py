"""
HTTP/1.1 on httptools, in place of uvicorn's own protocol, for two thirds of its cost per request.

    bytes ─▶ parser ─▶ Exchange ─▶ application(scope, receive, send) ─▶ head and body in one write
               │           └─ pipelined: begins when the one before it is answered
               ├─ asks for a WebSocket ─▶ gets one, and this protocol is done
               └─ not HTTP, or a head without end ─▶ 400, close

uvicorn's server goes on accepting, ticking and stopping; it makes a `Connection` for each client and shares
its `ServerState`. What makes the difference is what is left out: one timer per connection instead of one
per answer, a future only for a body that comes late, no search for faults in headers that are our own, one
write per answer.

Promises answers in the order of the requests; a bound on heads, on what stands between and behind the
pieces of a chunked body, on bodies that wait for the application, and on the time in which a head must come;
and that a request which is being carried out is never followed by a refusal that its client could take for
the answer. How large and how slow a body may be is the application's to say.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from backhand.gateway.exchange import Exchange

#: Largest request line and headers together. Signed requests need about 1 kB, queries may add some. What
#: stands between two pieces of a chunked body, or behind the last one, may be as large.
HEAD_BYTES_MAX: Final = 64_000
#: Request targets whose parts are remembered: those of commands are always the same few.
TARGETS_REMEMBERED: Final = 64

NOT_HTTP: Final = b'{"code":"40409","msg":"wrong format","requestTime":0,"data":null}'
_BAD_REQUEST: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(NOT_HTTP), NOT_HTTP)
)


#: Given a transport, the server's state, the head of the request that asks for a WebSocket, and what came
#: after it. Whoever takes over is the transport's protocol from then on.
TakeOver = Callable[[asyncio.Transport, ServerState, bytes, bytes], None]


class Connection(asyncio.Protocol):
    """One client's connection: requests as they are parsed, answered one after the other."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 (uvicorn hands it to every protocol)
        _loop: asyncio.AbstractEventLoop | None = None,
        websocket: TakeOver | None = None,
    ) -> None:
        self.app: ASGIApp = config.loaded_app
        self.loop = _loop or asyncio.get_running_loop()
        self.server_state = server_state
        self.writable = asyncio.Event()
        self.writable.set()
        self._idle_seconds_max = config.timeout_keep_alive
        self._parser = httptools.HttpRequestParser(self)
        # What follows a request that said "close" is ignored instead of costing that request its answer.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._websocket = websocket
        self._is_upgrading = False
        self._in_head = True
        # Bytes since the last piece of a body, or since the last request ended: heads, chunk sizes, trailers.
        self._bare_bytes = 0
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._newest: Exchange | None = None
        self._running: Exchange | None = None
        self._pipeline: deque[Exchange] = deque()
        self._reading = True
        self._active_at = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are not instances of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)
        self._server = get_local_addr(self.transport)
        self._client = get_remote_addr(self.transport)
        self.server_state.connections.add(self)  # type: ignore[arg-type]  # All it needs is `shutdown`.
        self._timer = self.loop.call_later(self._idle_seconds_max, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the applications that there is nobody to answer any more."""
        del exc
        self.server_state.connections.discard(self)
        self._timer.cancel()
        self.writable.set()
        if self._running is not None:
            self._running.leave()
        for waiting in self._pipeline:
            waiting.leave()

    def data_received(self, data: bytes) -> None:
        """Parse; the bytes of a head are counted before they are kept."""
        self._bare_bytes += len(data)
        # A large piece may hold a small head and much of its body.
        if self._in_head and self._bare_bytes > HEAD_BYTES_MAX and b"\r\n\r\n" not in data[:HEAD_BYTES_MAX]:
            self._refuse()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Any other protocol that was offered is not taken: the request is answered, and that is all.
            if self._is_upgrading:
                self._hand_over(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse()
            return
        # The parser keeps a trailer until it ends, which may be never.
        if not self._in_head and self._bare_bytes > HEAD_BYTES_MAX:
            self._refuse()

    def pause_writing(self) -> None:
        """Let answers wait: the client does not take them."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Let answers go on."""
        self.writable.set()

    def shutdown(self) -> None:
        """Close, after what was asked is answered."""
        if self._newest is None or self._newest.answered:
            self.transport.close()
        else:
            self._newest.keep_alive = False

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._target = b""
        self._headers = []
        self._active_at = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what trails a body means nothing here."""
        if self._in_head:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Start the application, or let the request wait for its turn."""
        self._in_head = False
        self._bare_bytes = 0
        parser = self._parser
        version = parser.get_http_version()
        path, raw_path, query = _split(self._target)
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self._server,
            "client": self._client,
            "scheme": "http",
            "method": parser.get_method().decode("ascii"),
            "root_path": "",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
        }
        keep_alive = version != "1.0" and parser.should_keep_alive() and not parser.should_upgrade()
        before = self._newest
        if self._asks_for_websocket() and (before is None or before.answered):
            self._is_upgrading = True
            return
        self._newest = Exchange(self, scope, keep_alive=keep_alive)
        if before is None or before.answered:
            self._start(self._newest)
        else:
            self._pipeline.append(self._newest)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._bare_bytes = 0
        if self._newest is not None:
            self._newest.take(body)

    def on_message_complete(self) -> None:
        """End a request; the next bytes begin another head."""
        self._in_head = True
        self._bare_bytes = 0
        if self._newest is not None:
            self._newest.end()

    # What exchanges call.

    def pause_reading(self) -> None:
        """Read no more: there is enough to do."""
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    def go_on(self, *, keep_alive: bool) -> None:
        """Take the next request after an answer, or close."""
        if not keep_alive:
            self.transport.close()
        if self.transport.is_closing():
            return
        self._active_at = self.loop.time()
        if self._pipeline:
            self._start(self._pipeline.popleft())
        else:
            self.resume_reading()

    def _start(self, exchange: Exchange) -> None:
        self._running = exchange
        exchange.start()

    def _asks_for_websocket(self) -> bool:
        parser = self._parser
        return (
            self._websocket is not None
            and parser.should_upgrade()
            and parser.get_method() == b"GET"
            and any(name == b"upgrade" and value.lower() == b"websocket" for name, value in self._headers)
        )

    def _hand_over(self, rest: bytes) -> None:
        """Let go of the connection, for the protocol that was asked for."""
        if self._websocket is None:
            return
        self._timer.cancel()
        self.server_state.connections.discard(self)
        lines = [b"GET %b HTTP/1.1\r\n" % self._target]
        lines += [b"%b: %b\r\n" % header for header in self._headers]
        self._websocket(self.transport, self.server_state, b"".join([*lines, b"\r\n"]), rest)

    def _refuse(self) -> None:
        """
        Answer what is not HTTP, and close.

        An answer that is still owed is left out then: its client learns that it does not know.
        """
        newest = self._newest
        if newest is None or newest.answered or (newest.is_reading() and not self._pipeline):
            self.transport.write(_BAD_REQUEST)
        self.transport.close()

    def _close_if_idle(self) -> None:
        """End a connection on which no request came for long; one timer looks after all its pauses."""
        busy = self._newest is not None and not self._newest.answered
        left_seconds = self._active_at + self._idle_seconds_max - self.loop.time()
        if not busy and left_seconds <= 0:
            self.transport.close()
            return
        again_seconds = self._idle_seconds_max if busy else left_seconds
        self._timer = self.loop.call_later(again_seconds, self._close_if_idle)


@lru_cache(TARGETS_REMEMBERED)
def _split(target: bytes) -> tuple[str, bytes, bytes]:
    """Split a request's target: its path as text and as bytes, and its query."""
    url = httptools.parse_url(target)
    path = url.path.decode("ascii")
    return unquote(path), url.path, url.query or b""
