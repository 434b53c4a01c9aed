"""
WebSocket connections, on the frames and handshake of `websockets` without its input and output.

    bytes ─▶ ServerProtocol ─┬─ request ─▶ accepted, or refused with its HTTP status
                             ├─ "ping", protocol pings ─▶ pongs
                             └─ text ─▶ Session
    frames encoded once ─▶ send ─▶ transport

A frame for many readers is made by `text_frame` and written as it is to each: no compression, no masks.
Promises that a client which does not read costs no more than WRITE_BUFFER_BYTES_MAX, beside the messages
that its session lets wait, and is then cut off, that one which does not ping is closed, and that neither
keeps another waiting.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from backhand.gateway.limits import AddressLimits, no_address_limits
from backhand.gateway.session import VIOLATION, Peer, Session
from backhand.wire.channels.messages import PING, PONG

#: Largest message that is read: a subscription to every topic of every contract is a tenth of it.
MESSAGE_BYTES_MAX: Final = 262_144
#: A client must ping within this. Source: websocket.md, "Keep-alive".
PING_SECONDS_MAX: Final = 120.0
#: What may wait for a client before it is cut off: some seconds of everything that one client can read.
WRITE_BUFFER_BYTES_MAX: Final = 1_048_576
#: Above this a session makes no more snapshots until the client has taken what there is.
DRAIN_BYTES_MAX: Final = 65_536
#: A client that was sent a closing frame gets this long for its own.
CLOSE_SECONDS_MAX: Final = 5.0
#: Connections at once; each costs about 10 kB.
CONNECTIONS_MAX: Final = 20_000

_UNAVAILABLE: Final = 503
_TOO_MANY: Final = 429


def text_frame(text: bytes) -> bytes:
    """Encode a text frame as a server sends it."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class WebSocket(asyncio.Protocol, Peer):
    """One client's connection, from the request that asks for it on."""

    def __init__(
        self,
        transport: asyncio.Transport,
        server_state: ServerState,
        session: Callable[[Peer], Session],
        addresses: AddressLimits | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._server_state = server_state
        self._addresses = no_address_limits() if addresses is None else addresses
        self._address = (get_remote_addr(transport) or ("", 0))[0]
        self._has_place = False
        self._protocol = ServerProtocol(max_size=MESSAGE_BYTES_MAX)
        self._session = session(self)
        self._message = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_reading = True
        self._is_ended = False
        self._pinged_at = self._loop.time()
        self._timer = self._loop.call_later(PING_SECONDS_MAX, self._close_if_silent)
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=DRAIN_BYTES_MAX)
        if not transport.is_reading():
            transport.resume_reading()
        server_state.connections.add(self)  # type: ignore[arg-type]  # All it needs is `shutdown`.

    @property
    def is_open(self) -> bool:
        """Whether the client can be sent something."""
        return self._protocol.state is State.OPEN and not self._transport.is_closing()

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        """Take bytes: the handshake first, then frames."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()

    def eof_received(self) -> None:
        """The client sends nothing more; what ends in the middle of a frame ends the connection."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session."""
        del exc
        self._timer.cancel()
        self._server_state.connections.discard(self)
        self._writable.set()
        if self._has_place:
            self._addresses.leave(self._address)
        self._session.end()

    def pause_writing(self) -> None:
        """Let snapshots wait: the client does not take what there is."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let snapshots go on."""
        self._writable.set()

    def shutdown(self) -> None:
        """Close, because the server stops, after what is being done is answered."""
        self._end()
        self._timer.cancel()
        self._timer = self._loop.call_later(CLOSE_SECONDS_MAX, self._transport.abort)
        self._session.when_idle(self._go_away)

    # What sessions and streams call.

    def send(self, frame: bytes) -> None:
        """Write an encoded frame, or cut off a client that does not take them."""
        transport = self._transport
        if self._protocol.state is not State.OPEN or transport.is_closing():
            return
        if transport.get_write_buffer_size() > WRITE_BUFFER_BYTES_MAX:
            self._end()
            transport.abort()
            return
        transport.write(frame)

    def send_text(self, text: bytes) -> None:
        """Write one text frame."""
        self.send(text_frame(text))

    async def drain(self) -> None:
        """Wait until the client has taken nearly all that was sent to it, or has gone."""
        await self._writable.wait()

    def pause_reading(self) -> None:
        """Read no more for now."""
        if self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._is_reading and not self._transport.is_closing():
            self._is_reading = True
            self._transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        """
        Send a closing frame; the connection ends with the client's, or CLOSE_SECONDS_MAX later.

        What the client says meanwhile is not heard, and what waits is not done.
        """
        self._end()
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()

    # From here on everything is internal.

    def _end(self) -> None:
        """It is the venue that ends the connection: hear nothing more, and do nothing that waits."""
        self._is_ended = True
        self._session.forget()

    def _go_away(self) -> None:
        self.close(CloseCode.GOING_AWAY, "the venue stops")
        self._transport.close()

    def _answer(self, request: Request) -> None:
        if len(self._server_state.connections) > CONNECTIONS_MAX:
            response = self._protocol.reject(_UNAVAILABLE, "too many connections")
        elif not self._addresses.enter(self._address):
            response = self._protocol.reject(_TOO_MANY, "too many connections of this address")
        else:
            self._has_place = True
            response = self._protocol.accept(request)
        self._protocol.send_response(response)

    def _take(self, frame: Frame) -> None:
        if self._is_ended:
            return
        now_s = self._loop.time()
        if frame.opcode is Opcode.PING:
            self._pinged_at = now_s
            self._session.count_ping(now_s)
        elif frame.opcode is Opcode.BINARY:
            self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "text only")
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            # No list of the pieces: any number of them may be empty.
            self._message += frame.data
            if frame.fin:
                data, self._message = self._message, bytearray()
                self._take_text(data, now_s)

    def _take_text(self, data: bytearray, now_s: float) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "not UTF-8")
            return
        if text == PING:
            self._pinged_at = now_s
            if self._session.count_ping(now_s):
                self.send(_PONG_FRAME)
        else:
            self._session.receive(text, now_s)

    def _flush(self) -> None:
        """Write what the protocol has to say; an empty piece is its wish to end the connection."""
        for data in self._protocol.data_to_send():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
        if self._protocol.close_expected():
            self._timer.cancel()
            self._timer = self._loop.call_later(CLOSE_SECONDS_MAX, self._transport.abort)

    def _close_if_silent(self) -> None:
        """End a connection on which no ping came for long; one timer looks after all its pings."""
        left_s = self._pinged_at + PING_SECONDS_MAX - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._close_if_silent)
        else:
            self.close(VIOLATION, "no ping")


_PONG_FRAME: Final = text_frame(PONG)
