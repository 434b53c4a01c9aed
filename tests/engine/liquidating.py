"""
Trading logs in which positions are liquidated: what `worlds` has, and these steps and views.

    focus ETHUSD                 the contract that the steps after it are about
    index 100 for=5000           an index from which the mark is computed; "for" is when it goes stale
    auto alice long on           draw margin before liquidation; "off"
    add alice 5 long             margin of an isolated leg; "-5" takes it out
    flat ; resume                flat maintenance margin; a start after a stop
    fund ; house_wallet               the insurance fund, and what the house has
    ratio alice ; liq alice           margin ratio and liquidation price of the legs

A step that liquidates tells what the venue did, in order; an account is named once in a row:

    alice cancelled 3            orders that the liquidation ended
    alice netted 5 @ 100         both legs of a hedge against each other
    alice reduced 7 @ 99         a few tiers down
    alice sold out 4 @ 95        the book
    alice adl 6 @ 94 bob         another position
    alice over, fund +5          what the fund received (or paid), "house 3" what the house paid beside it
    bob covered, fund -2         what an account owed
    alice drew 40                margin
"""

from collections.abc import Callable
from typing import Any, Final

from backhand.commands import (
    Command,
    ConfigureVenue,
    Contract,
    MoveMargin,
    ResumeVenue,
    SetAutoMargin,
    SetPrice,
    Tier,
)
from backhand.engine.figures import position_figures
from backhand.events import (
    CancelReason,
    DeficitCovered,
    Event,
    Fill,
    LiquidationStarted,
    MarginMoved,
    OrderCancelled,
    PositionLiquidated,
)
from backhand.units import E8, format_decimal, parse_decimal
from tests.engine import naive_risk
from tests.engine.worlds import World, contract

#: 1 % up to a value of 1000, then 2, 4 and 10 %: small tiers, so that small positions lie in all of them.
TIERS: Final = (
    Tier(1_000 * E8, 100, 1_000_000),
    Tier(2_000 * E8, 50, 2_000_000),
    Tier(4_000 * E8, 20, 4_000_000),
    Tier(10**6 * E8, 10, 10_000_000),
)
KIND_WORDS: Final = {"netting": "netted", "reduction": "reduced", "liquidation": "sold out", "adl": "adl"}


def no_fees(symbol: str, **terms: Any) -> Contract:
    """Make a contract without fees and with a band of half the mark, so that amounts are round."""
    free = {"taker_fee_rate_e8": 0, "maker_fee_rate_e8": 0}
    band = {"sell_band_rate_e8": E8 // 2, "buy_band_rate_e8": E8 // 2}
    return contract(symbol, **({"tiers": TIERS} | free | band | terms))


class RiskWorld(World):
    """
    A world that tells liquidations, and looks at everybody after every command.

    ETHUSDT is in focus, SOLUSDT needs 0.2 % whatever its value, ETHUSD is inverse; all marks are 100, and the
    house quotes 99x50 / 100x50.
    """

    def __init__(self, **terms: Any) -> None:
        quiet = no_fees("SOLUSDT", tiers=(Tier(10**6 * E8, 100, 200_000),))
        super().__init__(no_fees("ETHUSDT", **terms), quiet, no_fees("ETHUSD", inverse=True))
        for symbol in ("SOLUSDT", "ETHUSD", "ETHUSDT"):
            for step in (f"focus {symbol}", "mark 100", "house 99x50 / 100x50"):
                self.step(step)

    def do(self, command: Command) -> list[Event]:
        events = super().do(command)
        assert [] == naive_risk.faults(self.state)
        assert [] == naive_risk.below_zero(self.state)
        assert [] == naive_risk.band_faults(self.state)
        return events

    def step(self, text: str) -> str:
        verb, *words = text.split()
        if verb == "focus":
            self.contract = self.state.contracts[words[0]]
            return "ok"
        if verb in RISK_VIEWS:
            return RISK_VIEWS[verb](self, *words)
        if verb in RISK_STEPS:
            return self.told(self.do(RISK_STEPS[verb](self, words)))
        return super().step(text)

    def told(self, events: list[Event]) -> str:
        starts = [place for place, event in enumerate(events) if is_risk(event)]
        if not starts:
            return super().told(events)
        before = super().told(events[: starts[0]])
        parts = risk_words(events[starts[0] :])
        return ", ".join(parts if before == "ok" else [before, *parts])


def is_risk(event: Event) -> bool:
    """Whether this is where the venue begins to deal with a margin that does not suffice."""
    return isinstance(event, LiquidationStarted | DeficitCovered) or (
        isinstance(event, MarginMoved) and event.cause == "auto"
    )


def risk_words(events: list[Event]) -> list[str]:
    """What the venue did to positions, in order; fills of one kind at one price together."""
    told: list[list[Any]] = []
    against = {fill.trade_id: fill.uid for fill in events if isinstance(fill, Fill) and not fill.is_taker}
    for event in events:
        if isinstance(event, Fill) and event.is_taker and event.kind in KIND_WORDS:
            other = f" {against[event.trade_id]}" if event.kind == "adl" else ""
            head, tail = f"{event.uid} {KIND_WORDS[event.kind]}", f" @ {event.price_ticks}{other}"
            _append(told, head, event.size_lots, tail)
        elif isinstance(event, OrderCancelled) and event.reason is CancelReason.LIQUIDATION:
            _append(told, f"{event.uid} cancelled", event.open_lots, "")
        elif isinstance(event, PositionLiquidated | DeficitCovered):
            word = "over" if isinstance(event, PositionLiquidated) else "covered"
            fund = event.insurance_e8 if isinstance(event, PositionLiquidated) else -event.insurance_e8
            parts = [f"{event.uid} {word}"]
            parts += [f"fund {'+' if fund > 0 else ''}{format_decimal(fund, 8)}"] if fund else []
            parts += [f"house {format_decimal(event.house_e8, 8)}"] if event.house_e8 else []
            told.append([" ".join(parts), 0, ""])
        elif isinstance(event, MarginMoved):
            told.append([f"{event.uid} drew {format_decimal(event.amount_e16, 16)}", 0, ""])
    words = []
    before = ""
    for head, lots, tail in told:
        uid, _, what = head.partition(" ")
        words.append(f"{what if uid == before else head}{f' {lots}' if lots else ''}{tail}")
        before = uid
    return words


def _append(told: list[list[Any]], head: str, lots: int, tail: str) -> None:
    if told and (told[-1][0], told[-1][2]) == (head, tail):
        told[-1][1] += lots
    else:
        told.append([head, lots, tail])


def _index(world: World, words: list[str]) -> Command:
    price_e12 = parse_decimal(words[0], 12)
    assert price_e12 is not None
    good_for = [int(word.removeprefix("for=")) for word in words[1:]]
    return SetPrice(world.contract.symbol, price_e12, None, good_for[0] if good_for else None)


def _side(words: list[str]) -> Any:
    return 1 if "long" in words else -1


def _add(world: World, words: list[str]) -> Command:
    amount_e8 = parse_decimal(words[1], 8)
    assert amount_e8 is not None
    return MoveMargin(words[0], world.contract.symbol, _side(words), amount_e8)


RISK_STEPS: Final[dict[str, Callable[[World, list[str]], Command]]] = {
    "index": _index,
    "auto": lambda world, words: SetAutoMargin(words[0], world.contract.symbol, _side(words), "on" in words),
    "add": _add,
    "flat": lambda _world, _words: ConfigureVenue("test", maintenance="flat"),
    "resume": lambda _world, _words: ResumeVenue(),
}


def _figures(world: World, uid: str, name: str) -> str:
    holding = world.holding(uid)
    legs = naive_risk.legs(holding)
    shown = [getattr(position_figures(holding.account, holding, leg), name) for leg in legs]
    return " ".join(format_decimal(figure, 16) for figure in shown) or "flat"


RISK_VIEWS: Final[dict[str, Callable[..., str]]] = {
    "fund": lambda world: format_decimal(world.state.coin(world.contract.margin_coin).insurance_e8, 8),
    "ratio": lambda world, uid: _figures(world, uid, "margin_ratio_e16"),
    "liq": lambda world, uid: _figures(world, uid, "liquidation_price_e16"),
    "house_wallet": lambda world: format_decimal(
        world.state.house.ledger(world.contract.margin_coin).wallet_e8, 8
    ),
}
