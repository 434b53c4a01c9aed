"""
The boundary to the network: one request out, one answer in, or one of two exceptions.

    NotSent      no byte of the request has left
    AnswerLost   some may have, and no whole answer came back

Which of the two it is decides whether a trade may be sent again, so whatever is not surely `NotSent` is
`AnswerLost`. Nothing here retries: the library's own retries are off, and redirects are not followed.
"""

import asyncio
import ipaddress
import math
import os
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from backhand.client.errors import NotSent

#: Largest answer that is read. The longest on the real exchange, all contracts, is about 1 MB.
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
#: A connection that was idle for longer is not used again: servers drop idle connections after some
#: seconds, and a request on a connection that is being dropped ends as `AnswerLost`.
IDLE_SECONDS_MAX: Final = 3.0


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """One request, signed. `target` is path and query as on the wire; `timeout_seconds` is for all of it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    timeout_seconds: float


class HttpAnswer(msgspec.Struct, frozen=True, gc=False):
    """One whole answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerLost(Exception):
    """The request may have been received, and no whole answer came back."""


class Transport(Protocol):
    """Sends requests, one at a time per thread."""

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        """
        Send a request and read its answer, within about `request.timeout_seconds`.

        Raises:
            NotSent: No byte of it has left.
            AnswerLost: Some may have, and there is no whole answer.
        """

    def close(self) -> None:
        """Close all connections."""


class AsyncTransport(Protocol):
    """Sends requests in an event loop."""

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its answer; as `Transport.exchange`."""

    async def close(self) -> None:
        """Close all connections."""


#: What the library raises before it writes the first byte of a request.
_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_LIMITS: Final = httpx.Limits(keepalive_expiry=IDLE_SECONDS_MAX)


class HttpxTransport:
    """`Transport` on `httpx.Client`; may be shared by threads."""

    def __init__(self, base_url: str) -> None:
        with _configuring():
            self._client = httpx.Client(
                base_url=base_url, limits=_LIMITS, verify=tls(), trust_env=not is_loopback(base_url)
            )
        self._end = _End()
        _bound(self._client, self._end)

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its answer."""
        ends_at = self._end.at = time.monotonic() + request.timeout_seconds
        try:
            with self._client.stream(
                request.method,
                request.target,
                headers=dict(request.headers),
                content=request.body,
                timeout=_phases(request.timeout_seconds),
            ) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX or time.monotonic() > ends_at:
                        break
                else:
                    return HttpAnswer(response.status_code, response.headers, bytes(body))
        except _BEFORE_SENDING as error:
            raise NotSent(_said(error)) from error
        except Exception as error:
            # Whatever else it is: a redirect to nowhere makes the library fail with errors of others.
            raise AnswerLost(_said(error)) from error
        raise AnswerLost("the answer is too long or too slow")

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class _End(threading.local):
    """When the exchange of this thread has to be over."""

    at = math.inf


class _BoundedStream:
    """
    A connection, whose reads and writes end when the exchange does.

    The library bounds each of them and not their sum, and its own loop reads the head of an answer: a
    server that sends that byte by byte would hold the caller for as long as it likes.
    """

    def __init__(self, stream: Any, end: _End) -> None:  # noqa: ANN401 (the library's, by its shape)
        self._stream = stream
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._stream.read(max_bytes, self._left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_BoundedStream":
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._end)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 (as above)
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self._end.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer is too slow")
        return left if timeout is None else min(left, timeout)


class _BoundedNetwork:
    """What the library makes connections with, each bounded."""

    def __init__(self, network: Any, end: _End) -> None:  # noqa: ANN401 (as above)
        self._network = network
        self._end = end

    def connect_tcp(self, *arguments: Any, **options: Any) -> _BoundedStream:  # noqa: ANN401 (passed on)
        return _BoundedStream(self._network.connect_tcp(*arguments, **options), self._end)

    def sleep(self, seconds: float) -> None:
        self._network.sleep(seconds)


def _bound(client: httpx.Client, end: _End) -> None:
    """
    Put the bound under each of a client's connection pools, the proxies' among them.

    The library has no door for it. Where another version keeps its network elsewhere, each read is bounded
    as before and nothing else is lost.
    """
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 (there is no door)
        pool: Any = getattr(transport, "_pool", None)
        network = getattr(pool, "_network_backend", None)
        if network is not None:
            pool._network_backend = _BoundedNetwork(network, end)  # noqa: SLF001 (as above)


class AsyncHttpxTransport:
    """`AsyncTransport` on `httpx.AsyncClient`, for asyncio."""

    def __init__(self, base_url: str) -> None:
        with _configuring():
            self._client = httpx.AsyncClient(
                base_url=base_url, limits=_LIMITS, verify=tls(), trust_env=not is_loopback(base_url)
            )

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its answer."""
        try:
            async with (
                asyncio.timeout(request.timeout_seconds),
                self._client.stream(
                    request.method,
                    request.target,
                    headers=dict(request.headers),
                    content=request.body,
                    timeout=_phases(request.timeout_seconds),
                ) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX:
                        break
                else:
                    return HttpAnswer(response.status_code, response.headers, bytes(body))
        except _BEFORE_SENDING as error:
            raise NotSent(_said(error)) from error
        except Exception as error:
            raise AnswerLost(_said(error)) from error
        raise AnswerLost("the answer is too long")

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


@cache
def tls() -> ssl.SSLContext:
    """Read the machine's certificates, which takes 20 ms: once, not for every client."""
    return httpx.create_ssl_context()


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own: a proxy elsewhere would look for the venue on itself."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _configuring() -> Iterator[None]:
    """Say what is wrong with an address, or with a proxy of the environment, as `ValueError`."""
    try:
        yield
    except httpx.InvalidURL as error:
        raise ValueError(f"no address, or no proxy's: {error}") from error
    except ImportError as error:
        names = [
            name
            for name, value in os.environ.items()
            if name.lower().endswith("_proxy") and value.startswith("socks")
        ]
        raise ValueError(
            f"{' and '.join(names) or 'the environment'} names a SOCKS proxy, which needs one package more: "
            "pip install 'httpx[socks]', or unset it"
        ) from error


def _phases(timeout_seconds: float) -> httpx.Timeout:
    """Give up connecting at half time, so that the end of the whole is never taken for it."""
    connecting = timeout_seconds / 2
    return httpx.Timeout(timeout_seconds, connect=connecting, pool=connecting)


def _said(error: Exception) -> str:
    """Name an error in a few words: some of the library's have no text."""
    return f"{type(error).__name__}: {error}".rstrip(": ")
