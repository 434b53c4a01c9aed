"""
The engine's account arithmetic against a second model, over random histories.

`accounts_model` is the model, `bookkeeper` the comparison. BACKHAND_EXAMPLES=1000 plays more and other
histories than the fixed ones that every test run plays.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.commands import (
    AdvanceClock,
    Command,
    ConfigureVenue,
    ListContract,
    MoveMargin,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Tier,
    Transfer,
)
from backhand.engine import InvariantBroken, figures, fills, funding, leverage, margin
from backhand.engine.figures import account_figures
from backhand.units import E8, E12
from tests.engine.bookkeeper import Bookkeeper
from tests.engine.worlds import HOUR_MS, contract
from tests.examples import examples

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]

STEPS: Final = 30
#: Commands of a seeded history.
SEEDED_STEPS: Final = 150

#: Tiers that positions of a few coins reach, with rates that rise steeply.
TIERS: Final = (
    Tier(1_500 * E8, 125, 400_000),
    Tier(4_000 * E8, 20, 1_000_000),
    Tier(900_000 * E8, 10, 2_500_000),
)
CONTRACTS: Final = (
    contract("ETHUSDT", tiers=TIERS, funding_interval_hours=1),
    # Lots and ticks that divide nothing evenly, so that every rounding is met.
    contract("XRPUSDT", tiers=TIERS, lot_e8=33_333_333, tick_e12=1_003_007_001_003, maker_fee_rate_e8=-4_321),
    contract("ETHUSD", inverse=True, tiers=TIERS, lot_e8=E8 // 7, funding_interval_hours=4),
)
ACCOUNTS: Final = (
    OpenAccount("oneway", leverage=7),
    OpenAccount("hedge", hedge_mode=True),
    OpenAccount("isolated", margin_mode="isolated", leverage=10),
    OpenAccount("both", hedge_mode=True, margin_mode="isolated", leverage=3),
)
UIDS: Final = tuple(account.uid for account in ACCOUNTS)
SIZES: Final = (1, 2, 3, 5, 8, 13, 34)
DEPOSIT_E8: Final = 3_000 * E8


def opening() -> list[Command]:
    """The commands that every history begins with."""
    commands: list[Command] = [ConfigureVenue("model"), *map(ListContract, CONTRACTS), *ACCOUNTS]
    commands += [Transfer(uid, coin, DEPOSIT_E8) for uid in UIDS for coin in ("USDT", "ETH")]
    commands += [SetPrice(each.symbol, 100 * E12, 100 * E12) for each in CONTRACTS]
    return [*commands, *(ladder(each.symbol, 100) for each in CONTRACTS)]


def ladder(symbol: str, middle: int) -> ReplaceLadder:
    asks = tuple((middle + 1 + level, 40) for level in range(3))
    return ReplaceLadder(symbol, tuple((middle - 1 - level, 40) for level in range(3)), asks)


def step(book: Bookkeeper, choose: Choose[Any]) -> list[Command]:
    """What happens next."""
    uid, listed = choose(UIDS), choose(CONTRACTS)
    symbol = listed.symbol
    side: Literal[1, -1] = choose((1, -1))
    kind = choose(("market", "market", "limit", "reverse", "price", "price", "quote", "time", *RARE))
    if kind == "market":
        effect = choose(("open", "open", "open", "close"))
        return [PlaceOrder(uid, symbol, side, "market", choose(SIZES), effect=effect)]
    if kind == "limit":
        price, size = choose(range(96, 105)), choose(SIZES)
        return [PlaceOrder(uid, symbol, side, "limit", size, price, effect=choose(("open", "open", "close")))]
    if kind == "reverse":
        return [ReversePosition(uid, symbol, side, "open")]
    if kind == "price":
        mark_e12 = choose((97 * E12, 99 * E12 + 1, 100 * E12, 101 * E12 + 7_654_321, 103 * E12))
        return [SetPrice(symbol, mark_e12, choose((mark_e12, mark_e12, None)))]
    if kind == "quote":
        return [ladder(symbol, choose((97, 99, 100, 102)))]
    if kind == "time":
        return [AdvanceClock()]
    if kind == "transfer":
        return [Transfer(uid, listed.margin_coin, choose((5 * E8, E8 // 3, -7 * E8, -DEPOSIT_E8)))]
    if kind == "withdraw":
        most_e8 = account_figures(book.state.accounts[uid], listed.margin_coin).max_transfer_out_e20 // E12
        amount_e8 = choose((most_e8, most_e8 + 1, most_e8 // 2))
        # And back again, so that what comes after still has something to stand on.
        return [
            Transfer(uid, listed.margin_coin, -max(1, amount_e8)),
            Transfer(uid, listed.margin_coin, amount_e8 + 1),
        ]
    if kind == "margin":
        return [MoveMargin(uid, symbol, side, choose((E8, 3 * E8 + 1, -E8, -1, -20 * E8, 10 * DEPOSIT_E8)))]
    if kind == "leverage":
        return [SetLeverage(uid, symbol, choose((2, 3, 10, 11, 21, 50)), choose((side, side, None)))]
    if kind == "margin mode":
        return [SetMarginMode(uid, symbol, choose(("crossed", "isolated")))]
    return [SetPositionMode(uid, listed.product_type, choose((True, False)))]


RARE: Final = (
    "transfer",
    "withdraw",
    "margin",
    "margin",
    "leverage",
    "leverage",
    "margin mode",
    "position mode",
)


def play(choose: Choose[Any], steps: int) -> Bookkeeper:
    """Play a history, until somebody is liquidated."""
    book = Bookkeeper()
    for command in opening():
        book.do(command)
    for _ in range(steps):
        for command in step(book, choose):
            if book.is_over:
                return book
            wait_ms = choose((HOUR_MS, 3 * HOUR_MS, 90_000)) if isinstance(command, AdvanceClock) else 1
            book.do(command, wait_ms)
    return book


@given(st.data())
@examples(20)
def test_the_engine_agrees_with_the_model(data: Any) -> None:
    """Wallets, averages, margins and all figures agree, and what rounding left is in the rounding account."""
    play(lambda options: data.draw(st.sampled_from(options)), STEPS)


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_long_history_agrees_with_the_model(seed: int) -> None:
    """So it does after some hundred commands of each kind."""
    generator = random.Random(seed)  # noqa: S311 (tests, not secrets)
    book = play(generator.choice, SEEDED_STEPS)
    assert len(book.counts) > 15 or book.is_over


Break = Callable[[pytest.MonkeyPatch], None]


def average_rounded_down(patch: pytest.MonkeyPatch) -> None:
    """Cut average prices instead of rounding them half up."""
    patch.setattr(fills, "average_price_after_e12", lambda q, e, n, p: (q * e + n * p) // (q + n))


def funding_charged_down(patch: pytest.MonkeyPatch) -> None:
    """Charge payers a unit less than they owe."""
    patch.setattr(funding, "ceil_div", lambda exact, unit: exact // unit)


def no_margin_drawn(patch: pytest.MonkeyPatch) -> None:
    """Lower a leverage without setting more margin aside."""
    patch.setattr(leverage, "_missing_margin_e16", lambda *_: 0)


def liquidation_price_off(patch: pytest.MonkeyPatch) -> None:
    """Show a liquidation price that is off in its twelfth decimal."""
    whole = margin.liquidation_price_e16
    patch.setattr(figures, "liquidation_price_e16", lambda *legs: whole(*legs) and whole(*legs) + 10**4)


def break_even_off(patch: pytest.MonkeyPatch) -> None:
    """Show a break-even price that is off in its last digit."""
    whole = margin.break_even_price_e16
    patch.setattr(figures, "break_even_price_e16", lambda *leg: whole(*leg) + 1)


def larger_leg_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Have crossed legs need margin for the long one only."""
    whole = margin.legs_sums
    patch.setattr(margin, "legs_sums", lambda m, x, q, e, _q, _e: whole(m, x, q, e, 0, 0))


@pytest.mark.skipif(
    not (fills.__file__ or "").endswith(".py"), reason="a compiled engine cannot be broken from outside"
)
@pytest.mark.parametrize(
    "broken",
    [
        average_rounded_down,
        funding_charged_down,
        no_margin_drawn,
        liquidation_price_off,
        break_even_off,
        larger_leg_forgotten,
    ],
    ids=lambda broken: broken.__name__,
)
def test_a_broken_engine_is_found_out(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """Canary: one wrong digit in one formula, and a history no longer agrees."""
    broken(monkeypatch)
    with pytest.raises((AssertionError, InvariantBroken)):
        play_seeds(range(1, 9))


def play_seeds(seeds: range) -> None:
    for seed in seeds:
        play(random.Random(seed).choice, SEEDED_STEPS)  # noqa: S311 (tests, not secrets)
