"""
The base of the HTTP measurement: the venue's own server under an application that only answers.

Prints the same ready line as the venue, and stops at SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Final

import uvloop
from starlette.types import Message, Receive, Scope, Send

from backhand.gateway.server import bind, make_server

#: As long as what a reversal is answered.
BODY: Final = (
    b'{"code":"00000","msg":"success","requestTime":1695806875837,'
    b'"data":{"orderId":"1000000000000000000","clientOid":"1000000000000000001"}}'
)
START: Final[Message] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))],
}
REST: Final[Message] = {"type": "http.response.body", "body": BODY}


async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer a constant."""
    await send(START)
    await send(REST)


async def main() -> None:
    """Serve until SIGTERM."""
    server = make_server(application)
    listener = bind("127.0.0.1", 0)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    ready = {"event": "ready", "rest": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(main())
