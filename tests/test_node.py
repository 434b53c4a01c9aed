import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backhand.clock import VenueClock
from backhand.commands import (
    AdvanceClock,
    Command,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    SetPrice,
    Transfer,
)
from backhand.engine import State
from backhand.engine.digest import state_digest
from backhand.events import AccountOpened, FundingPaid, Rejected
from backhand.history import History
from backhand.journal import Batch, JournalUnavailable, MemoryJournal
from backhand.node import QUEUE_COMMANDS_MAX, Node, NodeFailed, StartRefused, recover
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from tests.engine.worlds import LINEAR
from tests.nodes import (
    VENUE,
    GatedJournal,
    SetClock,
    configured,
    keep_time,
    opened,
    running,
    waiting_sync,
    with_history,
)

#: An instant of funding: whole hours, and so whole intervals of every contract.
NOON_MS = 20_000 * 24 * 3_600_000 + 12 * 3_600_000
FUNDING_MS = NOON_MS + 4 * 3_600_000


@pytest.fixture
def history() -> Iterator[History]:
    opened = History(None, VENUE)
    yield opened
    opened.close()


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


def test_captures_see_each_command_alone_and_before_its_sync(history: History) -> None:
    """A capture runs after each command of a batch, with the state as that command left it; folds wait."""
    journal = GatedJournal()
    seen: list[tuple[int, int]] = []
    folded: list[int] = []

    async def use() -> None:
        node = Node(
            State(),
            journal,
            history,
            VenueClock(),
            folds=(lambda applied: folded.extend(one.sequence for one in applied),),
            captures=(lambda state, one: seen.append((one.sequence, len(state.accounts))),),
        )
        committing = asyncio.create_task(node.run())
        journal.gate.clear()
        answer = asyncio.create_task(node.submit((*opened("a"), *opened("b"))))
        await waiting_sync(journal)
        await asyncio.sleep(0)
        # The house has an account too.
        assert ([(1, 2), (2, 3)], []) == (seen, folded)
        journal.gate.set()
        await answer
        assert [1, 2] == folded
        await node.stop()
        await committing

    asyncio.run(use())


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

        def seconds_for(self, venue_ms: int) -> float:
            return venue_ms / 1_000

    async def run() -> None:
        node = Node(State(), journal, history, Behind())
        committing = asyncio.create_task(node.run())
        await node.submit(opened("a"))
        await node.submit(opened("b"))
        await node.stop()
        await committing

    asyncio.run(run())
    assert [500, 500] == [batch.time_ms for batch in journal.batches]


def a_position_held(before_ms: int = 1_500) -> tuple[GatedJournal, SetClock]:
    """A journal in which alice holds 10 at 100 a little before funding, and a clock that stands there."""
    journal, clock = GatedJournal(), SetClock(FUNDING_MS - before_ms)

    async def use(node: Node) -> None:
        await node.submit((ListContract(LINEAR), OpenAccount("alice"), Transfer("alice", "USDT", 10**12)))
        await node.submit((SetPrice(LINEAR.symbol, 100 * 10**12, 100 * 10**12),))
        await node.submit((ReplaceLadder(LINEAR.symbol, ((99, 50),), ((100, 50),)),))
        await node.submit((PlaceOrder("alice", LINEAR.symbol, 1, "market", 10),))

    with_history(lambda history: running(journal, history, use, clock))
    journal.batches.clear()
    return journal, clock


def test_a_batch_begins_with_what_time_brought(history: History) -> None:
    """A batch after an instant of funding settles it first; each caller still gets its own part."""
    journal, clock = a_position_held()

    async def use(node: Node) -> None:
        clock.time_ms = FUNDING_MS
        answers = await asyncio.gather(node.submit(opened("a")), node.submit((*opened("b"), *opened("a"))))
        assert [["a"], ["b", "a"]] == [[one.command.uid for one in answer] for answer in answers]  # type: ignore[union-attr]
        assert [[AccountOpened], [AccountOpened, Rejected]] == [
            [type(one.events[0]) for one in answer] for answer in answers
        ]
        # 10 x 100 at 0.01 %.
        assert -(10**7) == await node.read(lambda state: funding_of(state, "alice"))

    running(journal, history, use, clock)
    assert [(AdvanceClock, OpenAccount, OpenAccount, OpenAccount)] == kinds(journal)


def test_an_order_at_the_instant_comes_after_funding(history: History) -> None:
    """A position opened in the millisecond of the instant, or later, neither pays nor receives."""
    journal, clock = a_position_held()

    async def use(node: Node) -> None:
        await node.submit((OpenAccount("bob"), Transfer("bob", "USDT", 10**12)))
        clock.time_ms = FUNDING_MS
        await node.submit((PlaceOrder("bob", LINEAR.symbol, 1, "market", 10),))
        assert 0 == await node.read(lambda state: funding_of(state, "bob"))

    running(journal, history, use, clock)
    assert [(OpenAccount, Transfer), (AdvanceClock, PlaceOrder)] == kinds(journal)


def test_an_idle_venue_settles_funding(history: History) -> None:
    """Where nobody asks for anything, funding is settled in the second in which it is due, and once."""
    journal, clock = a_position_held()
    folded: list[Applied] = []

    async def run() -> None:
        node = Node(recover(journal, history), journal, history, clock, (folded.extend,))
        committing = asyncio.create_task(node.run())
        await keep_time(node, clock, FUNDING_MS + 60_000)
        await node.stop()
        await committing

    asyncio.run(run())
    assert [(AdvanceClock,)] == kinds(journal)
    assert [FUNDING_MS] == [batch.time_ms for batch in journal.batches]
    paid = [event for one in folded for event in one.events if isinstance(event, FundingPaid)]
    assert [("alice", -(10**7)), ("0", 10**7)] == [(event.uid, event.amount_e8) for event in paid]


def test_time_alone_writes_nothing(history: History) -> None:
    """An hour without funding and without a price that moves by itself leaves no trace in the journal."""
    journal, clock = a_position_held(before_ms=2 * 3_600_000)

    async def use(node: Node) -> None:
        await keep_time(node, clock, FUNDING_MS - 3_600_000)
        # A read afterwards is answered: an empty batch leaves nothing in flight.
        assert await node.read(lambda state: "alice" in state.accounts)

    running(journal, history, use, clock)
    assert [] == journal.batches


def test_a_mark_that_time_moves_is_refreshed_once_a_second(history: History) -> None:
    """While funding pulls a computed mark, each second of an idle venue brings it up to date."""
    journal, clock = a_position_held(before_ms=100_000)

    async def use(node: Node) -> None:
        # An index without a mark; the last trade was above it, and so the funding term decides.
        await node.submit((SetPrice(LINEAR.symbol, 99_990_000_000_000),))
        journal.batches.clear()
        await keep_time(node, clock, FUNDING_MS - 90_000)

    running(journal, history, use, clock)
    assert {(AdvanceClock,)} == set(kinds(journal))
    stamps = [batch.time_ms for batch in journal.batches]
    assert stamps == list(range(stamps[0], stamps[0] + 1_000 * len(stamps), 1_000))
    assert len(stamps) >= 9


def test_many_batches_in_a_second_ask_time_once(history: History) -> None:
    """Commands of the second in which funding was settled are not preceded by another tick."""
    journal, clock = a_position_held()

    async def use(node: Node) -> None:
        clock.time_ms = FUNDING_MS
        for uid in "abc":
            await node.submit(opened(uid))
            clock.time_ms += 100

    running(journal, history, use, clock)
    assert [(AdvanceClock, OpenAccount), (OpenAccount,), (OpenAccount,)] == kinds(journal)


def funding_of(state: State, uid: str) -> int:
    """What a client's long position received or paid."""
    leg = state.accounts[uid].holding(state.markets[LINEAR.symbol]).long
    assert leg is not None
    return leg.funding_e8


def kinds(journal: GatedJournal) -> list[tuple[type[Command], ...]]:
    """The types of the commands of each batch."""
    return [tuple(type(command) for command in batch.commands) for batch in journal.batches]


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
