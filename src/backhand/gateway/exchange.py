"""
One HTTP request and its answer, as an application sees them: `receive` and `send` of ASGI.

An application that fails is answered 500 without a word about why, and its connection ends.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.types import Message, Scope

if TYPE_CHECKING:
    from backhand.gateway.connection import Connection

#: Bytes of a body that may wait for the application before the connection is read no further.
BODY_BYTES_WAITING_MAX: Final = 65_536

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Exchange:
    """One request and its answer: what an application receives from and sends to."""

    __slots__ = (
        "_body",
        "_complete",
        "_connection",
        "_given",
        "_gone",
        "_head",
        "_late",
        "_scope",
        "_task",
        "answered",
        "keep_alive",
    )

    def __init__(self, connection: "Connection", scope: Scope, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.answered = False
        self._connection = connection
        self._scope = scope
        self._body = b""
        self._complete = False
        self._given = False
        self._gone = False
        # The answer's head while it waits for the body, b"" when it is sent, None before there is one.
        self._head: bytes | None = None
        self._late: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Run the application."""
        self._task = self._connection.loop.create_task(self._run())
        # The server lets these finish before it stops, and cancels what does not.
        self._connection.server_state.tasks.add(self._task)

    def take(self, piece: bytes) -> None:
        """Take a piece of the body; what comes after the answer is for nobody."""
        if self.answered:
            return
        self._body += piece
        if len(self._body) > BODY_BYTES_WAITING_MAX:
            self._connection.pause_reading()
        self._wake()

    def end(self) -> None:
        """The body is whole."""
        self._complete = True
        self._wake()

    def leave(self) -> None:
        """The client is gone."""
        self._gone = True
        self._wake()

    def is_reading(self) -> bool:
        """Whether the request is still being sent, so that nothing was done about it."""
        return not self._complete

    async def receive(self) -> Message:
        """Give what there is of the body, or wait for more of it; then, for the end of the exchange."""
        while not (self._gone or self.answered):
            if self._body or (self._complete and not self._given):
                self._given = self._complete
                body, self._body = self._body, b""
                return {"type": "http.request", "body": body, "more_body": not self._complete}
            await self._more()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take the answer's head, then its body; the head is sent with the first of it."""
        connection = self._connection
        if not connection.writable.is_set():
            await connection.writable.wait()
        if self._gone:
            return
        if message["type"] == "http.response.start":
            self._head = self._head_of(message)
            return
        body: bytes = message.get("body", b"") if self._scope["method"] != "HEAD" else b""
        connection.transport.write(self._head + body if self._head else body)
        self._head = b""
        if not message.get("more_body", False):
            self.answered = True
            self._wake()
            connection.go_on(keep_alive=self.keep_alive)

    async def _run(self) -> None:
        connection = self._connection
        try:
            await connection.app(self._scope, self.receive, self.send)
        except asyncio.CancelledError:
            # The server stops; what was not answered has not failed for all that anybody knows.
            self._head = b""
            raise
        except Exception:  # noqa: BLE001 (whatever it is, its text stays here and the client is answered)
            _log.exception("application_failed")
        finally:
            connection.server_state.tasks.discard(self._task)
            if not self.answered and not self._gone:
                if self._head != b"":
                    connection.transport.write(_FAILED)
                connection.transport.close()

    async def _more(self) -> None:
        """Wait for something to happen, after telling a client that waits for that to send its body."""
        connection = self._connection
        if not self._complete:
            if self._late is None and _expects_continue(self._scope["headers"]):
                connection.transport.write(_CONTINUE)
            connection.resume_reading()
        self._late = connection.loop.create_future()
        await self._late

    def _wake(self) -> None:
        if self._late is not None and not self._late.done():
            self._late.set_result(None)

    def _head_of(self, message: Message) -> bytes:
        """Write a head; without a length the connection's end ends the body."""
        lines = [_STATUS_LINES[message["status"]]]
        has_length = False
        for name, value in (*self._connection.server_state.default_headers, *message["headers"]):
            if name == b"connection":
                self.keep_alive = self.keep_alive and value != b"close"
                continue
            has_length = has_length or name == b"content-length"
            lines.append(b"%b: %b\r\n" % (name, value))
        self.keep_alive = self.keep_alive and has_length
        lines.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        return b"".join(lines)


def _expects_continue(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
