"""
What is held and what it earns, followed live over the exchange's streams.

    private connection: positions ──┐
                                    ├─▶ Held ─▶ the positions, whenever they or their profit have changed
    public connection: mark prices ─┘

A position is pushed when an order, a fill or its margin changes it, and not when the mark moves: profit in
between is computed from the mark, to the digit that the exchange's own figure has. Lost connections are made
again and begin with a new snapshot, so that nothing that happened meanwhile is missed.
"""

import asyncio
import decimal
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from backhand.client.errors import NoAnswer, NotSent
from backhand.client.instruments import Instrument, ProductType, instrument_of
from backhand.client.models import Position, present
from backhand.client.session import Credentials
from backhand.client.sockets import Arg, ConnectionLost, Frame, Socket, stream_url, understood
from backhand.units import format_decimal

#: Pauses between attempts to connect again: each is twice the one before, up to the limit.
FIRST_PAUSE_SECONDS: Final = 0.25
PAUSE_SECONDS_MAX: Final = 8.0
#: Attempts in a row that may fail before it is given up: about three quarters of a minute.
ATTEMPTS_MAX: Final = 10

_PRODUCT_TYPES: Final[tuple[ProductType, ...]] = get_args(ProductType)
#: What REST calls otherwise (websocket.md section 7).
_REST_NAMES: Final = {"instId": "symbol", "frozen": "locked", "marginRate": "marginRatio"}
#: Decimals that profit is shown with.
PROFIT_PLACES: Final = 16
_EXACT: Final = decimal.Context(prec=80, rounding=decimal.ROUND_FLOOR)


def _unheard(_reason: str) -> None:
    """Nobody wants to know that a connection was lost."""


async def live_positions(
    base_url: str,
    credentials: Credentials,
    instrument: Instrument | str | None = None,
    *,
    paptrading: bool = False,
    timeout_seconds: float = 5.0,
    on_lost: Callable[[str], None] = _unheard,
) -> AsyncGenerator[list[Position], None]:
    """
    Give what is held of a contract, or of everything: now, and again whenever it or its profit has changed.

    Size, entry, margin and liquidation price are as of the last order, fill or margin change of the account,
    mark price and unrealised profit as of the mark.

    Args:
        base_url: As for `Client`; the streams' address follows from it.
        timeout_seconds: How long connecting, or a snapshot, may take.
        on_lost: Told why a connection was lost, each time before it is made again.

    Raises:
        NotSent: No connection in the first place.
        NoAnswer: The connection was lost, and ATTEMPTS_MAX attempts in a row have failed.
        AccessRefused: The login was not accepted, now or when connecting again.
        Refused: There is no such contract.

    Source: bitget-v2 Positions-Channel, Tickers-Channel; websocket.md sections 3, 6 and 7
    """
    of = None if instrument is None else instrument_of(instrument)
    failures = 0
    was_connected = False
    while True:
        try:
            private = Socket(stream_url(base_url, "private", paptrading=paptrading), timeout_seconds)
            public = Socket(stream_url(base_url, "public", paptrading=paptrading), timeout_seconds)
            async with (
                private,
                public,
                aclosing(_followed(private, public, credentials, of, timeout_seconds)) as changes,
            ):
                async for held in changes:
                    failures, was_connected = 0, True
                    yield held
        except ConnectionLost as lost:
            if not was_connected:
                raise NotSent(str(lost)) from lost
            failures += 1
            if failures > ATTEMPTS_MAX:
                raise NoAnswer(f"the connection was lost and is not to be had again: {lost}") from lost
            on_lost(str(lost))
        await asyncio.sleep(min(PAUSE_SECONDS_MAX, FIRST_PAUSE_SECONDS * 2 ** (failures - 1)))


async def _followed(
    private: Socket,
    public: Socket,
    credentials: Credentials,
    of: Instrument | None,
    snapshot_seconds_max: float,
) -> AsyncGenerator[list[Position], None]:
    """Follow both connections until one of them is lost."""
    await private.log_in(credentials)
    held = _Held(of)
    await private.subscribe([Arg("positions", product_type) for product_type in held.product_types])
    read = held.tickers()
    await public.subscribe(sorted(read))
    shown: list[Position] | None = None
    async with aclosing(_merged(private, public)) as frames:
        try:
            async with asyncio.timeout(snapshot_seconds_max):
                while not held.is_known:
                    held.take(await anext(frames))
        except TimeoutError:
            raise ConnectionLost("no positions came") from None
        while True:
            wanted = held.tickers()
            await public.subscribe(sorted(wanted - read))
            await public.unsubscribe(sorted(read - wanted))
            read = wanted
            now = held.positions()
            if now != shown:
                shown = now
                yield now
            held.take(await anext(frames))


async def _merged(*sockets: Socket) -> AsyncGenerator[Frame, None]:
    """Give the frames of several connections as they come."""
    waiting = {asyncio.ensure_future(socket.frame()): socket for socket in sockets}
    try:
        while True:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                socket = waiting.pop(task)
                frame = task.result()
                waiting[asyncio.ensure_future(socket.frame())] = socket
                yield frame
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class _Held:
    """What both connections have told so far."""

    def __init__(self, of: Instrument | None) -> None:
        self.product_types = _PRODUCT_TYPES if of is None else (of.product_type,)
        self._of = of
        self._is_listed = False
        self._legs: dict[str, list[Position]] = {}
        self._marks: dict[str, Decimal] = {}

    @property
    def is_known(self) -> bool:
        """Whether a snapshot of every product type has come, and the contract asked for exists."""
        return len(self._legs) == len(self.product_types) and (self._of is None or self._is_listed)

    def take(self, frame: Frame) -> None:
        """
        Take in a frame.

        Raises:
            ConnectionLost: It is not understood.
        """
        if "action" not in frame:
            # An acknowledgement. One of a ticker means that there is such a contract; else it is an error.
            self._is_listed = self._is_listed or frame.get("arg", {}).get("channel") == "ticker"
            return
        with understood():
            push = msgspec.convert(present(frame), _Push, strict=False)
            if push.arg.product_type not in self.product_types:
                return  # Nobody has asked for it, and it is no snapshot of what was asked for.
            if push.arg.channel == "positions":
                legs = self._legs[push.arg.product_type] = [_position(row) for row in push.data]
                # Whatever was told last: a ticker that was not read for a while is older than this.
                self._marks |= {leg.symbol: leg.mark_price for leg in legs if leg.mark_price is not None}
            elif push.arg.channel == "ticker":
                for row in push.data:
                    if "markPrice" in row:  # Not before there is an index price.
                        mark = msgspec.convert(row["markPrice"], Decimal, strict=False)
                        _require_finite([mark])
                        self._marks[push.arg.name] = mark

    def tickers(self) -> set[Arg]:
        """Name the tickers that marks are needed of: of what is held, and of what was asked for."""
        held = {Arg("ticker", product, leg.symbol) for product, legs in self._legs.items() for leg in legs}
        return held if self._of is None else {Arg("ticker", self._of.product_type, self._of.symbol)}

    def positions(self) -> list[Position]:
        """
        Give what is held, with mark and profit of now.

        Raises:
            ConnectionLost: No profit can be reckoned from what was told.
        """
        with understood():
            return [
                self._at_mark(leg, product)
                for product in self.product_types
                for leg in self._legs[product]
                if self._of is None or leg.symbol == self._of.symbol
            ]

    def _at_mark(self, leg: Position, product_type: str) -> Position:
        mark = self._marks.get(leg.symbol)
        if mark is None or mark == leg.mark_price:
            return leg
        profit = _profit(leg, mark, inverse=product_type == "COIN-FUTURES")
        return msgspec.structs.replace(leg, mark_price=mark, unrealized_profit=profit)


class _Push(msgspec.Struct, frozen=True):
    """A frame that brings rows."""

    arg: Arg
    data: list[dict[str, Any]]


def _position(row: dict[str, Any]) -> Position:
    renamed = {_REST_NAMES.get(name, name): value for name, value in row.items()}
    position = msgspec.convert(renamed, Position, strict=False)
    _require_finite(msgspec.structs.astuple(position))
    return position


def _require_finite(values: Iterable[object]) -> None:
    """Refuse what Decimal reads and nobody can hold or pay: NaN and infinity."""
    for value in values:
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(f"{value} is no figure")


def _profit(leg: Position, mark: Decimal, *, inverse: bool) -> Decimal:
    """
    Unrealised profit at a mark, in the margin coin, rounded down where the venue's own figure is.

    Source: contracts.md section 3
    """
    with decimal.localcontext(_EXACT):
        moved = mark - leg.open_price_avg
        profit = leg.total * (moved if leg.hold_side == "long" else -moved)
        counted = (profit / mark if inverse else profit).scaleb(PROFIT_PLACES).to_integral_value()
    return Decimal(format_decimal(int(counted), PROFIT_PLACES))
