"""Nodes for tests: journals that wait, clocks that are set, and a node run while a test uses it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from backhand.clock import VenueClock
from backhand.commands import Command, Contract, OpenAccount, Transfer
from backhand.history import History
from backhand.journal import Batch, JournalUnavailable, MemoryJournal
from backhand.node import Clock, Node, recover
from backhand.starting import UNCHANGED, Switches, configure
from backhand.wire.contracts import built_in_contracts

VENUE: Final = "test"


class SetClock:
    """Venue time as a test sets it."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms

    def now_ms(self) -> int:
        return self.time_ms

    def seconds_for(self, venue_ms: int) -> float:
        return venue_ms / 1_000


async def keep_time(node: Node, clock: SetClock, until_ms: int) -> None:
    """Let a node keep time up to an instant: what it would wait for is there at once."""
    reached = asyncio.Event()

    async def pause(seconds: float) -> None:
        if clock.time_ms >= until_ms:
            reached.set()
            await asyncio.Event().wait()
        clock.time_ms += round(seconds * 1_000)

    timer = asyncio.create_task(node.keep_time(pause))
    await reached.wait()
    timer.cancel()


class GatedJournal(MemoryJournal):
    """A journal whose appends wait for a gate, and fail when told to: a disk that takes its time."""

    def __init__(self) -> None:
        super().__init__(VENUE)
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.broken = False
        self.batches: list[Batch] = []

    def append(self, batch: Batch) -> None:
        self.started.set()
        self.gate.wait()
        if self.broken:
            raise JournalUnavailable("the disk is full")
        super().append(batch)
        self.batches.append(batch)


def running(
    journal: MemoryJournal,
    history: History,
    use: Callable[[Node], Awaitable[None]],
    clock: Clock | None = None,
) -> None:
    """Run a node on what the journal holds while `use` uses it, and stop it."""

    async def run() -> None:
        node = Node(recover(journal, history), journal, history, clock or VenueClock())
        committing = asyncio.create_task(node.run())
        await use(node)
        await node.stop()
        await committing

    asyncio.run(run())


async def waiting_sync(journal: GatedJournal) -> None:
    """Wait until an append is under way."""
    await asyncio.to_thread(journal.started.wait)
    journal.started.clear()


def opened(uid: str) -> tuple[Command, ...]:
    return (OpenAccount(uid),)


async def brought(node: Node, switches: Switches, contracts: tuple[Contract, ...] = ()) -> None:
    """Bring a configuration into the journal, as a start does."""
    await configure(
        node,
        venue_id=VENUE,
        seed=None,
        switches=switches,
        first_contracts=built_in_contracts(),
        contracts=contracts,
    )


def with_history(use: Callable[[History], object], file: Path | None = None) -> None:
    """Open read models for `use`, and close them."""
    history = History(file, VENUE)
    try:
        use(history)
    finally:
        history.close()


def configured(journal: MemoryJournal, history: History) -> None:
    """Write a journal with a configured venue and one account."""

    async def use(node: Node) -> None:
        await brought(node, UNCHANGED)
        await node.submit((OpenAccount("a"), Transfer("a", "USDT", 5 * 10**8)))

    running(journal, history, use)
