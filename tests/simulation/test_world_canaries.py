"""
Deliberately broken engines that the simulated world must catch: a harness that never fails proves nothing.

Each breaks one thing by replacing a name of a module, which only the interpreted engine looks up while it
runs; the compiled one is made of the same files, so its canaries are these.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from backhand.engine import (
    InvariantBroken,
    fills,
    funding,
    liquidation,
    margin,
    orders,
    preview,
    reversal,
    reversal_plan,
    risk,
    settling,
    sweep,
)
from tests.simulation import world
from tests.simulation.forms import COMPILED
from tests.simulation.test_world import SEEDS, fingerprint_elsewhere

breaks = pytest.mark.skipif(COMPILED, reason="a compiled engine cannot be broken from outside")

Break = Callable[[pytest.MonkeyPatch], None]


def skip_a_fee(patch: pytest.MonkeyPatch) -> None:
    """Charge nothing for every fiftieth fill; the books still balance."""
    whole, number = fills._charge, itertools.count(1)  # noqa: SLF001 (broken on purpose)
    patch.setattr(fills, "_charge", lambda *terms: 0 if next(number) % 50 == 0 else whole(*terms))


def swap_legs(patch: pytest.MonkeyPatch) -> None:
    """Let the open leg of a reversal have the better prices."""
    whole = reversal_plan.plan_reversal

    def swapped(state: Any, command: Any) -> Any:
        plan = whole(state, command)
        if isinstance(plan, reversal_plan.ReversalPlan) and plan.closed_lots == plan.opened_lots:
            plan.closes, plan.opens = plan.opens, plan.closes
        return plan

    patch.setattr(reversal, "plan_reversal", swapped)
    patch.setattr(reversal, "invariant", lambda *_: None)


def drop_a_fill(patch: pytest.MonkeyPatch) -> None:
    """Forget to tell of every fortieth trade."""
    whole, number = fills.trade, itertools.count(1)

    def forgetful(state: Any, taker: Any, match: Any, events: Any, *kind: Any) -> None:
        whole(state, taker, match, [] if next(number) % 40 == 0 else events, *kind)

    for module in (orders, reversal, liquidation):
        patch.setattr(module, "trade", forgetful)


def lose_a_unit(patch: pytest.MonkeyPatch) -> None:
    """Post every profit one unit short, and call it rounding."""
    whole = margin.posted_profit_e8
    for module in (fills, preview, liquidation):
        patch.setattr(module, "posted_profit_e8", lambda *terms: whole(*terms) - 1)
    patch.setattr(fills, "invariant", lambda *_: None)


def make_a_unit_of_funding(patch: pytest.MonkeyPatch) -> None:
    """Credit every receiver of funding one unit too many."""
    whole = funding._post  # noqa: SLF001 (broken on purpose)

    def generous(state: Any, holding: Any, leg: Any, amount_e8: int, events: Any) -> None:
        whole(state, holding, leg, amount_e8 + (amount_e8 > 0), events)

    patch.setattr(funding, "_post", generous)


def forget_the_fund(patch: pytest.MonkeyPatch) -> None:
    """Take from those who are liquidated without giving it to anybody."""
    patch.setattr(liquidation, "_post_to_fund", lambda *_: None)


def widen_falling_bands(patch: pytest.MonkeyPatch) -> None:
    """Look at those who lose on a fall a hundredth too late."""
    whole = risk._fall_e12  # noqa: SLF001 (broken on purpose)
    patch.setattr(risk, "_fall_e12", lambda *terms: whole(*terms) * 99 // 100)


def widen_rising_bands(patch: pytest.MonkeyPatch) -> None:
    """Look at those who lose on a rise a hundredth too late."""
    whole = risk._rise_e12  # noqa: SLF001 (broken on purpose)
    patch.setattr(risk, "_rise_e12", lambda *terms: whole(*terms) * 101 // 100)


def ignore_the_ends_of_tiers(patch: pytest.MonkeyPatch) -> None:
    """Let bands go on where the rate of maintenance margin steps up."""
    patch.setattr(risk, "_gains_in_all_tiers", lambda *_: True)
    whole = risk._rise_e12  # noqa: SLF001 (broken on purpose)

    def endless(market: Any, long: Any, short: Any, buffer_e28: int) -> int:
        ends, market.tier_ends_e20 = market.tier_ends_e20, [10**40] * len(market.tier_ends_e20)
        try:
            return whole(market, long, short, buffer_e28)
        finally:
            market.tier_ends_e20 = ends

    patch.setattr(risk, "_rise_e12", endless)


def skip_a_liquidation(patch: pytest.MonkeyPatch) -> None:
    """Let every third crossed account go on as if it had margin."""
    whole, number = liquidation.liquidate_crossed, itertools.count(1)

    def lenient(*terms: Any) -> None:
        if next(number) % 3:
            whole(*terms)

    patch.setattr(settling, "liquidate_crossed", lenient)


def liquidate_early(patch: pytest.MonkeyPatch) -> None:
    """Liquidate isolated legs at a ratio of nine tenths."""
    whole = risk.leg_buffer_e28
    patch.setattr(
        settling,
        "leg_buffer_e28",
        lambda market, leg: whole(market, leg) - margin.maintenance_e28(market, leg.lots, leg.lots) // 9,
    )


def flip_reduce_only(patch: pytest.MonkeyPatch) -> None:
    """Let reduce-only makers be filled beyond their position."""
    arrive = sweep.Sweep._arrive  # noqa: SLF001 (broken on purpose)

    def unbounded(walk: Any, order: Any, wanted: int) -> None:
        arrive(walk, order, wanted)
        if order is not None and order.reduce_only:
            walk._order_lots = order.open_lots  # noqa: SLF001
            walk._order_ending = None  # noqa: SLF001

    patch.setattr(sweep.Sweep, "_arrive", unbounded)
    patch.setattr(fills, "invariant", lambda *_: None)


def play() -> None:
    """Play what the interpreted engine plays in every test run."""
    for seed in SEEDS:
        world.play(seed)


@breaks
@pytest.mark.parametrize(
    "broken",
    [
        skip_a_fee,
        swap_legs,
        drop_a_fill,
        lose_a_unit,
        make_a_unit_of_funding,
        forget_the_fund,
        widen_falling_bands,
        widen_rising_bands,
        ignore_the_ends_of_tiers,
        skip_a_liquidation,
        liquidate_early,
        flip_reduce_only,
    ],
)
def test_a_broken_engine_is_caught(monkeypatch: pytest.MonkeyPatch, broken: Break) -> None:
    """The world that a sound engine survives finds each broken one."""
    broken(monkeypatch)
    with pytest.raises((InvariantBroken, AssertionError)):
        play()


@breaks
def test_a_queue_in_the_order_of_a_set_is_caught() -> None:
    """Deleveraging in the order of hashes holds every rule, but not in the same way in another process."""
    shuffled = """
from backhand.engine import adl, liquidation
def unordered(queue):
    held = {holding.account.uid: holding for holding in adl.adl_queue(queue.market, queue.side)}
    return held[next(iter(set(held)))] if held else None
liquidation.first_of = unordered
"""
    assert fingerprint_elsewhere("1", shuffled) != fingerprint_elsewhere("2", shuffled)
