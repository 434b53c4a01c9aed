"""
uvicorn, started and stopped by us, with the bounds it leaves open.

Signals are the caller's business (uvicorn would raise them again after a clean stop, and the process
would end by the signal). Request heads are bounded, and what is not HTTP is answered in the shape that
clients parse.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Largest request line and headers together. Signed requests need about 1 kB, queries may add some.
HEAD_BYTES_MAX: Final = 64_000
#: Connections waiting to be accepted.
BACKLOG: Final = 1_024
#: Idle connections are kept this long: longer than clients keep theirs, so that the client closes first
#: and no request is sent into a connection that is just ending.
KEEP_ALIVE_SECONDS: Final = 75
#: Answers in flight may take this long after a stop was asked for.
STOP_SECONDS_MAX: Final = 10

NOT_HTTP: Final = b'{"code":"40409","msg":"wrong format","requestTime":0,"data":null}'


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a bound on request heads and JSON for what cannot be parsed."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head before they are parsed and kept."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self._ends_in(data):
                self.send_400_response("Request head too large")
                return
        super().data_received(data)

    def _ends_in(self, data: bytes) -> bool:
        """Whether the head ends within this piece, which may be large because a body follows."""
        return b"\r\n\r\n" in data[:HEAD_BYTES_MAX]

    def on_headers_complete(self) -> None:
        """Begin the request; what follows is its body."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the request; the next bytes begin another head."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, and close."""
        del msg
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(NOT_HTTP), NOT_HTTP)
        )
        self.transport.close()


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the sockets, then say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers as they are."""
        yield

    def stop(self) -> None:
        """Take no new connections, answer what is in flight, then let `serve` return."""
        self.should_exit = True


def make_server(app: ASGIApp) -> Server:
    """Configure a server for an application; it takes its sockets when it is served."""
    return Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS_MAX,
            backlog=BACKLOG,
        )
    )


def bind(host: str, port: int) -> socket.socket:
    """
    Take an address; port 0 picks a free one. Connections are refused until the server listens.

    Raises:
        OSError: the address is taken or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def host_in_url(host: str) -> str:
    """Write a host as URLs do: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
