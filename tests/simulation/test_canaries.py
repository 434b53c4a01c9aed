"""
Deliberately broken engines that each oracle must catch: an oracle that never differs proves nothing.

Each breaks one thing by replacing a name of a module, which only the interpreted engine looks up while it
runs; the compiled one is made of the same files, so its canaries are these.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from backhand import quoting
from backhand.engine import (
    InvariantBroken,
    book,
    fills,
    ladder,
    margin,
    open_leg,
    orders,
    preview,
    reserves,
    reversal_bounds,
    reversal_plan,
    sweep,
)
from backhand.events import CancelReason
from tests.simulation import book_streams, quotes, reversal_worlds, small_books
from tests.simulation.forms import COMPILED
from tests.simulation.reversal_worlds import CORE, KINDS, STRAINED, STRAINING

breaks = pytest.mark.skipif(COMPILED, reason="a compiled engine cannot be broken from outside")

Break = Callable[[pytest.MonkeyPatch], None]


def jump_the_queue(patch: pytest.MonkeyPatch) -> None:
    """Rest an order before those of its price."""

    def add(side: Any, order: Any) -> None:
        level = side.levels.get(order.price_ticks * side.side)
        earlier = []
        while level is not None and level.first is not None and level.first is not level.last:
            earlier.append(level.first)
            side.remove(level.first)
        if level is not None and level.first is not None:
            earlier.append(level.first)
            side.remove(level.first)
        for each in (order, *earlier):
            whole(side, each)

    whole = book.BookSide.add
    patch.setattr(book.BookSide, "add", add)


def narrow_the_band(patch: pytest.MonkeyPatch) -> None:
    """Stop market orders and limits one tick before the band's edge."""
    whole = margin.band_edge_ticks
    patch.setattr(orders, "band_edge_ticks", lambda market, side: whole(market, side) - side)


def fill_what_should_be_killed(patch: pytest.MonkeyPatch) -> None:
    """Take every order for one that the book fills whole."""
    patch.setattr(orders, "matched_lots", lambda matches: 10**6 if matches else 0)


def forget_a_level_sum(patch: pytest.MonkeyPatch) -> None:
    """Leave a level's sum as it was when an order of it is cancelled."""
    whole = book.BookSide.remove

    def remove(side: Any, order: Any) -> None:
        level = order.level
        whole(side, order)
        level.lots += order.open_lots

    patch.setattr(book.BookSide, "remove", remove)


def shrink_the_newest(patch: pytest.MonkeyPatch) -> None:
    """Cancel all closing orders where the oldest would do."""

    def shrink(state: Any, holding: Any, side: int, events: Any) -> None:
        if holding.locked_lots(side) > holding.lots(side):
            for order in reversed(list(holding.orders.values())):
                if order.reduce_only and holding.locked_lots(side) > holding.lots(side):
                    fills.cancel(state, order, CancelReason.REDUCE_ONLY_EXCESS, events)

    patch.setattr(reserves, "_shrink", shrink)


def cut_own_makers(patch: pytest.MonkeyPatch) -> None:
    """Count what an account sells to itself as gone from its position."""
    whole = sweep.Sweep._count  # noqa: SLF001 (broken on purpose)

    def count(walk: Any, order: Any, lots: int) -> None:
        whole(walk, order, lots)
        if order.holding is walk.taker:
            taken = walk._taken_lots  # noqa: SLF001
            taken[order.holding] = taken.get(order.holding, 0) + lots

    patch.setattr(sweep.Sweep, "_count", count)


def requote_at_the_back(patch: pytest.MonkeyPatch) -> None:
    """Let levels of the house that stay at their price lose their place."""

    def withdraw(ladder: Any, _wanted: Any) -> None:
        for order in list(ladder.values()):
            fills.leave_book(order)

    patch.setattr(ladder, "withdraw", withdraw)


def keep_reserves(patch: pytest.MonkeyPatch) -> None:
    """Plan the open leg as if cancelled orders still locked their money."""
    patch.setattr(preview.Preview, "release", lambda _preview, _orders: None)


def ignore_the_guard(patch: pytest.MonkeyPatch) -> None:
    """Close at any price within the band."""
    patch.setattr(reversal_plan, "worst_close_ticks", lambda *_: 0)


def ignore_the_tier(patch: pytest.MonkeyPatch) -> None:
    """Open beyond the tier of the leverage."""
    patch.setattr(preview.Preview, "exceeds_tier", lambda *_: False)


def ignore_the_ratio(patch: pytest.MonkeyPatch) -> None:
    """Open into a margin ratio beyond 0.9."""
    patch.setattr(preview.Preview, "exceeds_opening_ratio", lambda *_: False)


def fill_whatever_it_costs(patch: pytest.MonkeyPatch) -> None:
    """Fill makers that cannot bear what they lose."""
    patch.setattr(sweep.Sweep, "_bound", lambda _walk, _order, before, _lots: before)


def need_half(patch: pytest.MonkeyPatch) -> None:
    """Ask for half of what the open leg needs."""
    whole = preview.Preview.opening_need_e20
    patch.setattr(preview.Preview, "opening_need_e20", lambda *terms: whole(*terms) // 2)


def open_one_less(patch: pytest.MonkeyPatch) -> None:
    """Open one lot less than the largest size that is affordable."""
    whole = open_leg.OpenLeg.largest
    patch.setattr(open_leg.OpenLeg, "largest", lambda *terms: max(0, whole(*terms) - 1))


def ignore_locks(patch: pytest.MonkeyPatch) -> None:
    """Reverse what closing orders hold, and leave those orders alone."""
    patch.setattr(reversal_plan, "_plan_locked", lambda *_: None)


def trade_with_oneself(patch: pytest.MonkeyPatch) -> None:
    """Let a reversal hit the account's own orders."""
    patch.setattr(
        reversal_plan, "Sweep", lambda market, side, taker: sweep.Sweep(market, side, taker, "none", False)
    )


def reverse_the_other_leg(patch: pytest.MonkeyPatch) -> None:
    """Take `side` of hedge mode for the direction of the trade (A1)."""
    patch.setattr(reversal_plan, "held_position", lambda holding, side: holding.leg(-(side or -1)))


def round_fees_down(patch: pytest.MonkeyPatch) -> None:
    """Round every fee to the holder's advantage."""
    for module in (fills, margin):
        patch.setattr(module, "ceil_div", lambda exact, unit: exact // unit)


def lose_a_unit(patch: pytest.MonkeyPatch) -> None:
    """Post every profit one unit short."""
    whole = margin.posted_profit_e8
    for module in (fills, preview):
        patch.setattr(module, "posted_profit_e8", lambda *terms: whole(*terms) - 1)


def hold_to_nothing(patch: pytest.MonkeyPatch) -> None:
    """Take every result for one that is no worse than quoted."""
    patch.setattr(reversal_plan, "worse_than", lambda *_: "")


def forget(**fields: Any) -> Break:
    """Hold commits to a part of what was quoted only."""

    def broken(patch: pytest.MonkeyPatch) -> None:
        whole = reversal_bounds.worse_than
        patch.setattr(
            reversal_plan,
            "worse_than",
            lambda plan, quoted: whole(plan, msgspec.structs.replace(quoted, **fields)),
        )

    return broken


def commit_without_the_policy(patch: pytest.MonkeyPatch) -> None:
    """Lose what was asked for in a quote when its commit does not say it again."""

    def bare(command: Any, quote: Any, **_: bool) -> Any:
        return msgspec.structs.replace(command, bounds=quote.bounds, side=quote.side, effect=quote.effect)

    patch.setattr(quotes, "held_to", bare)


def forget_ids(patch: pytest.MonkeyPatch) -> None:
    """Let who retries learn of everything but that the first one ran."""
    patch.setattr(reversal_plan, "is_duplicate", lambda *_: False)


def quote_half_the_fee(patch: pytest.MonkeyPatch) -> None:
    """Print a fee that is not charged."""
    whole = quoting._leg  # noqa: SLF001 (broken on purpose)
    patch.setattr(quoting, "_leg", lambda side, matches, fee_e8: whole(side, matches, fee_e8 // 2))


def forget_protections(patch: pytest.MonkeyPatch) -> None:
    """Quote as if take-profits and stop-losses outlived their position."""
    patch.setattr(reversal_plan.ReversalPlan, "end_protections", lambda _: None)


def quote_before_as_after(patch: pytest.MonkeyPatch) -> None:
    """Show the margin ratio and the liquidation price as they are before the open leg."""
    for name in ("margin_ratio_e16", "liquidation_price_e16"):
        whole = getattr(preview.Preview, name)
        patch.setattr(preview.Preview, name, lambda self, side, _whole=whole: _whole(self, -side))


def streams() -> None:
    """Play the streams that `make test` plays interpreted."""
    for seed in range(1, 13):
        book_streams.play(seed, book_streams.STREAM_COMMANDS)


def books() -> None:
    """Play the small books that `make test` plays interpreted."""
    small_books.play(small_books.books(orders_max=2))


def worlds() -> None:
    """Play what `make test` plays, what shows most differences first."""
    reversal_worlds.play(KINDS[0], STRAINED, STRAINING, 3)
    for seed in range(1_000):
        reversal_worlds.sample(seed)
    for kind in KINDS:
        reversal_worlds.play(kind, "held", CORE, 2)


def quotes_and_commits() -> None:
    """Play the quotes that `make test` plays."""
    quotes.counted(range(3_000))


BOOKS_BREAK: Final = (jump_the_queue, narrow_the_band, fill_what_should_be_killed, forget_a_level_sum)
STREAMS_BREAK: Final = (*BOOKS_BREAK, shrink_the_newest, cut_own_makers, requote_at_the_back)
WORLDS_BREAK: Final = (
    keep_reserves,
    ignore_the_guard,
    ignore_the_tier,
    ignore_the_ratio,
    fill_whatever_it_costs,
    need_half,
    open_one_less,
    ignore_locks,
    trade_with_oneself,
    reverse_the_other_leg,
    round_fees_down,
    lose_a_unit,
)
QUOTES_BREAK: Final = (
    hold_to_nothing,
    forget(position_id=0),
    forget(cancels_hash=None),
    commit_without_the_policy,
    forget_ids,
    quote_half_the_fee,
    forget_protections,
    quote_before_as_after,
    lose_a_unit,
)


@breaks
@pytest.mark.parametrize(
    ("oracle", "broken"),
    [
        *((streams, broken) for broken in STREAMS_BREAK),
        *((books, broken) for broken in BOOKS_BREAK),
        *((worlds, broken) for broken in WORLDS_BREAK),
        *((quotes_and_commits, broken) for broken in QUOTES_BREAK),
    ],
)
def test_an_oracle_catches_a_broken_engine(
    monkeypatch: pytest.MonkeyPatch, oracle: Callable[[], None], broken: Break
) -> None:
    """What a sound engine passes in `make test` differs for each broken one."""
    broken(monkeypatch)
    with pytest.raises((AssertionError, InvariantBroken)):
        oracle()
