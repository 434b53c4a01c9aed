"""What the passing of time does, and when it does anything at all."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backhand.commands import (
    AdvanceClock,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    SetPrice,
    Transfer,
)
from backhand.engine import State, apply
from backhand.engine.digest import state_digest
from backhand.engine.prices import running_rate_e8, tick_is_due
from backhand.events import ClockAdvanced, FundingPaid, FundingSettled, PriceSet
from backhand.units import E8, E12
from tests.engine.worlds import HOUR_MS, LINEAR, World, contract
from tests.examples import examples

HOURLY = contract("BTCUSDT", funding_interval_hours=1)
MINUTE_MS = 60_000


def test_a_tick_with_nothing_due_says_the_time_and_no_more() -> None:
    """It changes nothing that anybody owns or sees."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nhouse 99x5 / 101x5 | ok\nclock 05:00 | ok\n")
    before = state_digest(world.state)
    assert [ClockAdvanced(5 * HOUR_MS)] == world.do(AdvanceClock())
    assert before == state_digest(world.state)


def test_instants_are_settled_in_their_order() -> None:
    """Markets with different intervals take turns as their instants came, then as they were listed."""
    world = World(LINEAR, HOURLY)
    world.do(SetPrice("ETHUSDT", 100 * E12, 100 * E12))
    world.do(SetPrice("BTCUSDT", 100 * E12, 100 * E12))
    world.step("clock 09:30")
    settled = [event for event in world.do(AdvanceClock()) if isinstance(event, FundingSettled)]
    hours = [("BTCUSDT", hour) for hour in range(1, 8)]
    expected = [*hours, ("ETHUSDT", 8), ("BTCUSDT", 8), ("BTCUSDT", 9)]
    assert expected == [(event.symbol, event.funding_ms // HOUR_MS) for event in settled]


def test_after_a_settlement_the_next_instant_is_told() -> None:
    """Prices are told again with it, also where the mark is the operator's and stays."""
    world = World(LINEAR)
    world.play("mark 100 | ok\nclock 08:00 | ok\n")
    told = [event for event in world.do(AdvanceClock()) if isinstance(event, PriceSet)]
    assert [PriceSet("ETHUSDT", 100 * E12, 100 * E12, 10_000, 16 * HOUR_MS)] == told


def test_the_running_rate_is_told_with_each_price() -> None:
    """It is what would be settled now: of the samples so far, or of the book where there are none yet."""
    log = """
index 100                  | ok
rate                       | 0.0001
house 101x5000 / 102x5000  | ok
rate                       | 0.003
clock 00:00:05             | ok
house 99x5000 / 101x5000   | ok
rate                       | 0.003
clock 00:00:35             | ok
tick                       | ok
rate                       | 0.00092857
"""
    # One sample of 0.01 and six of 0: a mean of 0.00142857, less 0.0005.
    world = World(LINEAR)
    assert log == world.play(log)
    (told,) = [event for event in world.venue.events[-1] if isinstance(event, PriceSet)]
    assert (92_857, 8 * HOUR_MS) == (told.funding_rate_e8, told.next_funding_ms)


def test_a_contract_without_a_price_has_no_funding() -> None:
    """The first price begins its first interval, at the next whole one."""
    log = """
clock 07:00                | ok
tick                       | ok
clock 09:00                | ok
mark 100                   | ok
clock 15:59:59             | ok
tick                       | ok
clock 16:00                | ok
tick                       | funding 0.0001 @ 100 of 16:00
"""
    assert log == World(LINEAR).play(log)


def opening() -> list[Command]:
    """Two markets, of which alice and the house hold both."""
    commands: list[Command] = [
        ConfigureVenue("test"),
        OpenAccount("alice"),
        Transfer("alice", "USDT", 10**6 * E8),
    ]
    for terms in (LINEAR, HOURLY):
        commands += [
            ListContract(terms),
            SetPrice(terms.symbol, 100 * E12),
            ReplaceLadder(terms.symbol, ((99, 500),), ((101, 500),)),
            Transfer("alice", terms.margin_coin, 10**5 * E8),
            PlaceOrder("alice", terms.symbol, 1, "market", 7),
        ]
    return commands


def moved(symbol: str, middle: int, index: int, by_hand: bool) -> list[Command]:
    """Another book and another price."""
    ladder = ReplaceLadder(symbol, ((middle - 1, 500),), ((middle + 1, 500),))
    return [ladder, SetPrice(symbol, index * E12, index * E12 if by_hand else None)]


#: (symbol, middle of the book, index, whether the mark is by hand, minutes until the next)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["ETHUSDT", "BTCUSDT"]),
        st.integers(96, 104),
        st.integers(98, 102),
        st.booleans(),
        st.sampled_from([1, 3, 59, 61, 400, 1_300]),
    ),
    max_size=6,
)


def played(moves: list[tuple[Any, ...]], tick_every_ms: int | None) -> tuple[State, list[FundingPaid]]:
    """Play moves with a tick now and then, or with one tick before each move only."""
    state = State()
    paid: list[FundingPaid] = []
    time_ms = 0

    def do(command: Command) -> None:
        paid.extend(event for event in apply(state, command, time_ms) if isinstance(event, FundingPaid))

    for command in opening():
        do(command)
    for symbol, middle, index, by_hand, minutes in moves:
        for command in moved(symbol, middle, index, by_hand):
            do(command)
        end_ms = time_ms + minutes * MINUTE_MS
        while tick_every_ms and time_ms + tick_every_ms < end_ms:
            time_ms += tick_every_ms
            do(AdvanceClock())
        time_ms = end_ms
        do(AdvanceClock())
    return state, paid


@given(MOVES)
@examples(40)
def test_one_long_tick_does_what_many_short_ones_do(moves: list[tuple[Any, ...]]) -> None:
    """However often time is told, payments, marks and rates are the same."""
    often, paid_often = played(moves, 7 * MINUTE_MS + 1_001)
    seldom, paid_seldom = played(moves, None)
    assert paid_often == paid_seldom
    assert state_digest(often) == state_digest(seldom)
    for symbol, market in often.markets.items():
        assert market.next_funding_ms == seldom.markets[symbol].next_funding_ms
        assert running_rate_e8(market, often, often.time_ms) == running_rate_e8(
            seldom.markets[symbol], seldom, seldom.time_ms
        )


@given(MOVES, st.lists(st.sampled_from([1, 999, 1_000, 4_999, 5_000, 60_000, HOUR_MS]), max_size=12))
@examples(60)
def test_a_tick_is_due_exactly_when_it_changes_something(
    moves: list[tuple[Any, ...]], waits: list[int]
) -> None:
    """What is asked before a batch is answered as the tick itself would: by its events and by the digest."""
    state, _ = played(moves, None)
    for wait_ms in waits:
        time_ms = state.time_ms + wait_ms
        is_due = tick_is_due(state, time_ms)
        before = state_digest(state)
        events = apply(state, AdvanceClock(), time_ms)
        assert is_due == (len(events) > 1)
        if not is_due:
            assert before == state_digest(state)
