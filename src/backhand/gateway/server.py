"""
uvicorn's server, started and stopped by us, over our own protocol.

Signals are the caller's business: uvicorn would raise them again after a clean stop, and the process
would end by the signal.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from backhand.gateway.connection import Connection, TakeOver

#: Connections waiting to be accepted.
BACKLOG: Final = 1_024
#: Idle connections are kept this long: longer than clients keep theirs, so that the client closes first
#: and no request is sent into a connection that is just ending.
KEEP_ALIVE_SECONDS: Final = 75
#: Answers in flight may take this long after a stop was asked for.
STOP_SECONDS_MAX: Final = 10


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


def make_server(app: ASGIApp, websocket: TakeOver | None = None) -> Server:
    """Configure a server for an application; it takes its sockets when it is served."""
    # uvicorn calls what it is given, and asks no more of it than that.
    connection = cast("type[asyncio.Protocol]", partial(Connection, websocket=websocket))
    return Server(
        uvicorn.Config(
            app,
            interface="asgi3",
            http=connection,
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
