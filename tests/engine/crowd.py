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
    AdvanceClock,
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    OpenAccount,
    OpenKey,
    OrderType,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    ReplaceLadder,
    ResumeVenue,
    ReversePosition,
    SelfTradePrevention,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Tier,
    Transfer,
    TriggerKind,
)
from backhand.engine.book import Order
from backhand.engine.state import FIRST_ID, State, Trigger
from backhand.units import E8, E12
from tests.engine.checked import STEP_MS
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
PRODUCT_TYPES: Final = ("USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES")
ENTRIES: Final[tuple[TriggerKind, ...]] = ("entry", "trailing_entry")
PROTECTIONS: Final[tuple[TriggerKind, ...]] = (
    "take_profit",
    "stop_loss",
    "trailing_stop",
    "position_take_profit",
    "position_stop_loss",
)
#: Ways back of trailing orders; the last is beyond what is allowed.
CALLBACKS_E8: Final = (1_000_000, 3_000_000, 10_000_000, 10_000_001)


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


def _preset(choose: Choose, prices: Sequence[int]) -> Preset | None:
    """None mostly; a side of the price that is wrong for one direction is right for the other."""
    if choose((True, True, False)):
        return None
    return Preset(choose(prices), choose((None, None, *prices)), choose(("last", "mark", "mark")))


def _presets(choose: Choose) -> tuple[Preset | None, Preset | None]:
    below, above = (92, 94, 97, 99), (101, 103, 106, 108)
    rises = choose((True, False))
    return _preset(choose, above if rises else below), _preset(choose, below if rises else above)


def _stp(choose: Choose) -> SelfTradePrevention:
    return choose(("none", "none", "none", "cancel_taker", "cancel_maker", "cancel_both"))


def _order_id(choose: Choose) -> int | None:
    """None at times: then the client order id counts."""
    return choose((None, FIRST_ID + 2 * choose(range(60)), FIRST_ID + 2 * choose(range(60))))


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
        _stp(choose),
        *_presets(choose),
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
    if choose((True, False, False)):
        product_type = choose(PRODUCT_TYPES)
        return CancelOrders(choose(UIDS), product_type, choose((None, _symbol(choose))))
    return CancelOrder(choose(UIDS), _symbol(choose), _order_id(choose), _oid(choose))


def _modify(choose: Choose) -> Command:
    changed = choose((True, True, False))
    take_profit, stop_loss = _presets(choose)
    return ModifyOrder(
        choose(UIDS),
        _symbol(choose),
        _order_id(choose),
        _oid(choose),
        _oid(choose),
        choose(SIZES) if changed else None,
        choose(PRICES) if changed else None,
        not changed or choose((True, False)),
        take_profit,
        stop_loss,
    )


def _close(choose: Choose) -> Command:
    side: Any = choose((None, None, 1, -1))
    return ClosePositions(choose(UIDS), choose(PRODUCT_TYPES), choose((None, _symbol(choose))), side)


def _wait(choose: Choose) -> Command:
    kind = choose((*ENTRIES, *PROTECTIONS))
    trails = kind in {"trailing_entry", "trailing_stop"}
    take_profit, stop_loss = _presets(choose) if kind in ENTRIES else (None, None)
    return PlaceTrigger(
        choose(UIDS),
        _symbol(choose),
        kind,
        choose((1, -1)),
        choose(("last", "mark")),
        choose((*((None,) * 8 if trails else ()), 90, *range(95, 106), 110)),
        choose(SIZES) if not kind.startswith("position") else None,
        choose((*(None,) * 4, *range(95, 106))),
        choose(CALLBACKS_E8) if trails else 0,
        choose((*("open", "close") * 8, "invalid", None)),
        choose((False, False, False, True)),
        choose((*(None,) * 8, "crossed", "isolated")),
        _oid(choose),
        _stp(choose),
        take_profit,
        stop_loss,
    )


def _alter(choose: Choose) -> Command:
    take_profit, stop_loss = _presets(choose)
    return ModifyTrigger(
        choose(UIDS),
        _symbol(choose),
        choose((True, False)),
        _order_id(choose),
        _oid(choose),
        choose((None, 0, *range(95, 106))),
        choose((None, None, "last", "mark")),
        choose((None, None, 0, *SIZES)),
        choose((None, None, 0, 98, 102)),
        choose((None, None, *CALLBACKS_E8)),
        choose((True, False, False)),
        take_profit,
        stop_loss,
        choose((None, "take_profit", "stop_loss")),
    )


def _drop(choose: Choose) -> Command:
    if choose((True, False, False)):
        kinds = (choose(ENTRIES), choose(PROTECTIONS))
        return CancelTriggers(choose(UIDS), choose(PRODUCT_TYPES), kinds, choose((None, _symbol(choose))))
    return CancelTrigger(choose(UIDS), _symbol(choose), _order_id(choose), _oid(choose))


def _ladder(choose: Choose) -> Command:
    middle = choose((96, 98, 100, 100, 102, 104))
    bids = tuple((middle - 1 - level, choose(SIZES)) for level in range(choose((0, 1, 2, 3))))
    asks = tuple((middle + 1 + level, choose(SIZES)) for level in range(choose((0, 1, 2, 3))))
    index_e12 = choose((None, None, middle * E12))
    mark_e12 = choose((None, None, None, 100 * E12))
    taken_lots = choose((0, 0, 0, 1, -2))
    return ReplaceLadder(_symbol(choose), bids, asks, index_e12, mark_e12, taken_lots=taken_lots)


def _price(choose: Choose) -> Command:
    return SetPrice(
        _symbol(choose),
        choose((80, 95, 97, 98, 100, 100, 102, 103, 105, 125)) * E12,
        choose((None, None, 99 * E12 + 1)),
        choose((None, None, None, 10_000)),
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


def _move_margin(choose: Choose) -> Command:
    uid, symbol = choose(UIDS), _symbol(choose)
    side: Any = choose((1, -1))
    if choose((True, False, False)):
        return SetAutoMargin(uid, symbol, side, choose((True, False)))
    return MoveMargin(uid, symbol, side, choose((0, 1, 5 * E8, 300 * E8, -1, -5 * E8, -300 * E8)))


def _margin_mode(choose: Choose) -> Command:
    return SetMarginMode(choose(UIDS), _symbol(choose), choose(("crossed", "isolated")))


def _position_mode(choose: Choose) -> Command:
    return SetPositionMode(choose(UIDS), choose(PRODUCT_TYPES), choose((True, False)))


def _terms(choose: Choose) -> Command:
    terms = {
        "status": choose((*("normal",) * 12, "limit_open", "maintain", "off")),
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
        ConfigureVenue("crowd", one_way_size="ignore", maintenance="flat"),
        ConfigureVenue("crowd", position_limit="enforce"),
        ConfigureVenue("crowd"),
        ResumeVenue(),
        ConfigureVenue("other"),
        OpenAccount("oneway"),
        OpenKey("oneway", "key", b"sealed", b"hash"),
    )
    return choose(rare)


#: What is done, and how often by a seeded crowd.
WEIGHTED: Final[dict[str, tuple[Callable[[Choose], Command], int]]] = {
    "place": (_place, 40),
    "reverse": (_reverse, 20),
    "cancel": (_cancel, 6),
    "modify": (_modify, 8),
    "close": (_close, 5),
    "wait": (_wait, 30),
    "alter": (_alter, 6),
    "drop": (_drop, 4),
    "ladder": (_ladder, 16),
    "price": (_price, 16),
    "clock": (lambda _: AdvanceClock(), 4),
    "transfer": (_transfer, 4),
    "leverage": (_leverage, 3),
    "move_margin": (_move_margin, 4),
    "margin_mode": (_margin_mode, 2),
    "position_mode": (_position_mode, 2),
    "terms": (_terms, 2),
    "rest": (_rest, 2),
}
KINDS: Final = {kind: make for kind, (make, _) in WEIGHTED.items()}
#: A clock is advanced this long after what came before, so that marks move and funding is settled.
PAUSE_MS: Final = 100 * 60 * 1000


def pause_ms(command: Command) -> int:
    """How long after the last command this one comes."""
    return PAUSE_MS if isinstance(command, AdvanceClock) else STEP_MS


def aimed(command: Command, state: State, choose: Choose) -> Command:
    """Let most commands about something that exists name something that does."""
    if choose((True, False, False, False)):
        return command
    accounts = [state.accounts[uid] for uid in UIDS]
    live: list[Order | Trigger] = []
    if isinstance(command, CancelOrder | ModifyOrder):
        live = [order for account in accounts for order in account.orders.values()]
    elif isinstance(command, CancelTrigger | ModifyTrigger):
        live = [trigger for account in accounts for trigger in account.triggers.values()]
    if live:
        found = choose(live)
        names = {"uid": found.holding.account.uid, "symbol": found.holding.market.symbol}
        if isinstance(command, ModifyTrigger) and isinstance(found, Trigger):
            command = msgspec.structs.replace(command, protecting=found.kind in PROTECTIONS)
        return msgspec.structs.replace(command, order_id=found.order_id, **names)
    protects = isinstance(command, PlaceTrigger) and command.kind in PROTECTIONS
    if protects or isinstance(command, ReversePosition | MoveMargin | SetAutoMargin):
        holdings = [holding for account in accounts for holding in account.holdings.values()]
        legs = [(held, side) for held in holdings for side in (1, -1) if held.leg(side) is not None]
        if legs:
            held, side = choose(legs)
            uid, symbol = held.account.uid, held.market.symbol
            return msgspec.structs.replace(command, uid=uid, symbol=symbol, side=side)
    return command


def seeded(seed: int, count: int, state: State) -> Iterator[Command]:
    """
    Give the opening and `count` random commands: the same for the same seed, in any process.

    `state` is the venue that carries them out, from which they take what they are aimed at.
    """
    generator = random.Random(seed)  # noqa: S311 (tests, not secrets)
    weights = [weight for _, weight in WEIGHTED.values()]
    yield from opening()
    for kind in generator.choices(tuple(KINDS), weights, k=count):
        yield aimed(KINDS[kind](generator.choice), state, generator.choice)
