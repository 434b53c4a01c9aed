"""
A crowd: random commands of every kind by a few accounts and the house, with many collisions.

Prices, sizes and names are few, so that orders meet, flip positions, run out of money and repeat
themselves. Where the choices come from is the caller's business: Hypothesis, or a seeded generator.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from backhand.commands import (
    HOUSE_UID,
    CancelOrder,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    OpenKey,
    OrderType,
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
from backhand.engine.state import FIRST_ID
from backhand.units import E8, E12
from tests.engine.worlds import contract

T = TypeVar("T")


class Choose(Protocol):
    """Pick one of several."""

    def __call__(self, options: Sequence[T], /) -> T: ...


#: Tiers are small, so that orders of a few coins reach their ends.
TIERS: Final = (
    Tier(1_500 * E8, 125, 400_000),
    Tier(4_000 * E8, 20, 1_000_000),
    Tier(9_000 * E8, 3, 5_000_000),
)
CONTRACTS: Final = (
    contract("ETHUSDT", tiers=TIERS, symbol_orders_max=4, product_orders_max=6),
    # Lots and ticks that divide nothing evenly, so that every rounding is met.
    contract("XRPUSDT", tiers=TIERS, lot_e8=33_333_333, tick_e12=1_003_007_001_003, size_lots_min=2),
    contract("ETHUSD", inverse=True, tiers=TIERS, symbol_orders_max=4),
)
UIDS: Final = ("oneway", "hedge", "isolated", "both", "poor")
ACCOUNTS: Final[tuple[Command, ...]] = (
    OpenAccount("oneway"),
    OpenAccount("hedge", hedge_mode=True, copy_trader=True),
    OpenAccount("isolated", margin_mode="isolated", leverage=10),
    OpenAccount("both", hedge_mode=True, margin_mode="isolated", leverage=125),
    OpenAccount("poor", leverage=100),
)
DEPOSITS: Final[tuple[Command, ...]] = tuple(
    Transfer(uid, coin, (30 if uid == "poor" else 2_000) * E8) for uid in UIDS for coin in ("USDT", "ETH")
)
PRICES: Final = (*range(95, 106), 40, 160)
SIZES: Final = (1, 2, 3, 5, 8, 13)


def opening() -> list[Command]:
    """The commands that every crowd begins with."""
    venue = ConfigureVenue("crowd")
    prices = [SetPrice(each.symbol, 100 * E12) for each in CONTRACTS]
    return [venue, *map(ListContract, CONTRACTS), *ACCOUNTS, *DEPOSITS, *prices, *map(_deep, CONTRACTS)]


def _deep(listed: Contract) -> ReplaceLadder:
    return ReplaceLadder(listed.symbol, ((99, 20), (97, 40)), ((101, 20), (103, 40)))


def _symbol(choose: Choose) -> str:
    return choose(CONTRACTS).symbol


def _oid(choose: Choose) -> str | None:
    """None mostly; else one of few names, or one that the venue itself may come to generate."""
    kind = choose((*("none",) * 8, "name", "guess"))
    if kind == "none":
        return None
    return choose("abcdefgh") if kind == "name" else str(FIRST_ID + 2 * choose(range(60)) + 1)


def _place(choose: Choose) -> Command:
    order_type: OrderType = choose(("market", "limit", "limit"))
    return PlaceOrder(
        choose(UIDS),
        _symbol(choose),
        choose((1, -1)),
        order_type,
        choose(SIZES),
        choose(PRICES) if order_type == "limit" else None,
        choose(("gtc", "gtc", "gtc", "ioc", "fok", "post_only")),
        choose((*("open", "close") * 8, "invalid", None)),
        choose((False, False, False, True)),
        choose((*(None,) * 8, "crossed", "isolated")),
        _oid(choose),
    )


def _reverse(choose: Choose) -> Command:
    return ReversePosition(
        choose(UIDS),
        _symbol(choose),
        choose((*(1, -1) * 8, None, 0)),
        choose((*("open", "close") * 8, "invalid", None)),
        choose((None, *SIZES)),
        choose((*(None,) * 12, "0.5")),
        _oid(choose),
        choose(("close", "largest")),
    )


def _cancel(choose: Choose) -> Command:
    if choose((True, False)):
        return CancelOrder(choose(UIDS), _symbol(choose), client_oid=_oid(choose))
    return CancelOrder(choose(UIDS), _symbol(choose), FIRST_ID + 2 * choose(range(60)))


def _ladder(choose: Choose) -> Command:
    middle = choose((96, 98, 100, 100, 102, 104))
    bids = tuple((middle - 1 - level, choose(SIZES)) for level in range(choose((0, 1, 2, 3))))
    asks = tuple((middle + 1 + level, choose(SIZES)) for level in range(choose((0, 1, 2, 3))))
    index_e12 = choose((None, None, middle * E12))
    return ReplaceLadder(_symbol(choose), bids, asks, index_e12, choose((None, None, None, 100 * E12)))


def _price(choose: Choose) -> Command:
    return SetPrice(
        _symbol(choose), choose((80, 97, 100, 103, 125)) * E12, choose((None, None, 99 * E12 + 1))
    )


def _transfer(choose: Choose) -> Command:
    amount_e8 = choose((5 * E8, 500 * E8, -3 * E8, -1_000 * E8, -1, 0))
    return Transfer(choose((*UIDS, HOUSE_UID, "nobody")), choose(("USDT", "ETH", "BTC")), amount_e8)


def _leverage(choose: Choose) -> Command:
    values = (None, 1, 3, 20, 125, 126)
    side: Any = choose((None, None, 1, -1))
    return SetLeverage(
        choose(UIDS), _symbol(choose), choose(values), side, choose((None, None, 5)), choose((None, None, 10))
    )


def _margin_mode(choose: Choose) -> Command:
    return SetMarginMode(choose(UIDS), _symbol(choose), choose(("crossed", "isolated")))


def _position_mode(choose: Choose) -> Command:
    product_type = choose(("USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES"))
    return SetPositionMode(choose(UIDS), product_type, choose((True, False)))


def _terms(choose: Choose) -> Command:
    terms = {
        "status": choose((*("normal",) * 8, "limit_open", "maintain")),
        "maker_fee_rate_e8": choose((20_000, 20_001, -5_000, 0)),
        "size_lots_min": choose((1, 2)),
        "leverage_max": choose((125, 50)),
        "lot_e8": choose((None, None, None, E8 // 10)),
    }
    given = {name: value for name, value in terms.items() if value is not None}
    return ListContract(msgspec.structs.replace(choose(CONTRACTS), **given))


def _rest(choose: Choose) -> Command:
    rare: tuple[Command, ...] = (
        ConfigureVenue("crowd", one_way_size="honour"),
        ConfigureVenue("crowd", one_way_size="ignore"),
        ConfigureVenue("other"),
        OpenAccount("oneway"),
        OpenKey("oneway", "key", b"sealed", b"hash"),
    )
    return choose(rare)


KINDS: Final[dict[str, Callable[[Choose], Command]]] = {
    "place": _place,
    "reverse": _reverse,
    "cancel": _cancel,
    "ladder": _ladder,
    "price": _price,
    "transfer": _transfer,
    "leverage": _leverage,
    "margin_mode": _margin_mode,
    "position_mode": _position_mode,
    "terms": _terms,
    "rest": _rest,
}
#: How often a seeded crowd does what.
WEIGHTS: Final = (40, 20, 6, 12, 6, 4, 3, 2, 2, 2, 2)


def seeded(seed: int, count: int) -> Iterator[Command]:
    """Give the opening and `count` random commands: the same for the same seed, in any process."""
    generator = random.Random(seed)  # noqa: S311 (tests, not secrets)
    yield from opening()
    for kind in generator.choices(tuple(KINDS), WEIGHTS, k=count):
        yield KINDS[kind](generator.choice)
