from collections.abc import Iterator

import msgspec
import pytest

from backhand.commands import (
    AdvanceClock,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    ReplaceLadder,
    ResumeVenue,
)
from backhand.engine import State
from backhand.history import History
from backhand.journal import MemoryJournal
from backhand.market.synthetic import ladder
from backhand.node import Node, StartRefused, recover
from backhand.starting import SWITCHES, UNCHANGED, Switches, resume
from backhand.wire.contracts import built_in_contracts
from tests.nodes import VENUE, SetClock, brought, configured, running, with_history

#: One minute before an instant of funding.
BEFORE_FUNDING_MS = 20_000 * 24 * 3_600_000 + 8 * 3_600_000 - 60_000


@pytest.fixture
def history() -> Iterator[History]:
    opened = History(None, VENUE)
    yield opened
    opened.close()


def written_since(journal: MemoryJournal, sequence: int) -> list[Command]:
    return [command for batch in journal.follow(sequence + 1) for command in batch.commands]


def start(journal: MemoryJournal, switches: Switches = UNCHANGED, clock: SetClock | None = None) -> None:
    """Start and stop once on a journal."""

    async def use(node: Node) -> None:
        await resume(node)
        await brought(node, switches, tuple(built_in_contracts()))

    with_history(lambda history: running(journal, history, use, clock))


def state_of(journal: MemoryJournal) -> State:
    states: list[State] = []
    with_history(lambda history: states.append(recover(journal, history)))
    return states[0]


def test_a_restart_brings_only_differences_into_the_journal() -> None:
    """Configuration enters as commands at the first start, and again where it differs."""
    journal = MemoryJournal(VENUE)
    with_history(lambda history: configured(journal, history))
    first_start = journal.last_sequence
    for switches in ({}, {"one_way_size": "honour"}, {"one_way_size": "honour"}):
        start(journal, switches)
    assert [ConfigureVenue(VENUE, one_way_size="honour")] == written_since(journal, first_start)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_that_is_not_named_stays(name: str) -> None:
    """A start changes the switches that it names, and leaves the others as the journal has them."""
    journal = MemoryJournal(VENUE)
    default, other = SWITCHES[name]
    start(journal, {one: values[0] for one, values in SWITCHES.items()})
    expected = {one: values[0] for one, values in SWITCHES.items()}
    for switches, value in (({name: other}, other), (UNCHANGED, other), ({name: default}, default)):
        start(journal, switches)
        state = state_of(journal)
        assert expected | {name: value} == {one: getattr(state, one) for one in SWITCHES}
        flat = state.maintenance == "flat"
        assert {flat} == {market.flat_maintenance for market in state.markets.values()}


def test_the_first_value_of_a_switch_is_its_default() -> None:
    """What the table of switches names first is what a venue has that was told nothing."""
    venue = ConfigureVenue(VENUE)
    assert {name: values[0] for name, values in SWITCHES.items()} == {
        name: getattr(venue, name) for name in SWITCHES
    }


def test_configuration_that_the_engine_refuses_stops_the_start(history: History) -> None:
    """A contract that cannot be listed is a reason not to start, with its name in the text."""
    (contract, *_) = built_in_contracts()
    broken = msgspec.structs.replace(contract, tiers=())

    async def use(node: Node) -> None:
        with pytest.raises(StartRefused, match=contract.symbol):
            await brought(node, UNCHANGED, (broken,))

    running(MemoryJournal(VENUE), history, use)


def quoted(clock: SetClock, good_for_ms: int | None) -> MemoryJournal:
    """Write a journal of a venue with prices that are good for a time, or for ever."""
    journal = MemoryJournal(VENUE)
    start(journal, clock=clock)
    (contract, *_) = built_in_contracts()
    quote = msgspec.structs.replace(ladder(contract, 650_000), good_for_ms=good_for_ms)

    async def use(node: Node) -> None:
        await node.submit((quote,))

    with_history(lambda history: running(journal, history, use, clock))
    return journal


def test_a_start_on_live_prices_says_first_that_the_venue_goes_on() -> None:
    """The first command after a stop is ResumeVenue, even when funding came due in between."""
    clock = SetClock(BEFORE_FUNDING_MS)
    journal = quoted(clock, 10_000)
    past = journal.last_sequence
    clock.time_ms += 3_600_000

    async def use(node: Node) -> None:
        await resume(node)
        await node.submit((OpenAccount("a"),))

    with_history(lambda history: running(journal, history, use, clock))
    assert [ResumeVenue(), AdvanceClock(), OpenAccount("a")] == written_since(journal, past)
    market = state_of(journal).markets["BTCUSDT"]
    assert not market.confirmed


def test_a_start_on_prices_that_do_not_go_stale_writes_nothing() -> None:
    """What the operator set by hand stands as it did; a venue without a past has nothing to resume."""
    clock = SetClock(BEFORE_FUNDING_MS)
    journal = quoted(clock, None)
    past = journal.last_sequence
    start(journal, clock=clock)
    assert [] == written_since(journal, past)
    fresh = MemoryJournal(VENUE)
    start(fresh)
    assert [ConfigureVenue, *[ListContract] * 8] == [type(command) for command in written_since(fresh, 0)]


def test_the_synthetic_market_quotes_prices_that_go_stale() -> None:
    """Each of its ladders is good for ten seconds, so that a stopped market liquidates nobody."""
    assert {10_000} == {
        ladder(contract, 1_000).good_for_ms
        for contract in built_in_contracts()
        if isinstance(ladder(contract, 1_000), ReplaceLadder)
    }
