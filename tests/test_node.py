import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from backhand.clock import VenueClock
from backhand.commands import Command, OpenAccount, Transfer
from backhand.engine import State
from backhand.engine.digest import state_digest
from backhand.events import AccountOpened, Rejected
from backhand.history import History
from backhand.journal import Batch, JournalUnavailable, MemoryJournal
from backhand.node import (
    QUEUE_COMMANDS_MAX,
    Node,
    NodeFailed,
    StartRefused,
    configure,
    recover,
)
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from backhand.wire.contracts import built_in_contracts

VENUE = "test"


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


@pytest.fixture
def history() -> Iterator[History]:
    opened = History(None, VENUE)
    yield opened
    opened.close()


def running(journal: MemoryJournal, history: History, use: Callable[[Node], Awaitable[None]]) -> None:
    """Run a node while `use` uses it, and stop it."""

    async def run() -> None:
        node = Node(State(), journal, history, VenueClock())
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


def test_nothing_is_answered_and_nothing_read_before_the_sync(history: History) -> None:
    """An applied command is neither acknowledged nor visible until its batch is on disk."""
    journal = GatedJournal()

    async def use(node: Node) -> None:
        journal.gate.clear()
        answer = asyncio.create_task(node.submit(opened("a")))
        await waiting_sync(journal)
        read = asyncio.create_task(node.read(lambda state: "a" in state.accounts))
        done, _ = await asyncio.wait({answer, read}, timeout=0.05)
        assert set() == done
        journal.gate.set()
        ((applied,), seen) = await asyncio.gather(answer, read)
        assert (1, True) == (applied.sequence, seen)
        assert isinstance(applied.events[0], AccountOpened)

    running(journal, history, use)


def test_commands_that_arrive_while_a_sync_runs_form_the_next_batch(history: History) -> None:
    """Five callers during one sync share the following one, each with its own part of the answer."""
    journal = GatedJournal()

    async def use(node: Node) -> None:
        journal.gate.clear()
        first = asyncio.create_task(node.submit(opened("first")))
        await waiting_sync(journal)
        others = [asyncio.create_task(node.submit((*opened(uid), *opened(uid)))) for uid in "abcde"]
        await asyncio.sleep(0)
        journal.gate.set()
        await first
        answers = await asyncio.gather(*others)
        assert [1, 10] == [len(batch.commands) for batch in journal.batches]
        assert [2, 4, 6, 8, 10] == [answer[0].sequence for answer in answers]
        assert [Rejected] * 5 == [type(answer[1].events[0]) for answer in answers]

    running(journal, history, use)


def test_a_read_of_an_idle_node_is_answered_at_once(history: History) -> None:
    """With nothing unsynced a read does not wait for a commit; its own mistake is its own answer."""

    async def use(node: Node) -> None:
        assert 0 == await node.read(lambda state: state.sequence)
        with pytest.raises(KeyError):
            await node.read(lambda state: state.accounts["nobody"])

    running(MemoryJournal(VENUE), history, use)


def test_a_failed_append_ends_the_node_and_leaves_the_outcome_unknown(history: History) -> None:
    """Whoever waits learns that it is unknown, never "no"; nothing is taken afterwards."""
    journal = GatedJournal()

    async def run() -> None:
        node = Node(State(), journal, history, VenueClock())
        committing = asyncio.create_task(node.run())
        journal.gate.clear()
        in_flight = asyncio.create_task(node.submit(opened("a")))
        await waiting_sync(journal)
        queued = asyncio.create_task(node.submit(opened("b")))
        read = asyncio.create_task(node.read(lambda state: state.sequence))
        await asyncio.sleep(0)
        journal.broken = True
        journal.gate.set()
        with pytest.raises(NodeFailed) as failure:
            await committing
        assert isinstance(failure.value.__cause__, JournalUnavailable)
        for waiting in (in_flight, queued, read):
            with pytest.raises(OutcomeUnknown):
                await waiting
        with pytest.raises(OutcomeUnknown):
            await node.submit(opened("c"))
        with pytest.raises(OutcomeUnknown):
            await node.read(lambda state: state.sequence)

    asyncio.run(run())
    assert 0 == journal.last_sequence


def test_a_mistake_of_the_engine_ends_the_node(history: History) -> None:
    """A command that the engine cannot handle stops the venue, is not refused, and leaves no other error."""
    untold: list[object] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: untold.append(context))
        node = Node(State(), MemoryJournal(VENUE), history, VenueClock())
        committing = asyncio.create_task(node.run())
        answer = asyncio.create_task(node.submit((Transfer("a", "USDT", "1"),)))  # type: ignore[arg-type]
        unknown = asyncio.create_task(node.submit((object(),)))  # type: ignore[arg-type]
        with pytest.raises(NodeFailed):
            await committing
        for waiting in (answer, unknown):
            with pytest.raises(OutcomeUnknown):
                await waiting
        for thread in threading.enumerate():
            if thread.name == "journal":
                await asyncio.to_thread(thread.join)

    asyncio.run(run())
    gc.collect()
    assert [] == untold


def test_a_full_queue_turns_commands_away_unexecuted(history: History) -> None:
    """Beyond the bound a command is refused at once, and the journal never sees it."""
    journal = GatedJournal()

    async def use(node: Node) -> None:
        journal.gate.clear()
        first = asyncio.create_task(node.submit(opened("first")))
        await waiting_sync(journal)
        many = asyncio.create_task(node.submit(opened("many") * QUEUE_COMMANDS_MAX))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await node.submit(opened("too many"))
        journal.gate.set()
        await first
        await many
        assert not await node.read(lambda state: "too many" in state.accounts)

    running(journal, history, use)


def test_stopping_commits_what_was_taken(history: History) -> None:
    """A stop answers what is queued, and only then the node is over."""
    journal = GatedJournal()

    async def run() -> None:
        node = Node(State(), journal, history, VenueClock())
        committing = asyncio.create_task(node.run())
        journal.gate.clear()
        first = asyncio.create_task(node.submit(opened("a")))
        await waiting_sync(journal)
        second = asyncio.create_task(node.submit(opened("b")))
        await asyncio.sleep(0)
        await node.stop()
        with pytest.raises(OutcomeUnknown):
            await node.submit(opened("c"))
        journal.gate.set()
        await committing
        assert [1, 2] == [(await answer)[0].sequence for answer in (first, second)]

    asyncio.run(run())


def test_a_cancelled_caller_leaves_the_others_alone(history: History) -> None:
    """A caller that gives up does not disturb the batch its command is in; the command stands."""
    journal = GatedJournal()

    async def use(node: Node) -> None:
        journal.gate.clear()
        gone = asyncio.create_task(node.submit(opened("gone")))
        await waiting_sync(journal)
        there = asyncio.create_task(node.submit(opened("there")))
        await asyncio.sleep(0)
        gone.cancel()
        journal.gate.set()
        assert 2 == (await there)[0].sequence
        assert await node.read(lambda state: "gone" in state.accounts)

    running(journal, history, use)


def test_stamps_never_go_backwards(history: History) -> None:
    """A clock that is behind the state stamps with the state's time."""
    journal = GatedJournal()

    class Behind:
        times = iter((500, 300))

        def now_ms(self) -> int:
            return next(self.times)

    async def run() -> None:
        node = Node(State(), journal, history, Behind())
        committing = asyncio.create_task(node.run())
        await node.submit(opened("a"))
        await node.submit(opened("b"))
        await node.stop()
        await committing

    asyncio.run(run())
    assert [500, 500] == [batch.time_ms for batch in journal.batches]


def configured(journal: MemoryJournal, history: History, one_way_size: str = "") -> None:
    async def use(node: Node) -> None:
        await configure(
            node,
            venue_id=VENUE,
            seed=None,
            one_way_size="honour" if one_way_size == "honour" else None,
            first_contracts=built_in_contracts(),
            contracts=(),
        )
        await node.submit((OpenAccount("a"), Transfer("a", "USDT", 5 * 10**8)))

    running(journal, history, use)


def test_recovery_rebuilds_the_state_and_brings_folds_up_to_date(history: History) -> None:
    """A replayed journal gives the same digest every time, and folds see every command once."""
    journal = MemoryJournal(VENUE)
    with_history(lambda used: configured(journal, used))
    folded: list[Applied] = []
    first = recover(journal, history, (folded.extend,))
    digests: list[str] = []
    with_history(lambda new: digests.append(state_digest(recover(journal, new))))
    assert [state_digest(first)] == digests
    assert list(range(1, journal.last_sequence + 1)) == [one.sequence for one in folded]
    assert 5 * 10**8 == first.accounts["a"].ledgers["USDT"].wallet_e8


def test_recovery_gives_read_models_only_what_they_lack(tmp_path: Path) -> None:
    """Read models that kept their file are given what came after it, and nothing twice."""
    journal = MemoryJournal(VENUE)
    file = tmp_path / "history.db"
    with_history(lambda history: configured(journal, history), file)
    journal.append(Batch(journal.last_sequence + 1, 10**13, opened("later")))
    with_history(lambda history: recover(journal, history), file)
    positions: list[int] = []
    with_history(lambda history: positions.append(history.position), file)
    assert [journal.last_sequence] == positions


def test_recovery_refuses_read_models_that_are_ahead_of_the_journal(history: History) -> None:
    """A journal that lost its end is not silently continued."""
    configured(MemoryJournal(VENUE), history)
    history.close()
    with pytest.raises(StartRefused, match="its end was lost"):
        recover(MemoryJournal(VENUE), history)


def test_a_restart_brings_only_differences_into_the_journal() -> None:
    """Configuration enters as commands at the first start, and again where it differs."""
    journal = MemoryJournal(VENUE)
    with_history(lambda history: configured(journal, history))
    first_start = journal.last_sequence

    def restart(history: History) -> None:
        async def run() -> None:
            state = recover(journal, history)
            node = Node(state, journal, history, VenueClock())
            committing = asyncio.create_task(node.run())
            for size in (None, "honour", "honour"):
                await configure(
                    node,
                    venue_id=VENUE,
                    seed=None,
                    one_way_size="honour" if size else None,
                    first_contracts=(),
                    contracts=built_in_contracts(),
                )
            assert "honour" == await node.read(lambda state: state.one_way_size)
            await node.stop()
            await committing

        asyncio.run(run())

    with_history(restart)
    assert first_start + 1 == journal.last_sequence


def with_history(use: Callable[[History], object], file: Path | None = None) -> None:
    """Open read models for `use`, and close them."""
    history = History(file, VENUE)
    try:
        use(history)
    finally:
        history.close()


def test_configuration_that_the_engine_refuses_stops_the_start(history: History) -> None:
    """A contract that cannot be listed is a reason not to start, with its name in the text."""
    (contract, *_) = built_in_contracts()
    broken = type(contract)(
        **{name: getattr(contract, name) for name in contract.__struct_fields__} | {"tiers": ()}
    )

    async def use(node: Node) -> None:
        with pytest.raises(StartRefused, match=contract.symbol):
            await configure(
                node, venue_id=VENUE, seed=1, one_way_size=None, first_contracts=(), contracts=(broken,)
            )

    running(MemoryJournal(VENUE), history, use)
