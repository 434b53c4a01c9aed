"""
The two clients: the same declarations, driven by a thread or by an event loop.

Each call's signature and documentation are those of its declaration in `*_calls.py`; the drivers below are
all that differs.
"""

import asyncio
import functools
import inspect
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, get_args

from backhand.client import account_calls, market_calls, order_calls, reversal_calls
from backhand.client.errors import NotSent
from backhand.client.session import Credentials, Flow, Outgoing, Session
from backhand.client.transport import (
    AnswerLost,
    AsyncHttpxTransport,
    AsyncTransport,
    HttpxTransport,
    Transport,
)

P = ParamSpec("P")
T = TypeVar("T")
X = TypeVar("X", Transport, AsyncTransport)
C = TypeVar("C", bound=Callable[..., object])

#: The real exchange. With keys for demo trading also say `paptrading=True`.
BITGET: Final = "https://api.bitget.com"


class Connected(Generic[X]):
    """
    What both clients are made with.

    Args:
        base_url: Where it is, such as `http://127.0.0.1:8080` or `BITGET`.
        credentials: None for public calls only.
        paptrading: The real exchange's demo trading, with keys for it.
        copy_trader: The account is a copy-trading trader's: 1 order or reversal per second.
        timeout_seconds: How long one request may take.
        pacing: Delay calls to keep to the limits of the exchange. Off where limits are off.
        transport: Another way to send requests than httpx.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        paptrading: bool = False,
        copy_trader: bool = False,
        timeout_seconds: float = 5.0,
        pacing: bool = True,
        transport: X | None = None,
    ) -> None:
        self.session = Session(
            credentials,
            paptrading=paptrading,
            copy_trader=copy_trader,
            timeout_seconds=timeout_seconds,
            pacing=pacing,
        )
        self._transport: X = self._connect(base_url) if transport is None else transport

    def _connect(self, base_url: str) -> X:
        raise NotImplementedError

    def new_client_oid(self) -> str:
        """Make an id for an order or a reversal, where it must be known before the call, whatever ends it."""
        return self.session.new_client_oid()


def _sync(declared: Callable[Concatenate[Session, P], Flow[T]]) -> Callable[Concatenate["Client", P], T]:
    @functools.wraps(declared)
    def call(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return client.run(declared(client.session, *args, **kwargs))

    return _shown(call, declared)


def _async(
    declared: Callable[Concatenate[Session, P], Flow[T]],
) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    @functools.wraps(declared)
    async def call(client: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client.run(declared(client.session, *args, **kwargs))

    return _shown(call, declared)


@contextmanager
def _named(outgoing: Outgoing) -> Iterator[None]:
    """Let what stops a call half-way, such as Ctrl-C, name what has to be looked for."""
    try:
        yield
    except (NotSent, AnswerLost):
        raise
    except BaseException as stopped:
        fields = outgoing.fields
        name = next((f"{each} {fields[each]}" for each in ("clientOid", "orderId") if each in fields), "")
        if name:
            stopped.add_note(f"{outgoing.route.path} was stopped; look for {name} before anything else")
        raise


def _shown(call: C, declared: Callable[..., object]) -> C:
    """Let `help` show what the call returns, not the generator that its declaration is."""
    signature = inspect.signature(declared)
    _, _, result = get_args(signature.return_annotation)
    call.__dict__["__signature__"] = signature.replace(return_annotation=result)
    return call


class Client(Connected[Transport]):
    """
    A venue's or the exchange's API, in threads.

    Used as a context manager it closes its connections at the end. One client may serve several threads.

    Made with what `Connected` takes.
    """

    def _connect(self, base_url: str) -> Transport:
        return HttpxTransport(base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def run(self, flow: Flow[T]) -> T:
        """Carry out a call: wait, send, hand back the answer, until it has its result."""
        try:
            outgoing = next(flow)
            while True:
                try:
                    with _named(outgoing):
                        if outgoing.delay_seconds > 0:
                            time.sleep(outgoing.delay_seconds)
                        answer = self._transport.exchange(self.session.signed(outgoing))
                except (NotSent, AnswerLost) as failure:
                    outgoing = flow.throw(failure)
                else:
                    outgoing = flow.send(answer)
        except StopIteration as finished:
            result: T = finished.value
            return result

    server_time = _sync(market_calls.server_time)
    contracts = _sync(market_calls.contracts)
    ticker = _sync(market_calls.ticker)
    book = _sync(market_calls.book)
    account = _sync(account_calls.account)
    accounts = _sync(account_calls.accounts)
    positions = _sync(account_calls.positions)
    set_leverage = _sync(account_calls.set_leverage)
    set_margin_mode = _sync(account_calls.set_margin_mode)
    set_position_mode = _sync(account_calls.set_position_mode)
    place_order = _sync(order_calls.place_order)
    cancel_order = _sync(order_calls.cancel_order)
    close_positions = _sync(order_calls.close_positions)
    order = _sync(order_calls.order)
    open_orders = _sync(order_calls.open_orders)
    order_history = _sync(order_calls.order_history)
    fills = _sync(order_calls.fills)
    quote = _sync(reversal_calls.quote)
    reverse = _sync(reversal_calls.reverse)
    find_reversal = _sync(reversal_calls.find_reversal)
    receipt = _sync(reversal_calls.receipt)
    explain = _sync(reversal_calls.explain)


class AsyncClient(Connected[AsyncTransport]):
    """
    A venue's or the exchange's API, in an event loop of asyncio.

    Used as an asynchronous context manager it closes its connections at the end. A call that is cancelled
    may have been sent: cancel no change whose `client_oid` you do not have.

    Made with what `Connected` takes.
    """

    def _connect(self, base_url: str) -> AsyncTransport:
        return AsyncHttpxTransport(base_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def run(self, flow: Flow[T]) -> T:
        """Carry out a call: wait, send, hand back the answer, until it has its result."""
        try:
            outgoing = next(flow)
            while True:
                try:
                    with _named(outgoing):
                        if outgoing.delay_seconds > 0:
                            await asyncio.sleep(outgoing.delay_seconds)
                        answer = await self._transport.exchange(self.session.signed(outgoing))
                except (NotSent, AnswerLost) as failure:
                    outgoing = flow.throw(failure)
                else:
                    outgoing = flow.send(answer)
        except StopIteration as finished:
            result: T = finished.value
            return result

    server_time = _async(market_calls.server_time)
    contracts = _async(market_calls.contracts)
    ticker = _async(market_calls.ticker)
    book = _async(market_calls.book)
    account = _async(account_calls.account)
    accounts = _async(account_calls.accounts)
    positions = _async(account_calls.positions)
    set_leverage = _async(account_calls.set_leverage)
    set_margin_mode = _async(account_calls.set_margin_mode)
    set_position_mode = _async(account_calls.set_position_mode)
    place_order = _async(order_calls.place_order)
    cancel_order = _async(order_calls.cancel_order)
    close_positions = _async(order_calls.close_positions)
    order = _async(order_calls.order)
    open_orders = _async(order_calls.open_orders)
    order_history = _async(order_calls.order_history)
    fills = _async(order_calls.fills)
    quote = _async(reversal_calls.quote)
    reverse = _async(reversal_calls.reverse)
    find_reversal = _async(reversal_calls.find_reversal)
    receipt = _async(reversal_calls.receipt)
    explain = _async(reversal_calls.explain)
