"""
The base of the streaming measurement: a server that does nothing but write frames it was given.

Takes a file of frames, one in hexadecimal per line. Each byte that a client sends makes it write the next of
them to every connection. Prints the same ready line as the venue, and stops at SIGTERM.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from pathlib import Path
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """One client."""

    all: list[asyncio.Transport] = []  # noqa: RUF012  # Shared on purpose.
    frames = itertools.cycle([b""])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it."""
        self.all.append(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        """Write the next frame to everybody."""
        for _ in data:
            frame = next(self.frames)
            for transport in self.all:
                transport.write(frame)


async def main(frames: list[bytes]) -> None:
    """Serve until SIGTERM."""
    Connection.frames = itertools.cycle(frames)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1_024)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(
        json.dumps({"event": "ready", "rest": f"http://127.0.0.1:{port}", "pid": os.getpid()}) + "\n"
    )
    sys.stdout.flush()
    await stop.wait()


if __name__ == "__main__":
    uvloop.run(main([bytes.fromhex(line) for line in Path(sys.argv[1]).read_text(encoding="ascii").split()]))
