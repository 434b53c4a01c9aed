import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

import pytest

from backhand.engine.invariants import InvariantBroken
from backhand.history import History, HistoryClosed, HistoryFailed, HistoryTimeout, OrderFilter
from backhand.history import store as store_module
from backhand.history.writes import Rows, write
from backhand.projections.orders import OrderRow
from tests.history.stored import VENUE, content
from tests.projections.tape import BTCUSDT, Tape

USDT = OrderFilter(product_type="USDT-FUTURES")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep the file from being written by anybody else."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def test_a_read_sees_what_was_put_before_it() -> None:
    """Every order resolves at once after its put, by both ids, however many puts are under way."""
    tape = Tape()

    async def trade() -> None:
        history = History(None, VENUE)
        history.put(tape.applied)
        for count in range(300):
            order = tape.accept(client_oid=f"own-{count}")
            history.put([tape.step(order)])
            by_id, by_client_oid = await asyncio.gather(
                history.order("1", order_id=order.order_id),
                history.order("1", client_oid=order.client_oid),
            )
            assert by_id is not None
            assert by_id == by_client_oid
            history.put([tape.step(tape.cancel(order.order_id))])
        assert [] == await history.open_orders("1", USDT)
        assert len(tape.applied) == history.position
        history.close()

    asyncio.run(trade())


def test_open_orders_of_an_account_come_with_the_sequence_they_are_as_of() -> None:
    """All of them, of every product type, as they were after the newest command that was put before."""
    tape = Tape()
    first = [tape.accept(), tape.accept(symbol="BTCUSD"), tape.accept("2")]
    tape.step(*first)

    async def ask() -> None:
        history = History(None, VENUE)
        history.put(tape.applied)
        rows, _, position = await history.open_orders_of("1")
        assert {first[0].order_id, first[1].order_id} == {row.order_id for row in rows}
        assert tape.applied[-1].sequence == position
        history.put([tape.step(tape.fill(first[0].order_id, 10)), tape.step(tape.fill(first[1].order_id, 4))])
        (row,), _, position = await history.open_orders_of("1")
        assert (first[1].order_id, 4 * BTCUSDT.lot_e8, tape.applied[-1].sequence) == (
            row.order_id, row.filled_size_e8, position,
        )  # fmt: skip
        history.close()

    asyncio.run(ask())


def test_a_read_that_is_late_is_unknown_and_not_missing(tmp_path: Path) -> None:
    """While the disk holds up what was put before it, a read times out; afterwards the same read answers."""
    tape = Tape()
    order = tape.accept()
    tape.step(order)
    path = tmp_path / "history.db"

    async def ask() -> None:
        history = History(path, VENUE, read_timeout_s=0.05)
        with held(path):
            history.put(tape.applied)
            with pytest.raises(HistoryTimeout):
                await history.order("1", order_id=order.order_id)
        answers: list[OrderRow | None] = []
        while not answers:
            with suppress(HistoryTimeout):
                answers.append(await history.order("1", order_id=order.order_id))
        assert answers[0] is not None
        assert order.order_id == answers[0].order_id
        history.close()

    asyncio.run(ask())


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[int]:
    """The last sequence of each transaction, once it is written."""
    ends: SimpleQueue[int] = SimpleQueue()

    def write_and_tell(connection: sqlite3.Connection, rows: Rows) -> None:
        write(connection, rows)
        ends.put(rows.sequence)

    monkeypatch.setattr(store_module, "write", write_and_tell)
    return ends


def test_commands_gather_until_they_are_asked_for(
    transactions: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody asks for waits for more; a question has all of it written at once, in one transaction."""
    monkeypatch.setattr(store_module, "GATHERING_S", 3_600)
    tape = Tape()

    async def ask() -> None:
        history = History(None, VENUE)
        history.put(tape.applied)
        order = tape.accept()
        for event in (order, tape.fill(order.order_id, 1), tape.fill(order.order_id, 2)):
            history.put([tape.step(event)])
        assert 0 == history.position
        row = await history.order("1", order_id=order.order_id)
        assert row is not None
        assert 3 * BTCUSDT.lot_e8 == row.filled_size_e8
        assert (len(tape.applied), True) == (transactions.get(), transactions.empty())
        history.close()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("transaction_commands", "gathering_s", "written_to"), [(10, 3_600, 10), (1_000, 0.01, 15)]
)
def test_commands_are_written_unasked_when_they_are_enough_or_have_waited(
    transaction_commands: int,
    gathering_s: float,
    written_to: int,
    transactions: SimpleQueue[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full transaction does not wait for more, and neither does what has gathered for long."""
    monkeypatch.setattr(store_module, "TRANSACTION_COMMANDS_MAX", transaction_commands)
    monkeypatch.setattr(store_module, "GATHERING_S", gathering_s)
    tape = Tape()
    while len(tape.applied) < 15:
        tape.step()
    history = History(None, VENUE)
    for start in (0, 5, 10):
        history.put(tape.applied[start : start + 5])
    ends = [transactions.get(timeout=10)]
    while ends[-1] < written_to:
        ends.append(transactions.get(timeout=10))
    history.close()
    assert written_to == ends[-1]


def test_a_full_backlog_makes_the_producer_wait(tmp_path: Path) -> None:
    """`room` waits from the bound on until half of the backlog is written, and nothing is dropped."""
    tape = Tape()
    for _ in range(99):
        tape.step(tape.accept())
    path = tmp_path / "history.db"

    async def produce() -> None:
        history = History(path, VENUE, backlog_max=100)
        with held(path):
            history.put(tape.applied[:99])
            await history.room()
            history.put(tape.applied[99:])
            waiting = asyncio.ensure_future(history.room())
            done, _ = await asyncio.wait({waiting}, timeout=0.05)
            assert set() == done
        await waiting
        assert history.backlog <= 50
        history.close()

    asyncio.run(produce())
    assert 99 == len(content(path)["orders"])


def test_recovery_waits_for_room_without_a_loop() -> None:
    """`put_and_wait` takes a whole journal through a small backlog."""
    tape = Tape()
    for count in range(500):
        tape.reversal(str(count % 5))
    history = History(None, VENUE, backlog_max=10)
    for start in range(0, len(tape.applied), 7):
        history.put_and_wait(tape.applied[start : start + 7])
        assert history.backlog < 17
    history.close()
    assert len(tape.applied) == history.position


@pytest.mark.parametrize("start", [0, 1, 3])
def test_commands_are_put_in_order_and_without_gaps(start: int) -> None:
    """A sequence that is not the next one is our fault, and is not taken."""
    tape = Tape()
    tape.step()
    tape.step()
    tape.step()
    history = History(None, VENUE)
    history.put(tape.applied[:2])
    with pytest.raises(InvariantBroken):
        history.put(tape.applied[start:])
    history.close()
    assert 2 == history.position


def test_close_writes_and_answers_what_came_before() -> None:
    """Nothing that was put or asked before closing is left behind; afterwards nothing is taken or told."""
    tape = Tape()
    order = tape.accept()
    tape.step(order)

    async def end() -> None:
        history = History(None, VENUE)
        history.put(tape.applied)
        asked = asyncio.ensure_future(history.order("1", order_id=order.order_id))
        await asyncio.sleep(0)  # Lets the question be asked.
        history.close()
        history.close()
        assert await asked is not None
        assert len(tape.applied) == history.position
        with pytest.raises(HistoryClosed):
            history.put(tape.applied)
        with pytest.raises(HistoryClosed):
            await history.order("1", order_id=order.order_id)
        with pytest.raises(HistoryClosed):
            await history.room()

    asyncio.run(end())


def test_a_failure_reaches_everybody_who_waits_or_comes_later() -> None:
    """When a fold breaks, no read is answered as if nothing were there, and nothing more is taken."""
    tape = Tape()
    order = tape.accept()
    tape.step(order)
    tape.step(tape.cancel(order.order_id))
    broken = tape.step(*tape.applied[-1].events)

    async def fail() -> None:
        history = History(None, VENUE, backlog_max=1)
        history.put(tape.applied)
        waiting = (history.order("1", order_id=order.order_id), history.room())
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(outcome, HistoryFailed)
        with pytest.raises(HistoryFailed):
            await history.order("1", order_id=order.order_id)
        with pytest.raises(HistoryFailed):
            history.put([tape.step()])
        with pytest.raises(HistoryFailed):
            history.put_and_wait([tape.step()])
        assert history.position < broken.sequence
        history.close()

    asyncio.run(fail())


def test_a_read_that_takes_too_much_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that matches nothing of a long past is cut off, and others are answered as before."""
    monkeypatch.setattr(store_module, "READ_WORK_S_MAX", 0)
    monkeypatch.setattr(store_module, "_STEPS_PER_LOOK", 20_000)
    tape = Tape()
    for _ in range(5_000):
        tape.reversal("1")

    async def ask() -> None:
        history = History(None, VENUE)
        history.put(tape.applied)
        rude = OrderFilter(product_type="USDT-FUTURES", sources=("trader_reverse",))
        with pytest.raises(HistoryTimeout):
            await history.orders("1", rude)
        for _ in range(50):
            assert 3 == len(await history.orders("1", OrderFilter(product_type="USDT-FUTURES", limit=3)))
        history.close()

    asyncio.run(ask())


def test_reads_waiting_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read too many is told at once that its answer is unknown."""
    monkeypatch.setattr(store_module, "READS_WAITING_MAX", 3)
    tape = Tape()
    path = tmp_path / "history.db"

    async def ask() -> None:
        history = History(path, VENUE)
        with held(path):
            history.put(tape.applied)
            asked = [asyncio.ensure_future(history.order("1", order_id=count)) for count in range(3)]
            await asyncio.sleep(0)  # Lets the questions be asked.
            with pytest.raises(HistoryTimeout):
                await history.order("1", order_id=3)
        assert [None] * 3 == await asyncio.gather(*asked)
        history.close()

    asyncio.run(ask())
