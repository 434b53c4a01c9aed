"""
Reading a request's body without letting its sender decide how much memory that takes.

A body beyond the limit is refused. Up to DISCARD_BYTES_MAX it is read and thrown away first: a client
that is still sending does not listen yet, and would see a broken connection instead of the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

#: Largest body that is looked at; the largest real one, a batch of 50 orders, is under 20 kB.
BODY_BYTES_MAX: Final = 1_000_000
#: Largest body that is read to its end in order to answer it politely.
DISCARD_BYTES_MAX: Final = 32_000_000
#: Seconds for a body to arrive; one that comes with its headers, as nearly all do, is not timed.
BODY_SECONDS_MAX: Final = 20.0

Receive = Callable[[], Awaitable[Any]]


class ClientGone(Exception):
    """The client closed the connection before its request was complete; there is nobody to answer."""


class BodyTooLarge(Exception):
    """The body is larger than BODY_BYTES_MAX; close the connection after answering."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """
    Read the body of a request.

    Raises:
        BodyTooLarge, ClientGone, TimeoutError: the last when it does not arrive in BODY_SECONDS_MAX.
    """
    announced = headers.get(b"content-length", b"0")
    # A client that asks before it sends, and one that announces too much, are answered at once.
    limit = BODY_BYTES_MAX if b"expect" in headers else DISCARD_BYTES_MAX
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        async with asyncio.timeout(BODY_SECONDS_MAX):
            body = await _rest(receive, body)
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge
    return body


async def _rest(receive: Receive, first: bytes) -> bytes:
    chunks = [first]
    size = len(first)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size <= BODY_BYTES_MAX:
            chunks.append(chunk)
        elif size > DISCARD_BYTES_MAX:
            raise BodyTooLarge
    if size > BODY_BYTES_MAX:
        raise BodyTooLarge
    return b"".join(chunks)
