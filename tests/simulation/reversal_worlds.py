"""
Small reversal worlds: two accounts and the house, three prices, three sizes, and every reversal.

A world is a kind (contract, mode, margin), a start and a sequence of commands from `ALPHABET`. After it,
each of `reversals` is judged; one that is carried out has the world played again for the next.

    kind       linear | inverse, one-way | honour | hedge, crossed | isolated: 12
    start      flat, or ann holds 3 long and 1 short (one-way: 2 long), at prices around the mark
    prices     99, 100, 101 ticks; the mark starts at 100, the band's edges are 99 and 101
    sizes      1, 2, 3 lots
    money      ann has enough for about five lots at her leverage of 20; ben has plenty

Lots and ticks divide nothing evenly, so that every rounding is met; tiers end after a few lots.
"""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from backhand.commands import (
    BUY,
    LONG,
    SELL,
    SHORT,
    CancelOrder,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    SetLeverage,
    SetPrice,
    Shortfall,
    Side,
    Tier,
    Transfer,
)
from backhand.engine import State, apply
from backhand.units import E8
from tests.engine.worlds import contract
from tests.simulation.reversal_check import Check, read
from tests.simulation.scene import Scene, Terms

#: Gives a command for the world as it stands; cancels need that.
Letter = Callable[["World"], Command]
Named = tuple[str, Letter]
Kind = tuple[str, str, str]
Facts = tuple[object, ...]

TICK_E12: Final = 1_003_007_001_003
TERMS: Final[dict[str, Any]] = {
    "lot_e8": 33_333_333,
    "tick_e12": TICK_E12,
    # The three prices are all there is: at the mark of 100 the outer ones are the band's edges.
    "buy_band_rate_e8": E8 // 100,
    "sell_band_rate_e8": E8 // 100,
    "tiers": (Tier(110 * E8, 125, 400_000), Tier(180 * E8, 20, 1_000_000), Tier(400 * E8, 3, 5_000_000)),
}
SHORT_TIERS: Final = (Tier(40 * E8, 125, 400_000), Tier(60 * E8, 20, 1_000_000), Tier(400 * E8, 3, 5_000_000))
CONTRACTS: Final = {
    "linear": contract("ETHUSDT", **TERMS),
    "inverse": contract("ETHUSD", inverse=True, **TERMS),
}
KINDS: Final = tuple(itertools.product(CONTRACTS, ("one-way", "honour", "hedge"), ("crossed", "isolated")))
STARTS: Final = ("flat", "held")
#: A start of its own for sequences of `STRAINING`: ben has little money, and a leverage of 125.
STRAINED: Final = "strained"
UIDS: Final = ("ann", "ben")
SHORTFALLS: Final[tuple[Shortfall, ...]] = ("close", "largest")
USED_OID: Final = "used"
#: What ann begins with and may get or lose, by contract.
FUNDS_E8: Final = {"linear": 8 * E8, "inverse": 8 * E8 // 100}


class World:
    """One venue at the end of a sequence of commands."""

    def __init__(self, kind: Kind, start: str) -> None:
        self.kind = kind
        self.contract: Contract = CONTRACTS[kind[0]]
        self.symbol = self.contract.symbol
        self.hedge = kind[1] == "hedge"
        self.funds_e8 = FUNDS_E8[kind[0]]
        self.state = State()
        self.stamp_ms = 0
        coin, isolated = self.contract.margin_coin, kind[2] == "isolated"
        self.do(ConfigureVenue("worlds", one_way_size="honour" if kind[1] == "honour" else "ignore"))
        self.do(ListContract(self.contract))
        for uid in UIDS:
            self.do(
                OpenAccount(uid, hedge_mode=self.hedge, margin_mode="isolated" if isolated else "crossed")
            )
        self.do(Transfer("ann", coin, self.funds_e8))
        self.do(Transfer("ben", coin, self.funds_e8 // 10 if start == STRAINED else 1000 * self.funds_e8))
        self.do(mark(100)(self))
        self.do(house("100x1 99x6", "101x6")(self))
        if start == STRAINED:
            self.do(leverage(125, "ben")(self))
        if start == "held":
            self.do(place("ann", LONG, 3 if self.hedge else 2)(self))
            self.do(place("ann", SHORT, 1)(self) if self.hedge else place("ben", SELL, 1)(self))

    def do(self, command: Command) -> None:
        self.stamp_ms += 1
        apply(self.state, command, self.stamp_ms)


def place(
    uid: str, side: Side, lots: int, price: int | None = None, tif: Any = "gtc", oid: str | None = None
) -> Letter:
    """An order that opens; in hedge mode `side` names the leg."""
    order_type: Any = "market" if price is None else "limit"
    return lambda world: PlaceOrder(
        uid, world.symbol, side, order_type, lots, price, tif, "open", client_oid=oid
    )


def close(uid: str, leg: Side, lots: int, price: int | None = None) -> Letter:
    """An order that closes a leg; in one-way mode the trade that reduces it."""
    order_type: Any = "market" if price is None else "limit"
    trade: Side = SELL if leg == LONG else BUY
    return lambda world: PlaceOrder(
        uid,
        world.symbol,
        leg if world.hedge else trade,
        order_type,
        lots,
        price,
        effect="close",
        reduce_only=True,
    )


def cancel_oldest(uid: str) -> Letter:
    """Cancel the oldest resting order; an unknown one when there is none."""

    def letter(world: World) -> Command:
        orders = world.state.accounts[uid].orders
        return CancelOrder(uid, world.symbol, next(iter(orders), 1))

    return letter


def house(bids: str, asks: str) -> Letter:
    """The house's ladder: "100x1 99x6" is 1 lot at 100 and 6 at 99."""
    levels = []
    for text in (bids, asks):
        pairs = (level.split("x") for level in text.split())
        levels.append(tuple((int(price), int(size)) for price, size in pairs))
    return lambda world: ReplaceLadder(world.symbol, levels[0], levels[1])


def mark(ticks: int) -> Letter:
    """Index and mark, both by hand."""
    return lambda world: SetPrice(world.symbol, ticks * TICK_E12, ticks * TICK_E12)


def transfer(eighths: int) -> Letter:
    """Money in or out, in eighths of what ann began with."""
    return lambda world: Transfer("ann", world.contract.margin_coin, world.funds_e8 // 8 * eighths)


def leverage(value: int, uid: str = "ann") -> Letter:
    return lambda world: SetLeverage(uid, world.symbol, long_leverage=value, short_leverage=value)


def terms(**changes: Any) -> Letter:
    def letter(world: World) -> Command:
        listed = world.state.contracts[world.symbol]
        return ListContract(msgspec.structs.replace(listed, **changes))

    return letter


#: Commands that exhaustive sequences are made of.
ALPHABET: Final[dict[str, Letter]] = {
    "ann buys 3": place("ann", LONG, 3),
    "ann sells 2": place("ann", SHORT, 2),
    "ann bids 2 at 99": place("ann", LONG, 2, 99, oid=USED_OID),
    "ann bids 1 at 100": place("ann", LONG, 1, 100),
    "ann offers 1 at 101": place("ann", SHORT, 1, 101),
    "ann would close 2 long at 101": close("ann", LONG, 2, 101),
    "ann would close 1 long at 100": close("ann", LONG, 1, 100),
    "ann would close 1 short at 99": close("ann", SHORT, 1, 99),
    "ann closes 1 long": close("ann", LONG, 1),
    "ann cancels her oldest": cancel_oldest("ann"),
    "ann leverage 3": leverage(3),
    "ann leverage 50": leverage(50),
    "ann leverage 125": leverage(125),
    "ann gets much": transfer(1000),
    "ann gets little": transfer(1),
    "ann pays out": transfer(-2),
    "ben buys 3": place("ben", LONG, 3),
    "ben bids 2 at 100": place("ben", LONG, 2, 100),
    "ben offers 2 at 100": place("ben", SHORT, 2, 100),
    "ben would close 1 long at 100": close("ben", LONG, 1, 100),
    "ben would close 1 short at 100": close("ben", SHORT, 1, 100),
    "ben cancels his oldest": cancel_oldest("ben"),
    "house empty": house("", ""),
    "house thin": house("99x1", "101x1"),
    "house thick": house("100x2 99x3", "101x6"),
    "mark 99": mark(99),
    "mark 101": mark(101),
    "at least 2 lots": terms(size_lots_min=2),
    "closing only": terms(status="limit_open"),
    "tiers end sooner": terms(tiers=SHORT_TIERS),
}


#: The part of it that `make test` plays: of each sort the one that changes most.
CORE: Final = (
    *("ann buys 3", "ann sells 2", "ann bids 2 at 99", "ann would close 2 long at 101"),
    *("ann closes 1 long", "ann cancels her oldest", "ann leverage 50", "ann gets much", "ann pays out"),
    *("ben bids 2 at 100", "ben would close 1 short at 100", "house empty", "house thin", "house thick"),
)

#: What leaves ben with orders that he can no longer bear, and lets ann meet them.
STRAINING: Final = (
    *("ann buys 3", "ann sells 2", "ben bids 2 at 100", "ben offers 2 at 100"),
    *("mark 99", "mark 101"),
)


def _every_order() -> dict[str, Letter]:
    """Orders of both accounts at every price, in every size and kind."""
    letters: dict[str, Letter] = {}
    sides: tuple[Side, Side] = (LONG, SHORT)
    for uid, side, lots in itertools.product(UIDS, sides, (1, 2, 3)):
        leg = "long" if side == LONG else "short"
        letters[f"{uid} opens {lots} {leg}"] = place(uid, side, lots)
        letters[f"{uid} closes {lots} {leg}"] = close(uid, side, lots)
        for price in (99, 100, 101):
            letters[f"{uid} closes {lots} {leg} at {price}"] = close(uid, side, lots, price)
            for tif in ("gtc", "ioc", "fok", "post_only"):
                letters[f"{uid} opens {lots} {leg} at {price} {tif}"] = place(uid, side, lots, price, tif)
    return letters


#: Commands that sampled sequences are made of; what is not an order comes as often as the orders together.
ORDERS: Final = tuple(_every_order().items())
OTHERS: Final = (
    *((name, letter) for name, letter in ALPHABET.items()),
    ("house deep", house("101x3 100x3 99x3", "")),
    ("house offers", house("", "99x2 100x2 101x2")),
    ("ann leverage 10", leverage(10)),
    ("no trading", terms(status="maintain")),
    ("trading", terms(status="normal", size_lots_min=1)),
    ("value of 60", terms(value_min_e8=60 * E8)),
)


def reversals(world: World) -> list[ReversePosition]:
    """Give every reversal that ann may ask for; what is sent wrongly stands last."""
    uid, symbol = "ann", world.symbol
    calls: list[ReversePosition] = []
    sides: tuple[Side, ...] = (LONG, SHORT)
    sizes = (None, 1, 2, 3) if world.kind[1] != "one-way" else (None, 1)
    for side in sides if world.hedge else (None,):
        effect: Any = "open" if world.hedge else None
        calls += [
            ReversePosition(uid, symbol, side, effect, size, shortfall=shortfall)
            for size, shortfall in itertools.product(sizes, SHORTFALLS)
        ]
        calls.append(ReversePosition(uid, symbol, side, effect, size_off_grid="0.5"))
        calls.append(ReversePosition(uid, symbol, side, effect, client_oid=USED_OID))
    return [
        *calls,
        ReversePosition(uid, symbol, LONG, "close", client_oid="new"),
        ReversePosition(uid, symbol, SHORT, None),
        ReversePosition(uid, symbol, LONG, "invalid"),
        ReversePosition(uid, symbol, None, "open"),
        ReversePosition(uid, symbol, 0, "open"),
    ]


def replayed(kind: Kind, start: str, letters: Sequence[Letter]) -> World:
    """Play a sequence in a new world."""
    world = World(kind, start)
    for letter in letters:
        world.do(letter(world))
    return world


def play(kind: Kind, start: str, alphabet: Sequence[str], length: int) -> int:
    """
    Judge every reversal after every sequence; gives how many were compared.

    A sequence that ends where an earlier one did (a command was refused, or undone) adds nothing.
    """
    seen: set[Facts] = set()
    compared = 0
    for named in sequences(alphabet, length):
        letters = [letter for _, letter in named]
        world = replayed(kind, start, letters)
        facts = facts_of(world)
        if facts in seen:
            continue
        seen.add(facts)
        with telling(f"{' '.join(kind)}, {start}: {'; '.join(name for name, _ in named)}"):
            scene = scene_of(world)
            for call in reversals(world):
                compared += 1
                if not compare(world, scene, call).is_refused:
                    world = replayed(kind, start, letters)
    return compared


def sample(seed: int) -> None:
    """Play one sampled world: five commands of any kind, then one reversal."""
    chance = random.Random(seed)  # noqa: S311 (tests, not secrets)
    kind, start = chance.choice(KINDS), chance.choice(STARTS)
    named = [chance.choice(chance.choice((ORDERS, OTHERS))) for _ in range(5)]
    with telling(f"sample {seed}: {' '.join(kind)}, {start}: {'; '.join(name for name, _ in named)}"):
        world = replayed(kind, start, [letter for _, letter in named])
        compare(world, scene_of(world), chance.choice(reversals(world)))


@contextmanager
def telling(where: str) -> Iterator[None]:
    """Let whatever goes wrong say in which world it did."""
    try:
        yield
    except Exception as error:
        error.add_note(where)
        raise


def facts_of(world: World) -> Facts:
    """Everything that a reversal depends on, in integers; orders are known by their age."""
    market = world.state.markets[world.symbol]
    listed = market.contract
    facts: list[object] = [
        market.mark_price_e12,
        (listed.status, listed.size_lots_min, listed.value_min_e8, listed.tiers),
    ]
    for uid in UIDS:
        account = world.state.accounts[uid]
        holding = account.holding(market)
        facts.append((holding.ledger.wallet_e8, holding.ledger.locked_e8, USED_OID in account.client_oids))
        facts.append((holding.crossed_leverage, holding.long_leverage, holding.short_leverage))
        facts += [
            leg and (leg.lots, leg.average_price_e12, leg.margin_e16) for leg in (holding.long, holding.short)
        ]
    resting: list[Any] = []
    for side in (market.book.bids, market.book.asks):
        for level in side.levels.values():
            order = level.first
            while order is not None:
                resting.append(order)
                order = order.after
    resting.sort(key=lambda each: each.order_id)
    facts += [
        (
            order.holding.account.uid,
            order.side,
            order.hold_side,
            order.reduce_only,
            order.price_ticks,
            order.open_lots,
            order.reserve_e8,
        )
        for order in resting
    ]
    return tuple(facts)


def scene_of(world: World) -> Scene:
    """Read the scene at the end of a world; what its orders have locked is what they should have."""
    scene = read(world.state, Terms.of(world.state.markets[world.symbol].contract), UIDS)
    reserved = scene.copy()
    for party in reserved.parties.values():
        reserved.reserve(party)
    assert reserved == scene, f"{reserved} should be locked, {scene} is"
    return scene


def compare(world: World, scene: Scene, call: ReversePosition) -> Check:
    """Predict one reversal and carry it out."""
    with telling(str(call)):
        check = Check(world.state, scene, UIDS, call)
        check.carry_out(world.stamp_ms + 1)
    return check


def sequences(alphabet: Sequence[str], length: int) -> Iterator[tuple[Named, ...]]:
    """Give every sequence of this many commands."""
    return itertools.product([(name, ALPHABET[name]) for name in alphabet], repeat=length)
