"""
Deliberately broken engines that the checks must catch: a check that never fails proves nothing.

Each breaks one thing by replacing a name of a module, which only the interpreted engine looks up while it
runs; the compiled one is made of the same files, so its canaries are these.
"""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from backhand.commands import Transfer
from backhand.engine import (
    InvariantBroken,
    audit,
    book,
    dispatch,
    fills,
    firing,
    ladder,
    margin,
    modifying,
    orders,
    preview,
    reversal,
    reversal_plan,
    settling,
    state,
    sweep,
    triggers,
)
from backhand.engine.digest import state_digest
from tests.engine.checked import CheckedVenue
from tests.engine.crowd import pause_ms, seeded
from tests.engine.test_stateful import SEEDED_COMMANDS, replay
from tests.engine.worlds import World

COMPILED = not (fills.__file__ or "").endswith(".py")
breaks = pytest.mark.skipif(COMPILED, reason="a compiled engine cannot be broken from outside")

Break = Callable[[pytest.MonkeyPatch], None]


def skip_fees(patch: pytest.MonkeyPatch) -> None:
    """Charge nothing: the books still balance, because what is not charged is called rounding."""
    patch.setattr(fills, "ceil_div", lambda _exact, _unit: 0)


def round_fees_down(patch: pytest.MonkeyPatch) -> None:
    """Round every fee to the holder's advantage."""
    patch.setattr(fills, "ceil_div", lambda exact, unit: exact // unit)
    patch.setattr(margin, "ceil_div", lambda exact, unit: exact // unit)


def swap_legs(patch: pytest.MonkeyPatch) -> None:
    """Let the open leg have the better prices of a reversal."""
    plan_close = reversal_plan._plan_close  # noqa: SLF001 (broken on purpose)

    def swapped(plan: Any, position: Any, sweep: Any) -> None:
        plan_close(plan, position, sweep)
        plan.closes.reverse()

    patch.setattr(reversal_plan, "_plan_close", swapped)


def drop_a_fill(patch: pytest.MonkeyPatch) -> None:
    """Forget to tell of every tenth trade."""
    whole, number = fills.trade, itertools.count(1)

    def forgetful(state_: Any, taker: Any, match: Any, events: Any) -> None:
        whole(state_, taker, match, [] if next(number) % 10 == 0 else events)

    for module in (ladder, orders, reversal):
        patch.setattr(module, "trade", forgetful)


def lose_a_unit(patch: pytest.MonkeyPatch) -> None:
    """Post every profit one unit short."""
    whole = margin.posted_profit_e8
    patch.setattr(fills, "posted_profit_e8", lambda *terms: whole(*terms) - 1)
    patch.setattr(preview, "posted_profit_e8", lambda *terms: whole(*terms) - 1)


def add_a_unit_in_coin(patch: pytest.MonkeyPatch) -> None:
    """Round profits of inverse contracts up: conversion takes any amount, so the books still balance."""
    whole = margin.posted_profit_e8

    def generous(market: Any, profit_e20: int, price_e12: int) -> int:
        return -(-profit_e20 // price_e12) if market.inverse else whole(market, profit_e20, price_e12)

    patch.setattr(fills, "posted_profit_e8", generous)
    patch.setattr(preview, "posted_profit_e8", generous)


def flip_reduce_only(patch: pytest.MonkeyPatch) -> None:
    """Let reduce-only makers be filled beyond their position."""
    arrive = sweep.Sweep._arrive  # noqa: SLF001 (broken on purpose)

    def unbounded(walk: Any, order: Any, wanted: int) -> None:
        arrive(walk, order, wanted)
        if order is not None and order.reduce_only:
            walk._order_lots = order.open_lots  # noqa: SLF001
            walk._order_ending = None  # noqa: SLF001

    patch.setattr(sweep.Sweep, "_arrive", unbounded)
    patch.setattr(fills, "invariant", lambda _condition, _statement: None)


def ignore_arrival(patch: pytest.MonkeyPatch) -> None:
    """Let limit orders rest without looking whether they cross."""
    whole = sweep.Sweep.take

    def blind(walk: Any, lots: int, limit_ticks: int) -> Any:
        return whole(walk, lots, limit_ticks - walk.side if limit_ticks else 0)

    patch.setattr(sweep.Sweep, "take", blind)


def forget_reserves(patch: pytest.MonkeyPatch) -> None:
    """Keep what an order has locked when it leaves the book."""
    remove = book.BookSide.remove

    def sticky(side: Any, order: Any) -> None:
        remove(side, order)
        order.reserve_e8 = 0

    patch.setattr(book.BookSide, "remove", sticky)


def refuse_and_change(patch: pytest.MonkeyPatch) -> None:
    """Take a unit from a wallet that is refused a transfer."""
    whole = dispatch.HANDLERS[Transfer]

    def greedy(state_: Any, command: Any, events: Any) -> None:
        whole(state_, command, events)
        if "reason" in events[0].__struct_fields__ and command.uid in state_.accounts:
            state_.accounts[command.uid].ledger("USDT").wallet_e8 -= 1

    patch.setitem(dispatch.HANDLERS, Transfer, greedy)


def fire_twice(patch: pytest.MonkeyPatch) -> None:
    """Find the first entry that is due a second time."""
    whole, first = firing.fire, [True]

    def again(state_: Any, trigger: Any, events: Any) -> None:
        whole(state_, trigger, events)
        if not trigger.position_id and first:
            first.clear()
            firing.enlist(state_, trigger)
            whole(state_, trigger, events)

    patch.setattr(settling, "fire", again)


def miss_a_price(patch: pytest.MonkeyPatch) -> None:
    """Look at what waits at every second price only."""
    whole, number = firing.take_due, itertools.count(1)

    def sleepy(state_: Any, market: Any) -> None:
        if next(number) % 2:
            whole(state_, market)

    patch.setattr(settling, "take_due", sleepy)


def turn_late(patch: pytest.MonkeyPatch) -> None:
    """Let trailing orders turn a tenth of their price behind the callback."""
    whole = firing.turning_price_e12
    patch.setattr(
        firing,
        "turning_price_e12",
        lambda trigger: whole(trigger) + trigger.side * trigger.best_price_e12 // 10,
    )


def drop_a_preset(patch: pytest.MonkeyPatch) -> None:
    """Forget the presets of every third order."""
    whole, number = firing.place_presets, itertools.count(1)

    def forgetful(state_: Any, order: Any, events: Any) -> None:
        if next(number) % 3:
            whole(state_, order, events)

    patch.setattr(settling, "place_presets", forgetful)


def protect_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let protecting orders outlive their position."""
    patch.setattr(settling, "end_orphans", lambda _holding, _events: None)


def keep_the_replaced(patch: pytest.MonkeyPatch) -> None:
    """Let a whole position have two protections of one kind."""
    whole = firing.drop

    def lenient(trigger: Any, reason: Any, events: Any) -> None:
        if reason.value != "replaced":
            whole(trigger, reason, events)

    patch.setattr(triggers, "drop", lenient)


def ignore_self_trades(patch: pytest.MonkeyPatch) -> None:
    """Let takers meet their own orders whatever they asked for."""
    whole = sweep.Sweep
    patch.setattr(
        orders, "Sweep", lambda market, side, taker, _, *more: whole(market, side, taker, "none", *more)
    )


def fire_the_wrong_way(patch: pytest.MonkeyPatch) -> None:
    """Place what waits to open as if it only closed."""
    whole = firing._request  # noqa: SLF001

    def confused(trigger: Any, hedge: Any, lots: int) -> Any:
        return msgspec.structs.replace(whole(trigger, hedge, lots), side=-trigger.side)

    patch.setattr(firing, "_request", confused)


def keep_what_is_modified(patch: pytest.MonkeyPatch) -> None:
    """Leave an order in place that another takes over from."""
    patch.setattr(modifying, "cancel", lambda _state, _order, _reason, _events: None)


@breaks
@pytest.mark.parametrize(
    "broken",
    [
        skip_fees,
        round_fees_down,
        swap_legs,
        drop_a_fill,
        lose_a_unit,
        add_a_unit_in_coin,
        flip_reduce_only,
        ignore_arrival,
        forget_reserves,
        refuse_and_change,
        fire_twice,
        miss_a_price,
        turn_late,
        drop_a_preset,
        protect_nothing,
        keep_the_replaced,
        ignore_self_trades,
        fire_the_wrong_way,
        keep_what_is_modified,
    ],
)
def test_a_broken_engine_is_caught(monkeypatch: pytest.MonkeyPatch, broken: Break) -> None:
    """The crowd that a sound engine survives finds each broken one."""
    broken(monkeypatch)
    with pytest.raises((InvariantBroken, AssertionError, KeyError)):
        play()


#: What a crowd does too rarely: a reversal through several levels, a position that shrinks while its
#: reduce-only order waits its turn, an account that meets itself, and a trailing order that turns.
RARE = """
mark 100                       | ok
house 99x4 98x3 97x10 / 101x9  | ok
open carol                     | ok
buy carol 6                    | filled 6 @ 101
reverse carol                  | closed 4 @ 99 + 2 @ 98, opened 1 @ 98 + 5 @ 97
house /                        | ok
open alice                     | ok
open bob                       | ok
sell bob 9 @100                | ok
buy alice 9                    | filled 9 @ 100
sell alice 4 @105              | ok
sell alice 9 @105 reduce       | ok
buy bob 30 @105                | filled 9 @ 105, cancelled 4 reduce_only_excess
open dave                      | ok
buy dave 2 @107 #own           | ok
sell dave 5 @104 stp=cancel_maker | filled 5 @ 105, cancelled #own 2 self_trade
wait dave follow buy 2 back=1  | ok
mark 102                       | follow failed no_liquidity
"""


def play() -> CheckedVenue:
    assert RARE == World().play(RARE)
    venue = CheckedVenue()
    for command in seeded(1, SEEDED_COMMANDS, venue.state):
        venue.apply(command, pause_ms(command))
    return venue


@breaks
def test_memory_outside_the_state_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that counts trades outside its state holds every rule, but does not replay."""
    number = itertools.count(10**18)
    monkeypatch.setattr(state.State, "take_trade_id", lambda _state: next(number))
    venue = play()
    digest, events = replay(venue)
    assert digest == state_digest(venue.state)
    assert events != venue.events


@pytest.mark.parametrize("attribute", ["rounding_e28", "conversion_e8", "deposits_e8", "insurance_e8"])
def test_the_audit_misses_no_account_of_the_venue(attribute: str) -> None:
    """One unit too many in any of the venue's own accounts breaks the identity."""
    venue = play()
    money = venue.state.coin("USDT")
    setattr(money, attribute, getattr(money, attribute) + 1)
    with pytest.raises(InvariantBroken, match="all accounted for"):
        audit.audit(venue.state)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: setattr(held, "long_locked_lots", held.long_locked_lots + 1),
        lambda held: setattr(held.ledger, "locked_e8", held.ledger.locked_e8 + 1),
        lambda held: setattr(held.ledger, "isolated_margin_e16", held.ledger.isolated_margin_e16 + 1),
        lambda held: setattr(held.market, "long_lots", held.market.long_lots + 1),
        lambda held: setattr(held.market, "clearing_lots_e12", held.market.clearing_lots_e12 + 1),
        lambda held: setattr(held.market, "fees_e28", held.market.fees_e28 + 1),
        lambda held: setattr(held.market.taker_fee, "owed", held.market.taker_fee.owed + 1),
        lambda held: setattr(held.market.maker_fee, "rounded", held.market.maker_fee.rounded + 1),
    ],
)
def test_the_audit_misses_no_running_sum(change: Callable[[Any], None]) -> None:
    """Each sum that is kept while trading is computed again and compared."""
    venue = play()
    change(venue.state.accounts["oneway"].holding(venue.state.markets["ETHUSDT"]))
    with pytest.raises(InvariantBroken):
        audit.audit(venue.state)
