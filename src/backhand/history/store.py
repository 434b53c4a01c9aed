"""
The read models' store: one thread that owns one SQLite connection, and one queue in front of it.

    put(applied) ─▶ ┐                             ┌─▶ fold ─▶ rows and position, one transaction
                    ├─▶ queue, first in first out ┤
    await ask() ──▶ ┘                             └─▶ answer

Commands gather in the queue until a read waits behind them, they fill a transaction, or GATHERING_S is over.

Promises that a read sees everything that was put before it was asked; that the position on disk never
runs ahead of the rows; that the event loop never waits for the disk. A read that cannot be answered in
time says so, and never that something does not exist.

Back-pressure: `put` always takes what it is given, so whoever produces must `await room()` before it
makes more. What is waiting then stays below BACKLOG_MAX and one batch.

A failure to write or read ends the history: nothing more is taken or told, and the owner is to stop and
start again. What is not in the file is in the journal.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import structlog

from backhand.engine.invariants import invariant
from backhand.history.errors import HistoryClosed, HistoryError, HistoryFailed, HistoryTimeout
from backhand.history.schema import UNREADABLE, delete_history, may_be_damage, open_history
from backhand.history.writes import write
from backhand.projections.applied import Applied

FILE_NAME: Final = "history.db"
#: Applied commands waiting to be folded. Ten thousand reversals take the worker one second into a new file
#: and two to four into a large one or beside a busy event loop: less than READ_TIMEOUT_S, so reads are late
#: under load but not lost. They hold about 70 MB.
BACKLOG_MAX: Final = 10_000
#: How long a read waits for what was put before it, and for its own answer.
READ_TIMEOUT_S: Final = 5.0
#: Reads waiting at once. Beyond it the newest would only time out behind the others.
READS_WAITING_MAX: Final = 1_000
#: Commands in one transaction: enough to share its cost, few enough that a read behind it is prompt.
TRANSACTION_COMMANDS_MAX: Final = 1_000
#: How long commands wait for others to share a transaction with while nobody asks for them: a transaction of
#: 1 000 costs a third of what those of 30 cost, because each writes every page that it touches once. A crash
#: loses nothing by it, the journal has them; a start folds a moment's worth more.
GATHERING_S: Final = 0.5
#: How long one read may hold the worker: a filter that matches next to nothing of a very long past must not
#: keep everybody else's reads and writes waiting. A step of SQLite's machine takes 35 to 360 ns, as it reads
#: an index or whole rows, so that a bound of steps would be one of seconds.
READ_WORK_S_MAX: Final = 0.5
#: Steps between two looks at the time, 4 to 36 ms: more than any page takes that its index answers, so that
#: no such page is refused however slow the machine is.
_STEPS_PER_LOOK: Final = 100_000

T = TypeVar("T")
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Read(Generic[T]):
    """A question, and the future that its answer goes to."""

    __slots__ = ("answer", "ask")

    def __init__(self, ask: Callable[[sqlite3.Connection], T]) -> None:
        self.ask = ask
        self.answer: Future[T] = Future()


class Store:
    """
    What was folded from events, durable beside the journal. What can be asked of it stands in `questions`.

    Made and closed by one thread; `put`, `room` and `ask` are for one event loop.
    """

    def __init__(
        self,
        path: Path | None,
        venue_id: str,
        *,
        backlog_max: int = BACKLOG_MAX,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """
        Open the file, made anew when it is missing, damaged, of another schema or venue.

        Args:
            path: The file itself, or None to keep everything in memory.
            venue_id: Whose journal the rows are folded from.
            backlog_max: Applied commands that may wait; see BACKLOG_MAX.
            read_timeout_s: See READ_TIMEOUT_S.

        Raises:
            HistoryFailed: the file can be neither opened nor made.
        """
        try:
            opened = open_history(path, venue_id)
        except (sqlite3.Error, OSError) as error:
            raise HistoryFailed(
                f"{path}: {error}; it may be deleted, and is then made again from the journal"
            ) from error
        self._path = path
        self._connection = opened.connection
        self._folds = opened.folds
        self._position = opened.position
        self._put_sequence = opened.position
        self._backlog_max = backlog_max
        self._read_timeout_s = read_timeout_s
        # Guards everything below, between the event loop and the worker.
        self._changed = threading.Condition()
        self._queue: deque[tuple[Applied, ...] | _Read[Any]] = deque()
        self._backlog = 0
        self._reads_waiting = 0
        self._waiting_for_room: list[Future[None]] = []
        self._closing = False
        self._failure: Exception | None = None
        # A daemon: a process that ends without closing loses nothing that the journal does not have.
        self._worker = threading.Thread(target=self._work, name="history", daemon=True)
        self._worker.start()

    @property
    def position(self) -> int:
        """The sequence up to which all rows are in the file; 0 when it is new."""
        return self._position

    @property
    def backlog(self) -> int:
        """Applied commands that are not in the file yet."""
        return self._backlog

    def put(self, applied: list[Applied]) -> None:
        """
        Take applied commands, in order and without gaps, from the one after `position` on; never waits.

        Raises:
            HistoryFailed, HistoryClosed: nothing was taken.
            InvariantBroken: the commands do not follow on what was put before.
        """
        if not applied:
            return
        with self._changed:
            self._require_working()
            self._take(applied)

    def put_and_wait(self, applied: list[Applied]) -> None:
        """As `put`, after blocking until there is room: for recovery, before an event loop runs."""
        if not applied:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._backlog < self._backlog_max or self._is_over())
            self._require_working()
            self._take(applied)

    async def room(self) -> None:
        """
        Wait until more may be put: at once below the bound, otherwise until half of it is written.

        Raises:
            HistoryFailed, HistoryClosed: there will never be room.
        """
        with self._changed:
            self._require_working()
            if self._backlog < self._backlog_max:
                return
            room: Future[None] = Future()
            self._waiting_for_room.append(room)
        await asyncio.wrap_future(room)

    def close(self) -> None:
        """Write what was put, answer what was asked, and end; blocks until then. Closing twice is fine."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._worker.join()

    async def ask(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """
        Ask a question of `reads` and its siblings.

        Raises:
            HistoryTimeout: unknown; ask again.
            HistoryFailed, HistoryClosed: unknown, for good.
        """
        read = _Read(ask)
        with self._changed:
            self._require_working()
            if self._reads_waiting >= READS_WAITING_MAX:
                raise HistoryTimeout("too many reads are waiting")
            self._reads_waiting += 1
            self._queue.append(read)
            self._changed.notify_all()
        try:
            # Giving up cancels the future, and the worker then skips the read.
            async with asyncio.timeout(self._read_timeout_s):
                return await asyncio.wrap_future(read.answer)
        except TimeoutError as error:
            raise HistoryTimeout(f"no answer within {self._read_timeout_s} s") from error

    def _is_over(self) -> bool:
        return self._closing or self._failure is not None

    def _require_working(self) -> None:
        if self._failure is not None:
            raise HistoryFailed(str(self._failure)) from self._failure
        if self._closing:
            raise HistoryClosed

    def _take(self, applied: list[Applied]) -> None:
        invariant(applied[0].sequence == self._put_sequence + 1, "history is put in order and without gaps")
        invariant(applied[-1].sequence == self._put_sequence + len(applied), "sequences are consecutive")
        self._put_sequence += len(applied)
        self._backlog += len(applied)
        # The worker is not woken for every batch: that would cost more than the batch.
        begins = not self._queue
        self._queue.append(tuple(applied))
        if begins or self._is_due():
            self._changed.notify_all()

    def _is_due(self) -> bool:
        """Whether what is queued should be worked on without waiting for more."""
        enough = min(TRANSACTION_COMMANDS_MAX, self._backlog_max)
        return self._reads_waiting > 0 or self._backlog >= enough or self._closing

    # From here on everything runs on the worker's thread.

    def _work(self) -> None:
        try:
            while (work := self._next()) is not None:
                if isinstance(work, _Read):
                    self._answer(work)
                else:
                    self._write(work)
        except Exception as error:  # noqa: BLE001  # Whatever it is, whoever waits must be told.
            self._fail(error)
        finally:
            self._connection.close()

    def _next(self) -> list[Applied] | _Read[Any] | None:
        """Wait for the next read, or the next run of commands as one list; None when closed and done."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            self._changed.wait_for(self._is_due, GATHERING_S)
            if not self._queue:
                return None
            first = self._queue.popleft()
            if isinstance(first, _Read):
                self._reads_waiting -= 1
                return first
            run = list(first)
            while self._queue:
                following = self._queue[0]
                if isinstance(following, _Read) or len(run) + len(following) > TRANSACTION_COMMANDS_MAX:
                    break
                run += following
                self._queue.popleft()
            return run

    def _write(self, run: Iterable[Applied]) -> None:
        rows = self._folds.fold(run)
        write(self._connection, rows)
        with self._changed:
            self._backlog -= rows.sequence - self._position
            self._position = rows.sequence
            if self._backlog <= self._backlog_max // 2:
                for room in self._waiting_for_room:
                    if room.set_running_or_notify_cancel():
                        room.set_result(None)
                self._waiting_for_room.clear()
            self._changed.notify_all()

    def _answer(self, read: _Read[T]) -> None:
        if not read.answer.set_running_or_notify_cancel():
            return
        ends_at = time.monotonic() + READ_WORK_S_MAX

        def too_long() -> bool:
            return time.monotonic() > ends_at

        self._connection.set_progress_handler(too_long, _STEPS_PER_LOOK)
        try:
            answer = read.ask(self._connection)
        except (sqlite3.Error, *UNREADABLE) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                read.answer.set_exception(HistoryTimeout("the answer takes too much work; ask for less"))
                return
            read.answer.set_exception(HistoryFailed(str(error)))
            raise
        except Exception as error:  # noqa: BLE001  # A mistake in one question is that asker's answer.
            read.answer.set_exception(error)
        else:
            read.answer.set_result(answer)
        finally:
            self._connection.set_progress_handler(None, 0)

    def _fail(self, error: Exception) -> None:
        _log.error("history_failed", path=str(self._path), error=repr(error))
        if self._path is not None and may_be_damage(error, self._path):
            # Otherwise the next start would open the same file and fail in the same place.
            self._connection.close()
            delete_history(self._path)
        failed: list[Future[Any]] = []
        with self._changed:
            self._failure = error
            failed += [work.answer for work in self._queue if isinstance(work, _Read)]
            failed += self._waiting_for_room
            self._queue.clear()
            self._changed.notify_all()
        for waiting in failed:
            if waiting.set_running_or_notify_cancel():
                refusal: HistoryError = HistoryFailed(str(error))
                waiting.set_exception(refusal)
