"""The HTTP protocol by itself, under small applications: bytes in, bytes out."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from backhand.gateway.connection import HEAD_BYTES_MAX
from backhand.gateway.exchange import BODY_BYTES_WAITING_MAX
from backhand.gateway.server import Server, bind, make_server

#: Beyond this a test hangs; nothing here takes a tenth of it.
SECONDS_MAX = 20
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def answer(send: Send, body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    """Answer as the gateway does."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive: Receive) -> bytes:
    """Read a whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        assert "http.request" == message["type"]
        body += message["body"]
        more = message["more_body"]
    return body


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the target and the body."""
    await answer(send, scope["raw_path"] + b"?" + scope["query_string"] + b" " + await body_of(receive))


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, idle_seconds: float = 60) -> AsyncIterator[tuple[Server, Open]]:
    """Serve an application on a free port."""
    server = make_server(app)
    server.config.timeout_keep_alive = idle_seconds  # type: ignore[assignment]  # Whole seconds are too long here.
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    try:
        yield server, lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        server.stop()
        server.force_exit = True
        await task


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that must not hang."""
    asyncio.run(asyncio.wait_for(test, SECONDS_MAX))


async def exchange(app: ASGIApp, *pieces: bytes) -> bytes:
    """Send bytes piece by piece and return all that comes back until the server closes."""
    async with serving(app) as (_, connect):
        reader, writer = await connect()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        answered = await reader.read()
        writer.close()
        return answered


def bodies(answered: bytes) -> list[bytes]:
    """Split what came back into bodies, by their lengths."""
    found = []
    while answered:
        head, _, answered = answered.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        found.append(answered[: int(length[1])])
        answered = answered[int(length[1]) :]
    return found


def post(body: bytes, *headers: bytes) -> bytes:
    head = b"POST /p?q=1 HTTP/1.1\r\nHost: x\r\n" + b"".join(header + b"\r\n" for header in headers)
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("piece_bytes", [1, 7, 100_000])
def test_requests_may_come_in_any_pieces(piece_bytes: int) -> None:
    """Heads, bodies and requests that follow are the same however the bytes are cut."""
    chunked = (
        b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    )
    sent = GET + post(b"body") + chunked + post(b"") + LAST
    pieces = [sent[start : start + piece_bytes] for start in range(0, len(sent), piece_bytes)]
    expected = [b"/? ", b"/p?q=1 body", b"/c? abcde", b"/p?q=1 ", b"/last? "]
    run_and_expect(echo, pieces, expected)


def run_and_expect(app: ASGIApp, pieces: list[bytes], expected: list[bytes]) -> None:
    async def test() -> None:
        assert expected == bodies(await exchange(app, *pieces))

    run(test())


@pytest.mark.parametrize(
    ("request_bytes", "path", "raw_path", "query"),
    [
        (b"GET /a%20b?c=%64 HTTP/1.1", "/a b", b"/a%20b", b"c=%64"),
        (b"GET http://host:1/a?b#c HTTP/1.1", "/a", b"/a", b"b"),
        (b"GET /a?b?c HTTP/1.1", "/a", b"/a", b"b?c"),
    ],
)
def test_a_target_is_split(request_bytes: bytes, path: str, raw_path: bytes, query: bytes) -> None:
    """The path is decoded for reading and kept as sent for signatures; the query is never touched."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        seen.append(scope)
        await answer(send, b"")

    async def test() -> None:
        await exchange(app, request_bytes + b"\r\nHOST: x\r\nA:  b\r\nConnection: close\r\n\r\n")
        (scope,) = seen
        assert (path, raw_path, query) == (scope["path"], scope["raw_path"], scope["query_string"])
        assert [(b"host", b"x"), (b"a", b"b"), (b"connection", b"close")] == scope["headers"]

    run(test())


@pytest.mark.parametrize(
    ("request_bytes", "closes"),
    [
        (GET, False),
        (LAST, True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_unless_either_side_says_otherwise(
    request_bytes: bytes, *, closes: bool
) -> None:
    """The answer says so before the connection ends, and an offer of another protocol is not taken."""

    async def test() -> None:
        answered = await exchange(echo, request_bytes, *([] if closes else [LAST]))
        assert (1 if closes else 2) == answered.count(b"HTTP/1.1 200 OK\r\n")
        assert 1 == answered.count(b"connection: close\r\n")

    run(test())


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """Otherwise its reader would wait for ever."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    async def test() -> None:
        head, _, body = (await exchange(app, GET)).partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"one two" == body

    run(test())


def test_a_client_that_asks_first_is_told_to_send() -> None:
    """`100 Continue` comes once, however the body is cut, and not when it is there already."""
    request = post(b"body", b"Expect: 100-Continue", b"Connection: close")

    async def test() -> None:
        begun = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            first = await receive()
            begun.set()
            await answer(send, scope["raw_path"] + first["body"] + await body_of(receive))

        async with serving(app) as (_, connect):
            reader, writer = await connect()
            writer.write(request[:-4])
            assert b"HTTP/1.1 100 Continue\r\n\r\n" == await reader.readuntil(b"\r\n\r\n")
            writer.write(request[-4:-2])
            await begun.wait()
            writer.write(request[-2:])
            answered = await reader.read()
            assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answered.endswith(b"/pbody")
            writer.close()
        assert (await exchange(echo, request)).startswith(b"HTTP/1.1 200 OK\r\n")

    run(test())


def test_a_body_that_nobody_reads_is_not_piled_up() -> None:
    """Until the application asks for more, the client has to wait; then all of it arrives."""
    waiting = asyncio.Event()
    size = 20_000_000

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        first = await receive()
        await waiting.wait()
        second = await receive()
        # What one read of the socket brought may be on top of the bound.
        assert len(second["body"]) <= BODY_BYTES_WAITING_MAX + 300_000
        rest = await body_of(receive)
        await answer(send, b"%d" % (len(first["body"]) + len(second["body"]) + len(rest)))

    async def test() -> None:
        async with serving(app) as (_, connect):
            reader, writer = await connect()
            writer.write(post(b"x" * size, b"Connection: close"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 0.2)
            waiting.set()
            assert (await reader.read()).endswith(b"\r\n\r\n%d" % size)
            writer.close()

    run(test())


def test_answers_wait_for_a_client_that_does_not_take_them() -> None:
    """Pipelined requests are not worked off into memory; they are all answered once the client reads."""
    requests, answer_bytes = 50, 1_000_000
    large_ones = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal large_ones
        del receive
        if scope["path"] == "/small":
            await answer(send, b"x")
            return
        await answer(send, b"x" * answer_bytes)
        large_ones += 1

    async def test() -> None:
        async with serving(app) as (_, connect):
            reader, writer = await connect()
            other_reader, other = await connect()
            writer.write(GET * requests + LAST)
            # By the time somebody else was answered so often, an unbounded server would be through.
            for _ in range(requests * 4):
                other.write(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
                await other_reader.readuntil(b"\r\n\r\nx")
            assert large_ones < requests // 2
            assert requests + 1 == (await reader.read()).count(b"HTTP/1.1 200 OK\r\n")
            writer.close()
            other.close()

    run(test())


def test_an_answer_to_a_client_that_left_goes_nowhere() -> None:
    """A client that sends two requests, takes no answer and leaves is no error of the one that is waiting."""
    outcomes: list[str] = []

    async def test() -> None:
        begun, done = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            del scope
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.set()
            try:
                for _ in range(100):
                    await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
                outcomes.append((await receive())["type"])
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what this test is about)
                outcomes.append(repr(error))
            done.set()

        async with serving(app) as (_, connect):
            _, writer = await connect()
            writer.write(GET + LAST)
            await begun.wait()
            writer.transport.abort()
            await done.wait()
        assert ["http.disconnect"] == outcomes

    run(test())


def test_an_application_hears_that_its_client_left() -> None:
    """Instead of the rest of the body, and instead of waiting for ever."""
    heard: list[str] = []

    async def test() -> None:
        done = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, send
            heard.append((await receive())["type"])
            heard.append((await receive())["type"])
            done.set()

        async with serving(app) as (_, connect):
            _, writer = await connect()
            writer.write(post(b"body")[:-2])
            await writer.drain()
            writer.close()
            await done.wait()
        assert ["http.request", "http.disconnect"] == heard

    run(test())


def test_an_application_that_fails_is_answered_500() -> None:
    """Without a word about why; a body that was begun is cut off."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        raise ValueError("secret")

    async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise ValueError("secret")

    async def test() -> None:
        answered = await exchange(fails, GET)
        assert answered.startswith(b"HTTP/1.1 500 ")
        assert b"secret" not in answered
        assert (await exchange(fails_late, GET)).endswith(b"\r\n\r\nbegun")

    run(test())


@pytest.mark.parametrize("junk", [b"junk\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 3 * HEAD_BYTES_MAX])
def test_a_refusal_never_stands_where_an_answer_is_owed(junk: bytes) -> None:
    """Junk behind a request that is being carried out costs the answer, and is not taken for it."""

    async def test() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await body_of(receive)
            begun.set()
            await go_on.wait()
            await echo(scope, receive, send)

        async with serving(app) as (_, connect):
            reader, writer = await connect()
            writer.write(post(b"body"))
            await begun.wait()
            writer.write(junk)
            # What the server had not read when it closed makes its end a reset.
            with contextlib.suppress(ConnectionResetError):
                assert b"" == await reader.read()
            go_on.set()
            writer.close()

    run(test())


def test_a_broken_body_is_refused() -> None:
    """Nothing was done about it yet, so the client may be told."""
    broken = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n"

    async def test() -> None:
        assert (await exchange(echo, broken)).startswith(b"HTTP/1.1 400 Bad Request\r\n")

    run(test())


@pytest.mark.parametrize("start", [b"0\r\nTrailer: ", b"1;extension=", b"0\r\n"])
def test_what_surrounds_a_body_has_a_bound(start: bytes) -> None:
    """A trailer, or many of them, or a chunk's size that never ends is refused before it is piled up."""
    piece = b"T: x\r\n" * 10_000 if start == b"0\r\n" else b"x" * 60_000
    taken = 0

    async def test() -> None:
        nonlocal taken
        async with serving(echo) as (_, connect):
            reader, writer = await connect()
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + start)
            with contextlib.suppress(ConnectionError):
                while taken < 100 * HEAD_BYTES_MAX:
                    writer.write(piece)
                    await writer.drain()
                    taken += len(piece)
                    await asyncio.sleep(0)
                await reader.read()
            writer.close()

    run(test())
    assert taken < 100 * HEAD_BYTES_MAX


def test_a_long_body_in_small_chunks_is_taken() -> None:
    """Only what stands between two pieces is bounded, not the sum of it: a chunk's size is 3 bytes here."""
    chunks = b"1\r\nx\r\n" * HEAD_BYTES_MAX
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    run_and_expect(echo, [head, chunks, b"0\r\n\r\n"], [b"/? " + b"x" * HEAD_BYTES_MAX])


def test_idle_connections_are_closed_and_busy_ones_are_not() -> None:
    """A request may take longer than a pause; half a head is a pause."""

    async def test() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            begun.set()
            await go_on.wait()
            await echo(scope, receive, send)

        async with serving(app, idle_seconds=0.05) as (_, connect):
            busy_reader, busy = await connect()
            busy.write(GET)
            await begun.wait()
            for sent in (b"", GET[:10]):
                reader, writer = await connect()
                writer.write(sent)
                assert b"" == await reader.read()
                writer.close()
            go_on.set()
            assert (await busy_reader.read()).endswith(b"/? ")
            busy.close()

    run(test())


def test_a_server_that_stops_answers_what_was_asked() -> None:
    """Idle connections end at once; the others after their answer, which says so."""

    async def test() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            begun.set()
            await go_on.wait()
            await echo(scope, receive, send)

        async with serving(app) as (server, connect):
            idle_reader, idle = await connect()
            reader, writer = await connect()
            writer.write(GET + post(b"body"))
            await begun.wait()
            server.stop()
            assert b"" == await idle_reader.read()
            go_on.set()
            answered = await reader.read()
            assert [b"/? ", b"/p?q=1 body"] == bodies(answered)
            assert 1 == answered.count(b"connection: close")
            idle.close()
            writer.close()

    run(test())


def test_a_request_that_never_became_whole_has_not_failed() -> None:
    """A server that stops waits for it no longer than it says, and closes without an answer."""

    async def test() -> None:
        begun = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            begun.set()
            await echo(scope, receive, send)

        async with serving(app) as (server, connect):
            server.config.timeout_graceful_shutdown = 0.1  # type: ignore[assignment]  # As above.
            reader, writer = await connect()
            writer.write(post(b"body")[:-2])
            await begun.wait()
            server.stop()
            assert b"" == await reader.read()
            writer.close()

    run(test())
