"""
One venue, running: recover, run, stop.

    submit ─▶ queue ─▶ batch ─┬─▶ journal.append          (worker thread: write, sync)  ─┐
                              └─▶ engine.apply, captures  (event loop)                  ─┴─▶ JOIN
                                                                                             │
                                         history, contracts, counts, frames           ◀──────┤
                             read(fn) ─▶ functions of the state                       ◀──────┤
                                         answers                                      ◀──────┘

Commands that arrive while a sync runs form the next batch; no timer delays one. Venue time drives the
engine by `AdvanceClock`: a batch begins with one where time alone would change something, and once a second
`keep_time` sees to it that there is a batch then. Promises that nothing
leaves (answer, read, fold) which reflects a command that is not on disk. An error of the journal, the
engine or the read models ends the node: what was in flight is unknown, and only the journal, read
again, knows. The process that runs a node must then end too, and start again.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from queue import SimpleQueue
from typing import Any, Final, Protocol, TypeVar

from backhand.commands import AdvanceClock, Command, ResumeVenue
from backhand.engine import State, apply
from backhand.engine.prices import MARK_INTERVAL_MS, tick_is_due
from backhand.history import History
from backhand.journal import Batch, Journal
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied

#: Commands waiting for their batch. Beyond it a command is turned away unexecuted: by then the wait
#: would be longer than a client's patience, and the answers would only pile up further.
QUEUE_COMMANDS_MAX: Final = 10_000
#: Commands of one batch, so that one batch never holds the event loop for long.
BATCH_COMMANDS_MAX: Final = 1_000
#: Reads waiting for one join, for the same reason.
READS_WAITING_MAX: Final = 10_000
#: Applied commands handed to the folds at a time while recovering.
RECOVERY_CHUNK: Final = 1_000

T = TypeVar("T")


class NodeFailed(Exception):
    """The journal, the engine or the read models failed: this node is over; start another on the journal."""


class StartRefused(Exception):
    """The venue cannot start: its configuration does not fit what the journal holds."""


class Clock(Protocol):
    """Venue time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch; never less than before."""

    def seconds_for(self, venue_ms: int) -> float:
        """How long to wait until so much venue time has passed, as far as it is known."""


#: A read model, a counter: takes applied commands in order, at the join, without blocking.
Fold = Callable[[list[Applied]], None]
#: Looks at the state as it is right after a command, before anything is on disk: what it learns may leave
#: the node only at the join, through a fold or a read.
Capture = Callable[[State, Applied], None]


class _Submission:
    """Commands of one caller: one after the other, in one batch."""

    __slots__ = ("answer", "commands")

    def __init__(self, commands: tuple[Command, ...], answer: "asyncio.Future[list[Applied]]") -> None:
        self.commands = commands
        self.answer = answer


class _Read:
    """A function of the state that waits for a join."""

    __slots__ = ("answer", "read_state")

    def __init__(self, read_state: Callable[[State], Any], answer: "asyncio.Future[Any]") -> None:
        self.read_state = read_state
        self.answer = answer

    def run(self, state: State) -> None:
        """Read now; a reader's own mistake is the reader's answer, not the node's end."""
        if self.answer.done():
            return
        try:
            self.answer.set_result(self.read_state(state))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is passed on)
            self.answer.set_exception(error)


class _JournalThread:
    """
    Appends batches off the event loop, one after the other.

    An executor would do the same; its futures and locks cost three times as much per batch, which is
    what a lone client's commit mostly consists of besides the disk.
    """

    def __init__(self, append: Callable[[Batch], None], loop: asyncio.AbstractEventLoop) -> None:
        self._append = append
        self._loop = loop
        self._queue: SimpleQueue[tuple[Batch, asyncio.Future[None]] | None] = SimpleQueue()
        threading.Thread(target=self._work, name="journal").start()

    def append(self, batch: Batch) -> "asyncio.Future[None]":
        """Begin to append; the future is done when the batch is on disk, or holds the error."""
        synced: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((batch, synced))
        return synced

    def end(self) -> None:
        """Finish what was begun, in the background, and end."""
        self._queue.put(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            batch, synced = work
            error: BaseException | None = None
            try:
                self._append(batch)
            except BaseException as raised:  # noqa: BLE001 (whatever it is, the loop must not wait for ever)
                error = raised
            # Nobody waits any more when the loop is closed already.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_finish, synced, error)


def _finish(synced: "asyncio.Future[None]", error: BaseException | None) -> None:
    if synced.done():
        return
    if error is None:
        synced.set_result(None)
    else:
        synced.set_exception(error)


def _unmeasured(_commands: int, _seconds: float) -> None:
    """Nobody wants to know what a commit cost."""


class Node:
    """
    The commit loop around one state and one journal. Everything runs on one event loop.

    Args:
        folds: Given every batch at its join, after the history.
        captures: Given every command right after it was applied, before the next one is.
        on_commit: Told the commands of a batch, and the seconds from its start to its join.
    """

    def __init__(
        self,
        state: State,
        journal: Journal,
        history: History,
        clock: Clock,
        folds: Sequence[Fold] = (),
        on_commit: Callable[[int, float], None] = _unmeasured,
        captures: Sequence[Capture] = (),
    ) -> None:
        self.clock = clock
        self.history = history
        self._state = state
        self._journal = journal
        self._folds = tuple(folds)
        self._captures = tuple(captures)
        self._on_commit = on_commit
        self._queue: deque[_Submission] = deque()
        self._queued_commands = 0
        self._reads: deque[_Read] = deque()
        self._in_flight: list[_Submission] = []
        self._work = asyncio.Event()
        self._stopping = False
        self._over = False
        #: The second of venue time that was last asked what it changes.
        self._second = 0
        # Asked for once: before Python 3.12 each question is a system call.
        self._loop: asyncio.AbstractEventLoop | None = None

    async def submit(self, commands: tuple[Command, ...]) -> list[Applied]:
        """
        Have commands journaled and applied, one after the other in one batch.

        Raises:
            Overloaded: nothing was executed.
            OutcomeUnknown: the venue stopped first.
        """
        if self._over or self._stopping:
            raise OutcomeUnknown
        if self._queued_commands + len(commands) > QUEUE_COMMANDS_MAX:
            raise Overloaded
        answer: asyncio.Future[list[Applied]] = self._running_loop().create_future()
        self._queue.append(_Submission(commands, answer))
        self._queued_commands += len(commands)
        self._work.set()
        return await answer

    async def read(self, read_state: Callable[[State], T]) -> T:
        """
        Run a function of the state while everything applied is also synced.

        Raises:
            Overloaded: too many reads are waiting.
            OutcomeUnknown: the venue stopped first.
        """
        if self._over:
            raise OutcomeUnknown
        if not self._in_flight:
            return read_state(self._state)
        if len(self._reads) >= READS_WAITING_MAX:
            raise Overloaded
        read = _Read(read_state, self._running_loop().create_future())
        self._reads.append(read)
        result: T = await read.answer
        return result

    async def record_hash(self, sequence: int) -> bytes:
        """Hash of the journal's record that holds a command whose outcome was told; reads off the loop."""
        return await asyncio.to_thread(self._journal.hash_at, sequence)

    async def run(self) -> None:
        """
        Commit batches until `stop`.

        Raises:
            NodeFailed: the journal or the engine failed; end the process.
        """
        journal = _JournalThread(self._journal.append, self._running_loop())
        try:
            while await self._take_batch():
                await self.history.room()  # Read models that fall behind slow the venue down, not its memory.
                await self._commit(journal)
        except Exception as error:
            raise NodeFailed from error
        finally:
            journal.end()
            self._end()

    async def stop(self) -> None:
        """Let what is queued be committed and answered; take nothing new. `run` then returns."""
        self._stopping = True
        self._work.set()

    async def keep_time(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Have time do what it does also where nobody asks for anything: once a second, until cancelled."""
        while True:
            await pause(self.clock.seconds_for(MARK_INTERVAL_MS - self.clock.now_ms() % MARK_INTERVAL_MS))
            with contextlib.suppress(Overloaded):  # Then there are batches enough.
                await self.submit(())

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    async def _take_batch(self) -> bool:
        """Wait for work and move a batch of it in flight; false when there is none and none will come."""
        while not self._queue:
            if self._stopping:
                return False
            self._work.clear()
            await self._work.wait()
        size = 0
        while self._queue and (size == 0 or size + len(self._queue[0].commands) <= BATCH_COMMANDS_MAX):
            submission = self._queue.popleft()
            size += len(submission.commands)
            self._in_flight.append(submission)
        self._queued_commands -= size
        return True

    async def _commit(self, journal: _JournalThread) -> None:
        started = time.perf_counter()
        state = self._state
        stamp_ms = max(self.clock.now_ms(), state.time_ms)
        asked = [command for submission in self._in_flight for command in submission.commands]
        ticks = self._ticks(asked, stamp_ms)
        commands = (*ticks, *asked)
        if not commands:
            self._answer([])
            return
        batch = Batch(first_sequence=state.sequence + 1, time_ms=stamp_ms, commands=commands)
        synced = journal.append(batch)
        try:
            applied = [self._apply(command, stamp_ms) for command in commands]
        except Exception:
            synced.cancel()  # The engine's mistake ends the node; nobody will ask how the journal fared.
            raise
        await synced  # The join: from here on everything applied is also on disk.
        self._on_commit(len(commands), time.perf_counter() - started)
        self.history.put(applied)
        for fold in self._folds:
            fold(applied)
        self._answer(applied[len(ticks) :])

    def _ticks(self, asked: list[Command], stamp_ms: int) -> tuple[Command, ...]:
        """
        What time has to do before a batch: nothing mostly, and nothing before the venue was resumed.

        Funding is due and marks move at whole seconds, so that each second is asked about once.
        """
        second = stamp_ms // MARK_INTERVAL_MS
        if second == self._second or (asked and isinstance(asked[0], ResumeVenue)):
            return ()
        self._second = second
        return (AdvanceClock(),) if tick_is_due(self._state, stamp_ms) else ()

    def _apply(self, command: Command, stamp_ms: int) -> Applied:
        applied = _apply(self._state, command, stamp_ms)
        for capture in self._captures:
            capture(self._state, applied)
        return applied

    def _answer(self, applied: list[Applied]) -> None:
        """Run the reads that waited, and give every caller its part."""
        submissions, self._in_flight = self._in_flight, []
        reads, self._reads = self._reads, deque()
        for read in reads:
            read.run(self._state)
        start = 0
        for submission in submissions:
            end = start + len(submission.commands)
            if not submission.answer.done():
                submission.answer.set_result(applied[start:end])
            start = end

    def _end(self) -> None:
        """Nothing more is taken; whoever still waits is told that the outcome is unknown."""
        self._over = True
        left: list[_Submission | _Read] = [*self._in_flight, *self._queue, *self._reads]
        for waiting in left:
            if not waiting.answer.done():
                waiting.answer.set_exception(OutcomeUnknown())


def recover(journal: Journal, history: History, folds: Sequence[Fold] = ()) -> State:
    """
    Replay a journal from its beginning: the state, and in the same pass what the read models lack.

    Blocks; runs before an event loop does.

    Raises:
        StartRefused: the read models are ahead of the journal, so its end was lost.
        JournalError: see `journal.errors`.
    """
    if history.position > journal.last_sequence:
        raise StartRefused(
            f"the read models have seen sequence {history.position}, but the journal ends at "
            f"{journal.last_sequence}: its end was lost; restore it, or delete the read models and go on"
        )
    state = State()
    known = history.position
    waiting: list[Applied] = []
    for batch in journal.follow(1):
        waiting.extend(_apply(state, command, batch.time_ms) for command in batch.commands)
        if len(waiting) >= RECOVERY_CHUNK:
            _feed(waiting, history, known, folds)
            waiting = []
    _feed(waiting, history, known, folds)
    return state


def _feed(applied: list[Applied], history: History, known: int, folds: Sequence[Fold]) -> None:
    """Hand a run of replayed commands to the read models; the ones in files know those up to `known`."""
    if applied:
        history.put_and_wait([one for one in applied if one.sequence > known])
        for fold in folds:
            fold(applied)


def _apply(state: State, command: Command, stamp_ms: int) -> Applied:
    events = apply(state, command, stamp_ms)
    return Applied(state.sequence, state.time_ms, command, events)
