"""
A quote against what its commit does, in sampled worlds: equal to the last digit, or held to it.

A world is one of `reversal_worlds` after a few commands of any kind, orders that wait and a second contract
among them. A reversal under any policy is quoted, as text; then, in two of three worlds, at once committed by
its quoteId. In the third something happens first: the result is as quoted or better, or nothing changed.
"""

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import msgspec

from backhand.commands import (
    LONG,
    SHORT,
    Command,
    ListContract,
    PlaceOrder,
    PlaceTrigger,
    ReplaceLadder,
    ReversePosition,
)
from backhand.engine import State, apply
from backhand.engine.digest import state_digest
from backhand.engine.figures import PositionFigures, positions_of
from backhand.events import (
    DeficitCovered,
    Event,
    Fill,
    LiquidationStarted,
    MarginMoved,
    OrderCancelled,
    PositionReversed,
    Rejected,
    RejectReason,
    TriggerCancelled,
    TriggerFired,
)
from backhand.quoting import QUOTE_VALID_MS, quote
from backhand.units import format_decimal
from backhand.wire.codes import Refusal
from backhand.wire.quotes import held_to, open_quote
from backhand.wire.requests.reversals import ReversalQuery
from backhand.wire.responses.reversals import PositionSizes, QuoteAnswer
from tests.engine import naive_risk
from tests.engine.worlds import contract
from tests.simulation.reversal_worlds import (
    KINDS,
    ORDERS,
    OTHERS,
    STARTS,
    TERMS,
    TICK_E12,
    Letter,
    World,
    telling,
)

KEY: Final = b"a key of tests, of 32 bytes....."
UID: Final = "ann"
#: Margined in the same coin, so that it stands behind the same wallet where margin is crossed.
SECOND: Final = contract("BTCUSDT", **TERMS)
#: Tries at a quote in one world.
QUESTIONS_MAX: Final = 8
#: Events after which figures are no longer those of the reversal alone (DESIGN D6).
AFTERWARDS: Final = (TriggerFired, LiquidationStarted, MarginMoved, DeficitCovered)
#: What a quote can be refused for when the world has changed under it.
CHANGED: Final = (
    RejectReason.WORSE_THAN_QUOTED,
    RejectReason.NO_POSITION_TO_REVERSE,
    RejectReason.NO_LIQUIDITY,
    RejectReason.NOTHING_AVAILABLE_TO_CLOSE,
    RejectReason.PRICE_GUARD_BROKEN,
    RejectReason.NOT_BOTH_LEGS,
    RejectReason.SYMBOL_NOT_TRADING,
    RejectReason.SIZE_TOO_SMALL,
    RejectReason.DUPLICATE_CLIENT_OID,
)


def waits(kind: Any, side: Any, lots: int | None, price: int) -> Letter:
    """An order of ann's that waits: one that protects a leg, or an entry."""
    return lambda world: PlaceTrigger(UID, world.symbol, kind, side, "mark", price, lots)


def of_second(lots: int) -> Letter:
    """Let ann hold something of the second contract; ben's is the other side."""
    side: Any = LONG if lots > 0 else SHORT
    return lambda _: PlaceOrder(UID, SECOND.symbol, side, "market", abs(lots), effect="open")


WAITING: Final[tuple[tuple[str, Letter], ...]] = (
    ("waits to take profit", waits("take_profit", LONG, 1, 102)),
    ("waits to stop all", waits("position_stop_loss", LONG, None, 98)),
    ("waits to stop the short", waits("position_stop_loss", SHORT, None, 102)),
    ("waits to enter", waits("entry", LONG, 1, 101)),
    ("buys of the second", of_second(2)),
    ("sells of the second", of_second(-1)),
)


class Quoted:
    """A world in which something was quoted: to whom it will be held."""

    def __init__(
        self, chance: random.Random, world: World, call: ReversePosition, answer: QuoteAnswer
    ) -> None:
        self.world = world
        self.answer = answer
        token = open_quote(answer.quote_id, KEY)
        assert token is not None
        self.token = token
        # Half of them send nothing but the quote: its policy is theirs.
        bare = ReversePosition(UID, world.symbol, client_oid=call.client_oid)
        self.call = held_to(chance.choice((call, bare)), token, open_orders_sent=False)
        self.before = Facts(world.state, world.symbol)

    def commit(self) -> list[Event]:
        self.world.stamp_ms += 1
        return apply(self.world.state, self.call, self.world.stamp_ms)

    def expect_spent(self, events: Sequence[Event]) -> None:
        """A quote is good for one commit, and a retry is told of the first also when the quote is too old."""
        done = the_reversal(events)
        again = msgspec.structs.replace(self.call, client_oid="again")
        for restore in self.restoring(done):
            self.world.stamp_ms += 1
            apply(self.world.state, restore, self.world.stamp_ms)
        expect_refused(self.world, again, CHANGED if done.closed_lots else None)
        if self.call.client_oid is not None:
            self.world.stamp_ms += QUOTE_VALID_MS
            expect_refused(self.world, self.call, (RejectReason.DUPLICATE_CLIENT_OID,))
        expect_refused(self.world, again, (RejectReason.QUOTE_EXPIRED,) if self.call.client_oid else None)

    def restoring(self, done: PositionReversed) -> list[Command]:
        """What makes the position look as it did: there and back, or bought up again."""
        world = self.world
        side: Any = done.from_side
        back: Any = -side if world.hedge else None
        effect: Any = "open" if world.hedge else None
        wanted = self.before.lots[side] - world.state.accounts[UID].holdings[world.symbol].lots(side)
        if wanted == done.closed_lots == done.opened_lots and not self.before.lots[-side]:
            return [ReversePosition(UID, world.symbol, back, effect)]
        return [PlaceOrder(UID, world.symbol, side, "market", wanted, effect=effect)] if wanted > 0 else []


def expect_refused(world: World, call: ReversePosition, reasons: Sequence[RejectReason] | None) -> None:
    """Hold it against what may refuse it, None for nothing in particular; it changes nothing."""
    if reasons is None:
        return
    digest = state_digest(world.state)
    world.stamp_ms += 1
    event, *_ = apply(world.state, call, world.stamp_ms)
    assert isinstance(event, Rejected), event
    assert event.reason in reasons, event
    assert digest == state_digest(world.state)


class Facts:
    """Of an account, what a quote speaks about."""

    def __init__(self, state: State, symbol: str) -> None:
        market = state.markets[symbol]
        holding = state.accounts[UID].holding(market)
        self.wallet_e8 = holding.ledger.wallet_e8
        self.lots = {side: holding.lots(side) for side in (LONG, SHORT)}
        self.orders = set(holding.orders)
        self.triggers = set(holding.triggers)
        legs: list[PositionFigures] = []
        for product_type in dict.fromkeys(each.product_type for each in state.markets.values()):
            legs += positions_of(state, UID, product_type, None)
        self.legs = [leg for leg in legs if leg.margin_coin == market.margin_coin]
        self.isolated = holding.isolated
        self.symbol = symbol

    def leg(self, side: int) -> PositionFigures | None:
        return next((leg for leg in self.legs if (leg.symbol, leg.side) == (self.symbol, side)), None)

    def margin_ratio_e16(self, side: int) -> int:
        """Of a leg; of crossed ones together also without it."""
        leg = self.leg(side)
        if leg is None and not self.isolated:
            leg = next((each for each in self.legs if not each.isolated), None)
        return 0 if leg is None else leg.margin_ratio_e16


def play(seed: int) -> str:
    """Play one sampled world; gives how it ended."""
    chance = random.Random(seed)  # noqa: S311 (tests, not secrets)
    kind, start = chance.choice(KINDS), chance.choice((*STARTS, "held", "held", "held"))
    letters = [chance.choice(chance.choice((ORDERS, OTHERS, WAITING))) for _ in range(chance.randrange(1, 7))]
    names = "; ".join(name for name, _ in letters)
    with telling(f"quote {seed}: {' '.join(kind)}, {start}: {names}"):
        world = World(kind, start)
        for command in (ListContract(SECOND), mark_of_second(), house_of_second()):
            world.do(command)
        for _, letter in letters:
            world.do(letter(world))
        call, answer = asked(chance, world)
        with telling(str(call)):
            if isinstance(answer, Refusal):
                return refused_alike(world, call, answer)
            quoted = Quoted(chance, world, call, answer)
            if chance.randrange(3):
                events = quoted.commit()
                expect_as_quoted(quoted, events)
                quoted.expect_spent(events)
                return "as quoted"
            changes = [chance.choice(chance.choice((ORDERS, OTHERS))) for _ in range(chance.randrange(1, 4))]
            with telling("; ".join(name for name, _ in changes)):
                for _, letter in changes:
                    world.do(letter(world))
                quoted.before = Facts(world.state, world.symbol)
                digest = state_digest(world.state)
                events = quoted.commit()
                if isinstance(events[0], Rejected):
                    assert events[0].reason in CHANGED, events
                    assert digest == state_digest(world.state), "a refusal changes nothing"
                    return f"refused: {events[0].reason.value}"
                expect_no_worse(quoted, events)
                quoted.expect_spent(events)
                return "as quoted or better"


def asked(chance: random.Random, world: World) -> tuple[ReversePosition, QuoteAnswer | Refusal]:
    """Ask for quotes until there is one; a world may have nothing to reverse."""
    for _ in range(QUESTIONS_MAX):
        call = sampled_call(chance, world)
        digest = state_digest(world.state)
        answer = quote(world.state, UID, ReversalQuery(call), KEY, world.stamp_ms)
        assert digest == state_digest(world.state), "a quote changes nothing"
        if not isinstance(answer, Refusal):
            break
    return call, answer


def mark_of_second() -> Command:
    return ReplaceLadder(SECOND.symbol, (), (), 100 * TICK_E12, 100 * TICK_E12)


def house_of_second() -> Command:
    return ReplaceLadder(SECOND.symbol, ((99, 9),), ((101, 9),))


def sampled_call(chance: random.Random, world: World) -> ReversePosition:
    """Choose a reversal that fits the world's mode, under any policy."""
    side: Any = chance.choice((LONG, SHORT)) if world.hedge else None
    return ReversePosition(
        UID,
        world.symbol,
        side,
        "open" if world.hedge else None,
        chance.choice((None, None, 1, 2, 3)) if world.kind[1] != "one-way" else None,
        client_oid=chance.choice((None, "new")),
        shortfall=chance.choice(("close", "largest", "strict")),
        open_orders=chance.choice(("auto", "exclude", "include", "cancel_all")),
        worst_price_ticks=chance.choice((None, None, 99, 100, 101)),
        slippage_max_e8=chance.choice((None, None, 0, 500_000, 1_000_000)),
    )


def refused_alike(world: World, call: ReversePosition, refusal: Refusal) -> str:
    """What cannot be quoted is refused as a reversal too, and for the same."""
    digest = state_digest(world.state)
    (event,) = apply(world.state, call, world.stamp_ms + 1)
    assert isinstance(event, Rejected), f"{refusal} quoted, {event} happened"
    assert digest == state_digest(world.state)
    return "not quoted"


def the_reversal(events: Sequence[Event]) -> PositionReversed:
    found = [event for event in events if isinstance(event, PositionReversed)]
    assert 1 == len(found), events
    return found[0]


def halves(events: Sequence[Event]) -> tuple[PositionReversed, list[Fill], list[Fill], list[Event]]:
    """Take apart what a reversal did: its event, the fills of both legs, and what came after it."""
    done = the_reversal(events)
    fills = [event for event in events if isinstance(event, Fill)]
    closes = [fill for fill in fills if fill.order_id == done.close_order_id]
    opens = [fill for fill in fills if fill.order_id == done.open_order_id]
    return done, closes, opens, list(events[events.index(done) + 1 :])


def expect_as_quoted(quoted: Quoted, events: Sequence[Event]) -> None:
    """Print what happened in the words of the quote, and compare."""
    done, closes, opens, later = halves(events)
    answer, world, before = quoted.answer, quoted.world, quoted.before
    terms = world.state.contracts[world.symbol]
    after = Facts(world.state, world.symbol)

    def size(lots: int) -> str:
        return format_decimal(lots * terms.lot_e8, 8)

    def leg(fills: list[Fill]) -> dict[str, str]:
        lots = sum(fill.size_lots for fill in fills)
        value = sum(
            (Fraction(fill.price_ticks * fill.size_lots * terms.tick_e12) for fill in fills), Fraction(0)
        )
        average = str(int(value / lots + Fraction(1, 2))) if lots else ""
        return {
            "side": "sell" if done.from_side == LONG else "buy",
            "size": size(lots),
            "average_price": format_decimal(int(average), 12) if lots else "",
            "worst_price": format_decimal(fills[-1].price_ticks * terms.tick_e12, 12) if lots else "",
            "fee": format_decimal(-sum(fill.fee_e8 for fill in fills), 8),
        }

    profit = sum(fill.profit_e8 for fill in closes + opens)
    fee = sum(fill.fee_e8 for fill in closes + opens)
    cancelled = [
        event for event in events if isinstance(event, OrderCancelled) and event.order_id in before.orders
    ]
    ended = [
        event for event in events if isinstance(event, TriggerCancelled) and event.order_id in before.triggers
    ]
    happened = {
        "close_leg": leg(closes),
        "open_leg": leg(opens),
        "before": {"long": size(before.lots[LONG]), "short": size(before.lots[SHORT])},
        "realized_profit": format_decimal(profit, 8),
        "shortfall": "" if done.shortfall is None else done.shortfall.value,
    }
    said = {
        name: msgspec.to_builtins(getattr(answer, name))
        for name in ("before", "realized_profit", "shortfall")
    }
    said |= {name: msgspec.structs.asdict(getattr(answer, name)) for name in ("close_leg", "open_leg")}
    assert happened == said
    wallets = [fill.wallet_e8 for fill in closes + opens]
    if wallets:
        assert before.wallet_e8 + profit - fee == wallets[-1]
    if any(isinstance(event, AFTERWARDS) for event in later):
        return
    assert sorted(answer.cancelled_orders) == sorted(str(event.order_id) for event in cancelled)
    assert sorted(answer.cancelled_triggers) == sorted(str(event.order_id) for event in ended)
    assert answer.after == PositionSizes(size(after.lots[LONG]), size(after.lots[SHORT]))
    shown = -done.from_side if done.opened_lots else done.from_side
    figures = after.leg(shown)
    assert answer.margin_ratio == format_decimal(after.margin_ratio_e16(shown), 16)
    assert answer.liquidation_price == format_decimal(figures.liquidation_price_e16 if figures else 0, 16)
    assert after.wallet_e8 == before.wallet_e8 + profit - fee


def expect_no_worse(quoted: Quoted, events: Sequence[Event]) -> None:
    """In size, average price, share of fees and liquidation price the result is the quoted one or better."""
    done, closes, opens, later = halves(events)
    bounds, world = quoted.token.bounds, quoted.world
    terms = world.state.contracts[world.symbol]
    assert (done.from_side, done.closed_lots) == (bounds.from_side, bounds.closed_lots)
    assert done.opened_lots >= bounds.opened_lots
    assert sorted(quoted.answer.cancelled_orders) == sorted(map(str, done.cancelled_order_ids))
    value = Fraction(0)
    for fills, quoted_e12 in ((closes, bounds.close_average_e12), (opens, bounds.open_average_e12)):
        lots = sum(fill.size_lots for fill in fills)
        if not lots:
            continue
        paid = Fraction(sum(fill.price_ticks * fill.size_lots for fill in fills) * terms.tick_e12)
        value += lots if terms.inverse else paid
        if quoted_e12:
            # A sale is better when it is higher; averages are quoted to the half of a last digit.
            assert (paid / lots - quoted_e12) * done.from_side >= -Fraction(1, 2), f"{fills} for {quoted_e12}"
    before = Fraction(
        bounds.closed_lots * bounds.close_average_e12 + bounds.opened_lots * bounds.open_average_e12
    )
    if terms.inverse:
        before = Fraction(bounds.closed_lots + bounds.opened_lots)
    fee = sum(fill.fee_e8 for fill in closes + opens) - len(closes + opens)
    if value:
        assert fee / value <= bounds.fee_e8 / before, "a higher share of fees"
    if done.opened_lots and not any(isinstance(event, AFTERWARDS) for event in later):
        facts = Facts(world.state, world.symbol)
        figures = facts.leg(-done.from_side)
        price_e16 = figures.liquidation_price_e16 if figures else 0
        if price_e16 and bounds.liquidation_price_e12:
            mark_e12 = world.state.markets[world.symbol].mark_price_e12
            price, bound = Fraction(price_e16, 10**4), bounds.liquidation_price_e12
            # What a rise leads to is better when it is higher: of a hedge also where the new leg is a long.
            further = price - bound if price > mark_e12 else bound - price
            if not facts.isolated and all(facts.lots.values()):
                further = abs(price - mark_e12) - abs(bound - mark_e12)
            as_far = further >= -Fraction(1, 2) or lacks_little(
                world, -done.from_side, bound, len(closes + opens)
            )
            assert as_far, f"{price_e16} for {bound}"
        else:
            assert not price_e16, "liquidated where it was quoted never to be"


def lacks_little(world: World, side: int, mark_e12: int, fills: int) -> bool:
    """Whether a leg would lack at this mark what so many fills have been rounded by, and no more."""
    holding = world.state.accounts[UID].holding(world.state.markets[world.symbol])
    leg, contract = holding.leg(side), holding.market.contract
    assert leg is not None
    if holding.isolated:
        buffer: naive_risk.Amount | None = naive_risk.isolated_buffer(world.state, holding, leg, mark_e12)
        rounded = 10**12
    else:
        marks = naive_risk.marks_of(world.state) | {world.symbol: mark_e12}
        buffer = naive_risk.crossed_buffer(world.state, holding.ledger, marks)
        # A fee and a profit each.
        rounded = 2 * 10**20
    average = naive_risk.in_coin(contract, leg.lots * contract.lot_e8 * 10**8, mark_e12)
    return buffer is not None and buffer >= -fills * (rounded + average)


def counted(seeds: range) -> Counter[str]:
    """Play worlds and count how they ended."""
    return Counter(play(seed) for seed in seeds)
