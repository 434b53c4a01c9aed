"""
Small venues for tests of the engine, and the trading log that tests are written in.

A log has one step a line, "step | outcome". `World.play` carries out the steps and gives back the log
with the outcomes that really came, so that a test says `assert LOG == world.play(LOG)`.

    open alice hedge isolated x10 with 1000    an account; "with" is its deposit, plenty if not said
    house 99x5 98x5 / 101x5                    the house's whole ladder, bids / asks, best first
    mark 100                                   index and mark price
    index 100 ; index 100 for 10s              an index, whose mark is computed; how long it is good for
    clock 08:00:00.001 ; pause 5s ; tick       when the next command comes, since the start; time alone
    resume                                     the venue goes on after a stop
    buy alice 3 @100 open #a1 ioc              an order as on the wire; without @ at market
    reverse alice long open 3 #r1 largest      a reversal; "half" is a size off the grid
    reverse alice strict include worst=98 slip=0.01     its policies; "close" is the side's word here
    cancel alice #a1 ; leverage alice 5 long ; margin alice isolated ; mode alice hedge
    deposit alice 10 ; withdraw alice 10 ; terms status=limit_open ; venue when_flat=no_position ; days 30
    holds alice ; orders alice ; wallet alice ; locked alice ; book     what is there
    funding alice ; marked ; rate ; trusted ; rounding                  what time has done

Orders that wait, and changing and closing what there is: `tests.engine.waiting`.

Sizes are whole coins and prices whole units of the quote currency unless the contract says otherwise.
"""

from collections.abc import Callable
from typing import Any, Final, get_args

import msgspec

from backhand.commands import (
    AdvanceClock,
    CancelOrder,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    OpenOrders,
    PlaceOrder,
    ReplaceLadder,
    ResumeVenue,
    ReversePosition,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Shortfall,
    Tier,
    Transfer,
)
from backhand.engine.market import Market
from backhand.engine.prices import may_liquidate, running_rate_e8
from backhand.engine.state import Holding
from backhand.events import (
    Event,
    Fill,
    FundingSettled,
    MarginModeSet,
    OrderCancelled,
    PositionReversed,
    Rejected,
)
from backhand.units import E8, E12, format_decimal, parse_decimal
from tests.engine.checked import STEP_MS, CheckedVenue
from tests.engine.waiting import WAITING_STEPS, extras, placed_by_triggers, told_of_waiting, waits

#: "auto" is a word about open orders.
SHORTFALLS: Final = get_args(Shortfall)[1:]
OPEN_ORDERS: Final = get_args(OpenOrders)
#: Nothing is ever short of money with this.
PLENTY: Final = "1000000"
HOUR_MS: Final = 3600 * 1000
DAY_MS: Final = 24 * HOUR_MS


def contract(symbol: str = "ETHUSDT", *, inverse: bool = False, **terms: Any) -> Contract:
    """Make a contract of whole coins and whole prices, with Bitget's default fees and a band of 10%."""
    quote = "USD" if inverse else "USDT"
    base = symbol.removesuffix(quote)
    plain: dict[str, Any] = {
        "symbol": symbol,
        "product_type": "COIN-FUTURES" if inverse else "USDT-FUTURES",
        "base_coin": base,
        "quote_coin": quote,
        "margin_coin": base if inverse else quote,
        "inverse": inverse,
        "lot_e8": E8,
        "size_places": 0,
        "tick_e12": E12,
        "price_places": 0,
        "price_end_step": 1,
        "size_lots_min": 1,
        "limit_size_lots_max": 10**6,
        "market_size_lots_max": 10**5,
        "value_min_e8": 5 * E8,
        "maker_fee_rate_e8": 20_000,
        "taker_fee_rate_e8": 60_000,
        "buy_band_rate_e8": E8 // 10,
        "sell_band_rate_e8": E8 // 10,
        "fee_up_rate_e8": 500_000,
        "open_cost_up_rate_e8": 1_000_000,
        "leverage_min": 1,
        "leverage_max": 125,
        "position_limit_rate_e8": E8 // 20,
        "symbol_orders_max": 200,
        "product_orders_max": 400,
        "positions_max": 150,
        "funding_interval_hours": 8,
        "tiers": (
            Tier(10**6 * E8, 125, 400_000),
            Tier(10**7 * E8, 50, 500_000),
            Tier(10**9 * E8, 10, 2_500_000),
        ),
    }
    return Contract(**(plain | terms))


LINEAR: Final = contract("ETHUSDT")
INVERSE: Final = contract("ETHUSD", inverse=True)


class World:
    """A checked venue with one contract in focus, played by trading logs."""

    def __init__(self, focus: Contract = LINEAR, *others: Contract, margin_mode: str = "crossed") -> None:
        self.venue = CheckedVenue()
        #: The margin mode of accounts whose log does not say one.
        self.margin_mode = margin_mode
        self.state = self.venue.state
        self.contract: Contract = focus
        #: How long after the last command the next one comes.
        self.wait_ms = STEP_MS
        self.do(ConfigureVenue("test"))
        for each in (focus, *others):
            self.do(ListContract(each))

    def do(self, command: Command) -> list[Event]:
        """Carry out one command with all checks."""
        after_ms, self.wait_ms = self.wait_ms, STEP_MS
        return self.venue.apply(command, after_ms)

    @property
    def market(self) -> Market:
        return self.state.markets[self.contract.symbol]

    def holding(self, uid: str) -> Holding:
        return self.state.accounts[uid].holding(self.market)

    def play(self, log: str) -> str:
        """Carry out a log; the same log with what really happened behind the bars."""
        lines = []
        for line in log.splitlines(keepends=True):
            step, bar, outcome = line.partition("|")
            if bar:
                end = outcome[len(outcome.rstrip()) :]
                lines.append(f"{step}| {self.step(step)}{end}")
            else:
                lines.append(line)
        return "".join(lines)

    def step(self, text: str) -> str:
        """Carry out one step and say what came of it."""
        verb, *rest = text.split()
        if verb in VIEWS:
            return VIEWS[verb](self, *rest)
        if verb in WAITS:
            self.wait_ms = WAITS[verb](self, rest[0])
            return "ok"
        answer = ""
        for command in STEPS[verb](self, rest):
            answer = self.told(self.do(command))
        if verb == "terms":
            self.contract = self.state.contracts[self.contract.symbol]
        return answer

    def told(self, events: list[Event]) -> str:
        """Say what a command led to, as seen by whoever gave it."""
        reversed_ = [event for event in events if isinstance(event, PositionReversed)]
        elsewhere = placed_by_triggers(events)
        taken = [
            event
            for event in events
            if isinstance(event, Fill) and event.is_taker and event.order_id not in elsewhere
        ]
        parts = []
        if reversed_:
            (done,) = reversed_
            for name, order_id in (("closed", done.close_order_id), ("opened", done.open_order_id)):
                parts.append(f"{name} {fills_text([fill for fill in taken if fill.order_id == order_id])}")
            if done.shortfall:
                parts.append(done.shortfall.value)
            if "size" in done.ignored:
                parts.append("size ignored")
        elif taken:
            parts.append(f"filled {fills_text(taken)}")
        legs = [order_id for done in reversed_ for order_id in (done.close_order_id, done.open_order_id)]
        legs += elsewhere
        ended = []
        for event in events:
            if isinstance(event, Rejected):
                return f"refused: {event.reason.value}"
            if isinstance(event, FundingSettled):
                rate = format_decimal(event.rate_e8, 8)
                mark = format_decimal(event.mark_price_e12, 12)
                parts.append(f"funding {rate} @ {mark} of {event.funding_ms // HOUR_MS}:00")
            if isinstance(event, MarginModeSet):
                parts.append(event.margin_mode)
            if isinstance(event, OrderCancelled) and event.order_id not in legs:
                name = self.label(event.order_id)
                ended.append(f"{name}{event.open_lots} {event.reason.value}")
        if ended:
            parts.append(f"cancelled {' and '.join(ended)}")
        parts += told_of_waiting(self, events, fills_text)
        return ", ".join(parts) or "ok"

    def label(self, order_id: int) -> str:
        """Name an order as its log did, with a space behind; nothing when the log gave no name."""
        for events in self.venue.events:
            for event in events:
                if getattr(event, "order_id", 0) == order_id and hasattr(event, "client_oid"):
                    oid: str = event.client_oid
                    return "" if oid == str(order_id + 1) else f"#{oid} "
        return ""

    def lots(self, text: str) -> int:
        size = parse_decimal(text, 8)
        assert size is not None
        assert size % self.contract.lot_e8 == 0
        return size // self.contract.lot_e8

    def ticks(self, text: str) -> int:
        price = parse_decimal(text, 12)
        assert price is not None
        return price // self.contract.tick_e12


def fills_text(fills: list[Fill]) -> str:
    """Sizes at prices, neighbours of one price together: "3 @ 99, 2 @ 98"."""
    runs: list[tuple[int, int]] = []
    for fill in fills:
        if runs and runs[-1][1] == fill.price_ticks:
            runs[-1] = (runs[-1][0] + fill.size_lots, fill.price_ticks)
        else:
            runs.append((fill.size_lots, fill.price_ticks))
    return " + ".join(f"{size} @ {price}" for size, price in runs) or "0"


def _open(world: World, words: list[str]) -> list[Command]:
    uid = words[0]
    leverage = next((int(word[1:]) for word in words[1:] if word[0] == "x" and word[1:].isdigit()), 20)
    amount = words[words.index("with") + 1] if "with" in words else PLENTY
    account = OpenAccount(
        uid,
        copy_trader="trader" in words,
        hedge_mode="hedge" in words,
        margin_mode="isolated" if "isolated" in (*words, world.margin_mode) else "crossed",
        leverage=leverage,
    )
    return [account, _money(world, uid, amount)] if amount != "0" else [account]


def _money(world: World, uid: str, amount: str) -> Transfer:
    amount_e8 = parse_decimal(amount, 8)
    assert amount_e8 is not None
    return Transfer(uid, world.contract.margin_coin, amount_e8)


def _levels(world: World, text: str) -> tuple[tuple[int, int], ...]:
    levels = (level.split("x") for level in text.split())
    return tuple((world.ticks(price), world.lots(size)) for price, size in levels)


def _house(world: World, words: list[str]) -> list[Command]:
    bids, _, asks = " ".join(words).partition("/")
    return [ReplaceLadder(world.contract.symbol, _levels(world, bids), _levels(world, asks))]


def _mark(world: World, words: list[str]) -> list[Command]:
    price_e12 = parse_decimal(words[0], 12)
    assert price_e12 is not None
    return [SetPrice(world.contract.symbol, price_e12, price_e12)]


def _index(world: World, words: list[str]) -> list[Command]:
    price_e12 = parse_decimal(words[0], 12)
    assert price_e12 is not None
    good_for_ms = _span_ms(words[2]) if words[1:] else None
    return [SetPrice(world.contract.symbol, price_e12, None, good_for_ms)]


def _span_ms(text: str) -> int:
    """Read a span of time: 250ms, 5s, 8h."""
    for unit, unit_ms in (("ms", 1), ("s", 1_000), ("h", HOUR_MS)):
        if text.removesuffix(unit).isdigit():
            return int(text.removesuffix(unit)) * unit_ms
    raise AssertionError(text)


def _until_ms(world: World, text: str) -> int:
    """How long it is to a time since the start: 08:00, 32:00:05, 07:59:59.999."""
    hours, minutes, *seconds = text.split(":")
    seconds_ms = parse_decimal(seconds[0], 3) if seconds else 0
    assert seconds_ms is not None
    return int(hours) * HOUR_MS + int(minutes) * 60_000 + seconds_ms - world.state.time_ms


def _place(side: Any) -> Callable[[World, list[str]], list[Command]]:
    def place(world: World, words: list[str]) -> list[Command]:
        uid, size, *rest = words
        fields: dict[str, Any] = {"order_type": "market"}
        for word in rest:
            if word[0] == "@":
                fields |= {"order_type": "limit", "price_ticks": world.ticks(word[1:])}
            elif word[0] == "#":
                fields["client_oid"] = word[1:]
            elif word in {"open", "close", "invalid"}:
                fields["effect"] = word
            elif word in {"crossed", "isolated"}:
                fields["margin_mode"] = word
            elif word == "reduce":
                fields["reduce_only"] = True
            elif "=" in word:
                fields |= extras(world, word)
            else:
                fields["time_in_force"] = word
        return [PlaceOrder(uid, world.contract.symbol, side, size_lots=world.lots(size), **fields)]

    return place


def _reverse(world: World, words: list[str]) -> list[Command]:
    fields: dict[str, Any] = {}
    for word in words[1:]:
        if word in {"long", "short", "sideways"}:
            fields["side"] = {"long": 1, "short": -1, "sideways": 0}[word]
        elif word in {"open", "close", "invalid"}:
            fields["effect"] = word
        elif word[0] == "#":
            fields["client_oid"] = word[1:]
        elif word in SHORTFALLS:
            fields["shortfall"] = word
        elif word in OPEN_ORDERS:
            fields["open_orders"] = word
        elif word.startswith("worst="):
            fields["worst_price_ticks"] = world.ticks(word.removeprefix("worst="))
        elif word.startswith("slip="):
            fields["slippage_max_e8"] = parse_decimal(word.removeprefix("slip="), 8)
        elif word == "half":
            fields["size_off_grid"] = "0.5"
        else:
            fields["size_lots"] = world.lots(word)
    return [ReversePosition(words[0], world.contract.symbol, **fields)]


def _leverage(world: World, words: list[str]) -> list[Command]:
    fields: dict[str, Any] = {}
    for word in words[1:]:
        name, _, value = word.partition("=")
        if value:
            fields[f"{name}_leverage"] = int(value)
        elif word in {"long", "short"}:
            fields["hold_side"] = 1 if word == "long" else -1
        else:
            fields["leverage"] = int(word)
    return [SetLeverage(words[0], world.contract.symbol, **fields)]


def _margin(world: World, words: list[str]) -> list[Command]:
    return [
        SetMarginMode(words[0], world.contract.symbol, "isolated" if words[1] == "isolated" else "crossed")
    ]


def _terms(world: World, words: list[str]) -> list[Command]:
    terms = dict(word.split("=") for word in words)
    changes = {name: int(value) if value.lstrip("-").isdigit() else value for name, value in terms.items()}
    return [ListContract(msgspec.structs.replace(world.contract, **changes))]


#: Steps that say when the next command comes.
WAITS: Final[dict[str, Callable[[World, str], int]]] = {
    "days": lambda _, days: int(days) * DAY_MS,
    "pause": lambda _, span: _span_ms(span),
    "clock": _until_ms,
}


def _venue(_world: World, words: list[str]) -> list[Command]:
    short = {"honour": "one_way_size=honour", "limited": "position_limit=enforce"}
    switches: dict[str, Any] = dict(short.get(word, word).split("=") for word in words)
    return [ConfigureVenue("test", **switches)]


STEPS: Final[dict[str, Callable[[World, list[str]], list[Command]]]] = {
    "open": _open,
    "deposit": lambda world, words: [_money(world, words[0], words[1])],
    "withdraw": lambda world, words: [_money(world, words[0], "-" + words[1])],
    "house": _house,
    "mark": _mark,
    "index": _index,
    "tick": lambda _world, _words: [AdvanceClock()],
    "resume": lambda _world, _words: [ResumeVenue()],
    "buy": _place(1),
    "sell": _place(-1),
    "reverse": _reverse,
    "cancel": lambda world, words: [
        CancelOrder(words[0], world.contract.symbol, client_oid=words[1].removeprefix("#"))
    ],
    "leverage": _leverage,
    "margin": _margin,
    "mode": lambda world, words: [
        SetPositionMode(words[0], world.contract.product_type, words[1] == "hedge")
    ],
    "terms": _terms,
    "venue": _venue,
}
STEPS.update(WAITING_STEPS)


def _holds(world: World, uid: str) -> str:
    holding = world.holding(uid)
    hedge = holding.account.hedge_mode(world.contract.product_type)
    names = {1: "L", -1: "S"} if hedge else {1: "+", -1: "-"}
    parts = [f"{names[side]}{holding.lots(side)}" for side in (1, -1) if holding.lots(side)]
    return " ".join(parts) or "flat"


def _average(world: World, uid: str) -> str:
    legs = (world.holding(uid).leg(side) for side in (1, -1))
    return " ".join(format_decimal(leg.average_price_e12, 12) for leg in legs if leg is not None) or "flat"


def _isolated_margin(world: World, uid: str) -> str:
    legs = (world.holding(uid).leg(side) for side in (1, -1))
    return " ".join(format_decimal(leg.margin_e16, 16) for leg in legs if leg is not None) or "flat"


def _funding(world: World, uid: str) -> str:
    legs = (world.holding(uid).leg(side) for side in (1, -1))
    return " ".join(format_decimal(leg.funding_e8, 8) for leg in legs if leg is not None) or "flat"


def _orders(world: World, uid: str) -> str:
    parts = []
    for order in world.holding(uid).orders.values():
        name = world.label(order.order_id)
        parts.append(f"{name}{'buy' if order.side > 0 else 'sell'} {order.open_lots} @ {order.price_ticks}")
    return ", ".join(parts) or "none"


def _book(world: World) -> str:
    bids, asks = world.market.depth(100)
    sides = (" ".join(f"{price}x{size}" for price, size in levels) for levels in (bids, asks))
    return " / ".join(sides).strip()


VIEWS: Final[dict[str, Callable[..., str]]] = {
    "holds": _holds,
    "average": _average,
    "isolated": _isolated_margin,
    "orders": _orders,
    "book": _book,
    "waits": waits,
    "funding": _funding,
    "marked": lambda world: format_decimal(world.market.mark_price_e12, 12),
    "rate": lambda world: format_decimal(running_rate_e8(world.market, world.state, world.state.time_ms), 8),
    "trusted": lambda world: "yes" if may_liquidate(world.state, world.market) else "no",
    "rounding": lambda world: format_decimal(world.state.coin(world.contract.margin_coin).rounding_e28, 28),
    "wallet": lambda world, uid: format_decimal(world.holding(uid).ledger.wallet_e8, 8),
    "locked": lambda world, uid: format_decimal(world.holding(uid).ledger.locked_e8, 8),
}
