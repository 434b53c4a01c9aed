"""
A TCP proxy that loses answers on purpose.

It stands between a client and a venue and passes every request on, except that the first reversal of an
account meets the fault that was planned for it, and so do the next few questions of that account.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

REVERSE: Final = b"POST /api/v2/mix/order/click-backhand "
#: How long a late answer is held back, and a late request: both are longer than `HASTY_SECONDS`.
HOLD_SECONDS: Final = 0.6
#: The time-out of a client that is to give up before that.
HASTY_SECONDS: Final = 0.25

#: The reversal is passed on; its answer does not come back whole.
ANSWER_LOST: Final = (
    *("drop", "cut", "head", "truncate", "html", "fault", "timed_out", "late", "twice"),
    *("busy", "internal", "gone", "hung_up", "denied", "conflict"),
)
#: The reversal is passed on; a whole answer comes back that was given to another one.
ANSWER_SWAPPED: Final = ("stale",)
#: The reversal is not passed on, ever.
NEVER_SENT: Final = ("never", "close")


@dataclass
class Plan:
    """What one account's requests meet: `fault` its first reversal, `looks` its questions after that."""

    fault: str
    looks: list[str] = field(default_factory=list)
    met: bool = False
    #: What still goes on after the client has been left alone.
    pending: list[asyncio.Task[bytes]] = field(default_factory=list)

    def take(self, request: bytes) -> str:
        """Say what this request meets."""
        if request.startswith(REVERSE):
            fault, self.met = (self.fault, True) if not self.met else ("pass", True)
            return fault
        return self.looks.pop(0) if self.met and self.looks else "pass"


class Proxy:
    """The proxy, in a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._plans: dict[str, Plan] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self._server = server
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)

    def plan(self, api_key: str, plan: Plan) -> None:
        """Say what an account's requests will meet."""
        self._plans[api_key] = plan

    def met(self, api_key: str) -> bool:
        """Tell whether an account's reversal has come as far as here."""
        return self._plans[api_key].met

    def settle(self, api_key: str) -> None:
        """Wait until nothing of an account's is on its way any more."""
        asyncio.run_coroutine_threadsafe(self._settle(self._plans[api_key]), self._loop).result(timeout=30)

    async def _settle(self, plan: Plan) -> None:
        await asyncio.gather(*plan.pending)

    def close(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client's connection until it, a fault or `close` ends it."""
        # Python 3.11 reports a cancelled connection as a failed one, so cancelling ends here.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = await _message(reader)
                plan = self._plans.get(_header(request, b"access-key"))
                meets = "pass" if plan is None else plan.take(request)
                if not await self._meet(meets, plan or Plan("pass"), request, writer):
                    break
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def _meet(self, fault: str, plan: Plan, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Let a request meet its fault; whether the connection lives on."""
        if fault == "close":
            return False
        if fault == "never":
            await asyncio.sleep(HOLD_SECONDS)
            return False
        if fault == "slow":
            plan.pending.append(asyncio.create_task(self._forward(request, after=HOLD_SECONDS)))
            await asyncio.sleep(HOLD_SECONDS)
            return False
        # Shielded: that the client hangs up must not call back what is on its way.
        forward = asyncio.create_task(self._forward(request))
        plan.pending.append(forward)
        answer = await asyncio.shield(forward)
        if fault == "twice":
            again = asyncio.create_task(self._forward(request))
            plan.pending.append(again)
            answer = await asyncio.shield(again)
        if fault == "drop":
            return False
        if fault == "late":
            await asyncio.sleep(HOLD_SECONDS)
        change = _CHANGES.get(fault)
        writer.write(answer if change is None else change(answer))
        await writer.drain()
        return fault not in {"cut", "head", "late"}

    async def _forward(self, request: bytes, after: float = 0.0) -> bytes:
        await asyncio.sleep(after)
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(request)
            return await _message(reader)
        finally:
            writer.close()


def _truncated(answer: bytes) -> bytes:
    """A whole HTTP answer whose JSON ends in the middle."""
    _, _, body = answer.partition(b"\r\n\r\n")
    return _answer(b"200 OK", b"application/json", body[: len(body) // 2])


def _coded(code: str, text: str, status: bytes) -> bytes:
    body = json.dumps({"code": code, "msg": text, "requestTime": 1, "data": None}).encode()
    return _answer(status, b"application/json", body)


def _answer(status: bytes, kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        kind,
        len(body),
        body,
    )


#: Faults that are another answer than the venue's.
_CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "cut": lambda answer: answer[: -len(answer) // 4],
    "head": lambda answer: answer[: answer.index(b"\r\n") + 2],
    "truncate": _truncated,
    "html": lambda _: _answer(b"502 Bad Gateway", b"text/html", b"<h1>Bad Gateway</h1>"),
    "fault": lambda _: _coded("40725", "service return an error", b"500 Internal Server Error"),
    # What proxies say in JSON of their own, of which none is a word of the exchange's.
    "busy": lambda _: _answer(b"200 OK", b"application/json", b'{"code":503,"msg":"Service Unavailable"}'),
    "internal": lambda _: _answer(b"200 OK", b"application/json", b'{"code":"INTERNAL","msg":"upstream"}'),
    "gone": lambda _: _coded("408", "Request Timeout", b"408 Request Timeout"),
    "hung_up": lambda _: _coded("40757", "Not enough position is available.", b"499 Client Closed Request"),
    "denied": lambda _: _answer(b"403 Forbidden", b"application/json", b'{"code":1020,"message":"no"}'),
    "conflict": lambda _: _answer(b"409 Conflict", b"application/json", b'{"code":"","msg":null}'),
    "stale": lambda _: _answer(
        b"200 OK",
        b"application/json",
        b'{"code":"00000","msg":"success","data":{"orderId":"1000000000000000001","clientOid":"other"}}',
    ),
    "timed_out": lambda _: _coded("40010", "Request timed out", b"400 Bad Request"),
}


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or answer whose body's length is told, or that has none."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(_header(head, b"content-length") or 0)
    return head + await reader.readexactly(length)


def _header(message: bytes, name: bytes) -> str:
    head, _, _ = message.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        field_name, _, value = line.partition(b":")
        if field_name.lower() == name:
            return value.strip().decode()
    return ""
