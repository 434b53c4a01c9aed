"""
One venue process from start to stop.

    open storage ─▶ recover ─▶ configure ─▶ first quotes ─▶ listen ─▶ announce ─▶ … ─▶ stop

It ends in one of two ways: asked to (take nothing new, answer what is in flight, sync, exit 0), or
because the node failed (exit EXIT_FAILED; whoever waits is told that the outcome is unknown).
"""

import asyncio
import contextlib
import gc
import hashlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from backhand.clock import VenueClock
from backhand.control.app import control_app
from backhand.control.guard import is_loopback
from backhand.control.metrics import VenueCounts, registry
from backhand.engine import State
from backhand.explaining import Refusals
from backhand.gateway.access import Access
from backhand.gateway.app import Gateway
from backhand.gateway.calls import Calls
from backhand.gateway.counters import RequestCounters
from backhand.gateway.limits import AddressLimits
from backhand.gateway.server import bind, make_server
from backhand.gateway.session import Session
from backhand.gateway.trading import Trading
from backhand.gateway.websocket import WebSocket, text_frame
from backhand.market.synthetic import SyntheticMarket
from backhand.node import Node, NodeFailed, recover
from backhand.projections.applied import Applied
from backhand.projections.candles import CandleSeries
from backhand.projections.tickers import TickersFold
from backhand.projections.trades import RecentTrades
from backhand.sealing import RandomCredentials, SeededCredentials
from backhand.serving.directory import Directory
from backhand.serving.documents import Documents
from backhand.serving.feeds import VenueFeeds
from backhand.serving.figures import StateFigures
from backhand.serving.options import Options
from backhand.serving.running import RunningVenue
from backhand.serving.storage import Storage, open_folder, open_memory
from backhand.starting import configure, resume
from backhand.streams.publisher import Publisher
from backhand.wire.contracts import built_in_contracts

#: The seed of the synthetic market's walk when none was given.
WALK_SEED: Final = 0
#: What connections may take to hear that the outcome is unknown, after the node failed.
LAST_WORDS_SECONDS: Final = 1.0

#: Reference counts free what a request leaves behind. Cycles are rare, and looking for them as often as
#: Python does by default costs each request 6 µs among the thousands of lists that wait for the read models.
GC_THRESHOLDS: Final = (20_000, 20, 20)

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 70

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def serve(options: Options, announce: Callable[[str, int], None]) -> int:
    """
    Serve a venue until SIGTERM or SIGINT; return the process's exit code.

    Args:
        announce: Called once with host and port, when everything is ready.

    Raises:
        OSError: the address cannot be taken.
        StartRefused, JournalError, HistoryError, SealError: the venue cannot start; nothing was served.
    """
    listener = bind(options.host, options.port)
    try:
        storage = (
            open_memory(options.seed) if options.data is None else open_folder(options.data, options.seed)
        )
    except BaseException:
        listener.close()
        raise
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_Process(options, storage, listener, announce).run())


class _Process:
    """Everything of one venue process, in the order in which it comes up."""

    def __init__(
        self,
        options: Options,
        storage: Storage,
        listener: socket.socket,
        announce: Callable[[str, int], None],
    ) -> None:
        self._options = options
        self._storage = storage
        self._listener = listener
        self._announce = announce
        self._tickers = TickersFold()
        self._candles = CandleSeries()
        self._trades = RecentTrades()
        self._directory = Directory(storage.sealer)
        self._counts = VenueCounts()
        self._refusals = Refusals()
        self._node = self._recovered_node()
        self._feeds = VenueFeeds(self._node, self._clock, self._directory, self._publisher)
        self._venue = RunningVenue(
            self._node,
            self._directory,
            self._tickers,
            storage.sealer,
            RandomCredentials() if options.seed is None else SeededCredentials(options.seed),
            self._clock,
            self._refusals,
        )
        self._requests = RequestCounters()
        self._access = Access(self._venue, clients_clock=self._clients_clock_ms)
        self._addresses = AddressLimits(
            self._clock.now_ms, lambda: options.ip_limits and self._limits_apply()
        )
        self._calls = Calls(self._venue, self._access, limits=self._limits_apply, run=_run_mark(options.seed))
        self._trading = Trading(self._venue, self._calls, self._requests)
        self._server = make_server(self._app(), self._open_websocket)
        self._asked_to_stop = asyncio.Event()

    def _recovered_node(self) -> Node:
        storage = self._storage
        counts = self._counts
        market = (self._tickers.fold, self._candles.fold, self._trades.fold)
        state = recover(storage.journal, storage.history, (*market, self._directory.fold, counts.recover))
        self._directory.check_keys()
        clock = self._clock = VenueClock(state.time_ms, self._options.clock, self._options.speed)
        publisher = self._publisher = Publisher(
            StateFigures(state, self._tickers),
            self._candles,
            self._trades,
            text_frame,
            "per_command" if clock.mode == "frozen" else "timed",
        )

        def capture(_state: State, applied: Applied) -> None:
            # What frames show of the market goes with the state, and reads see both only at a join.
            for fold in market:
                fold([applied])
            # The operator may have frozen the clock, or set it free.
            publisher.cadence = "per_command" if clock.mode == "frozen" else "timed"
            publisher.capture(applied)

        node = Node(
            state,
            storage.journal,
            storage.history,
            clock,
            (self._directory.fold, counts.fold, publisher.release),
            counts.commit,
            (capture, self._refusals.capture),
        )
        _log.info("recovered", venue=storage.venue_id, sequence=state.sequence)
        # What was replayed stays: it need not be walked again by every collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        return node

    def _clients_clock_ms(self, wall_ms: int) -> int | None:
        """Clients sign with their own clocks, which a clock that is not real leaves behind (DESIGN D5)."""
        if self._directory.timestamp_window == "venue":
            return self._clock.now_ms()
        return wall_ms if self._clock.mode == "real" else None

    def _limits_apply(self) -> bool:
        """Whether calls are counted now: a second of a frozen clock never ends."""
        limits = self._options.limits
        return self._clock.mode != "frozen" if limits is None else limits

    def _app(self) -> ASGIApp:
        control = control_app(
            self._venue,
            registry(self._requests, self._counts),
            token=self._options.token,
            loopback=is_loopback(self._options.host),
        )
        gateway = Gateway(self._venue, self._access, self._calls, self._requests, self._addresses)

        documents = Documents()

        def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            path: str = scope["path"]
            if path in documents:
                return documents(scope, receive, send)
            of_operator = path.startswith("/_venue") or path == "/metrics"
            return (control if of_operator else gateway)(scope, receive, send)

        return app

    def _open_websocket(
        self, transport: asyncio.Transport, server_state: ServerState, head: bytes, rest: bytes
    ) -> None:
        """Take over a connection whose client asked for a WebSocket."""
        websocket = WebSocket(
            transport,
            server_state,
            lambda peer: Session(peer, self._feeds, self._access, self._trading.answer),
            self._addresses,
        )
        # The answer to the handshake goes before those to the frames that came with it.
        websocket.data_received(head)
        if rest:
            websocket.data_received(rest)

    async def run(self) -> int:
        """Come up, serve, stop; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop.set)
        commits = asyncio.create_task(self._node.run())
        try:
            quotes = await self._configured_market()
        except BaseException:
            await self._node.stop()
            with contextlib.suppress(NodeFailed):
                await commits
            self._storage.close()
            raise
        cuts = asyncio.create_task(self._feeds.run())
        serving = asyncio.create_task(self._server.serve([self._listener]))
        await self._server.listening.wait()
        host, port = self._listener.getsockname()[:2]
        self._venue.ready = True
        self._announce(host, port)
        asked = asyncio.create_task(self._asked_to_stop.wait())
        await asyncio.wait({commits, quotes, cuts, serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        self._venue.ready = False
        cuts.cancel()
        return await (
            self._stop(commits, quotes, serving)
            if asked.done()
            else self._fail(commits, quotes, cuts, serving)
        )

    async def _configured_market(self) -> asyncio.Task[None]:
        """Bring configuration and first quotes into the journal; give the task that goes on from there."""
        options = self._options
        await resume(self._node)
        await configure(
            self._node,
            venue_id=self._storage.venue_id,
            seed=options.seed,
            switches=options.switches,
            first_contracts=built_in_contracts(),
            contracts=options.contracts,
        )
        if options.market == "manual":
            return asyncio.create_task(self._node.keep_time())
        indexes_e12, sequence = await self._node.read(
            lambda state: (
                {symbol: market.index_price_e12 for symbol, market in state.markets.items()},
                state.sequence,
            )
        )
        seed = f"{WALK_SEED if options.seed is None else options.seed}/{sequence}"
        market = SyntheticMarket(self._directory.contracts.values(), seed, indexes_e12)
        await self._node.submit(market.step())
        self._venue.market_step = market.step
        return asyncio.create_task(self._quote(market))

    async def _quote(self, market: SyntheticMarket) -> None:
        """Keep time and quote, until cancelled or until the node ends."""
        clock = self._clock
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._node.keep_time())
            tasks.create_task(market.run(self._node.submit, lambda: clock.mode != "frozen"))

    async def _stop(
        self, commits: asyncio.Task[None], quotes: asyncio.Task[None], serving: asyncio.Task[None]
    ) -> int:
        """Take nothing new, answer what is in flight, commit it, close."""
        self._server.stop()
        await serving
        quotes.cancel()
        await self._node.stop()
        await commits
        self._storage.close()
        _log.info("stopped")
        return EXIT_DONE

    async def _fail(self, *tasks: asyncio.Task[None]) -> int:
        """Tell those who wait that the outcome is unknown, and end: only the journal, read again, knows."""
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                _log.critical("venue_failed", exc_info=task.exception())
        serving = tasks[-1]
        self._server.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await asyncio.shield(serving)
        return EXIT_FAILED


def _run_mark(seed: int | None) -> bytes:
    """What request ids of this process begin with: chance, or the seed's, so that seeded runs are equal."""
    if seed is None:
        return os.urandom(4).hex().encode()
    return hashlib.blake2b(f"backhand requests {seed}".encode(), digest_size=4).hexdigest().encode()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 (not there on Windows)
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
