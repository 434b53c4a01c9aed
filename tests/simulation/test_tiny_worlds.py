"""Small venues under random commands, and broken engines that they find; `make sim PARTS=tiny` plays more."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from backhand.engine import InvariantBroken
from backhand.engine.market import Market
from backhand.engine.sweep import Sweep
from tests.simulation import tiny_worlds
from tests.simulation.forms import COMPILED

#: Some worlds interpreted, others compiled; the canaries need those up to 81.
SEEDS: Final = range(1_001, 1_111) if COMPILED else range(1, 111)

breaks = pytest.mark.skipif(COMPILED, reason="a compiled engine cannot be broken from outside")

Break = Callable[[pytest.MonkeyPatch], None]


def play() -> int:
    """Play what this form of the engine plays in every test run."""
    return sum(map(tiny_worlds.play, SEEDS))


def test_nobody_pays_for_others_in_small_worlds() -> None:
    """Who has no fill pays nothing, and while no price moves nobody is liquidated or paid for."""
    assert play() > 30_000


def cut_own_orders(patch: pytest.MonkeyPatch) -> None:
    """Let an own order that cannot be borne give what it would close, as another account's."""
    whole = Sweep._bound  # noqa: SLF001 (broken on purpose)

    def lenient(walk: Any, *terms: Any) -> Any:
        walk._is_own = lambda _order: False  # noqa: SLF001
        try:
            return whole(walk, *terms)
        finally:
            del walk._is_own  # noqa: SLF001

    patch.setattr(Sweep, "_bound", lenient)


def wait_for_one_symbol(patch: pytest.MonkeyPatch) -> None:
    """Let a holding wait for the price of one symbol at a time."""
    waiting: dict[Any, None] = {}

    class Once(dict[Any, None]):
        """Takes nobody who waits elsewhere."""

        def __setitem__(self, holding: Any, nothing: None) -> None:
            if holding not in waiting:
                waiting[holding] = nothing
                super().__setitem__(holding, nothing)

        def clear(self) -> None:
            for holding in self:
                del waiting[holding]
            super().clear()

    whole = Market.__init__

    def begin(market: Any, *terms: Any) -> None:
        whole(market, *terms)
        market.postponed = Once()

    patch.setattr(Market, "__init__", begin)


def fill_whatever_it_costs(patch: pytest.MonkeyPatch) -> None:
    """Fill makers that cannot bear what they lose."""
    patch.setattr(Sweep, "_bound", lambda _walk, _order, before, _lots: before)


@breaks
@pytest.mark.parametrize("broken", [cut_own_orders, wait_for_one_symbol, fill_whatever_it_costs])
def test_a_broken_engine_is_caught(monkeypatch: pytest.MonkeyPatch, broken: Break) -> None:
    """The worlds that a sound engine survives find each broken one."""
    broken(monkeypatch)
    with pytest.raises((InvariantBroken, AssertionError)):
        play()
