"""Golden cases of what time and others do to a position: mark price, funding, rank in the ADL queue."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from backhand.commands import Tier
from backhand.engine.adl import adl_queue
from backhand.engine.funding import settle_funding
from backhand.engine.market import Market
from backhand.engine.prices import HOUR_MS, computed_mark_e12, funding_price_e12, running_rate_e8
from backhand.engine.rates import (
    INTEREST_E12,
    INTEREST_REACH_E12,
    RATE_HOURS,
    funding_rate_e8,
    premium_of_e12,
)
from backhand.engine.state import Account, State
from backhand.units import E8, E12
from tests.golden.cases import Case, Excluded, grid, number, whole
from tests.golden.setups import ENDLESS_E8, hold, kept, market, price_e12, rate_e8, scale_of

Figures = Mapping[str, Any]

METHODS_EXCLUDED: Final = {
    "interest_difference": "interest of two currencies: here it is fixed (contracts.md section 10)",
    "interest_per_interval": "the formula before 22 September 2025 (contracts.md section 10)",
    "premium_over_periods": "a premium over a day: here the interval's counts (contracts.md section 10)",
}
MINUTE_MS: Final = 60_000
#: Bounds that no rate of a case reaches.
WIDE: Final = {"funding_rate_min_e8": -E8 + 1, "funding_rate_max_e8": E8 - 1}


def funding_rate(case: Case) -> Figures:
    method = case.text("method")
    if method != "bitget":
        raise Excluded(METHODS_EXCLUDED.get(method, f"funding by the unknown method {method!r}"))
    if grid(case.number("interest"), 12) != INTEREST_E12:
        raise Excluded("an interest other than 0.01 %: here it is fixed (contracts.md section 10)")
    bounds = {
        "funding_rate_min_e8": rate_e8(case, "floor"),
        "funding_rate_max_e8": rate_e8(case, "cap"),
    }
    made = market(False, funding_interval_hours=whole(case, "interval_hours"), **bounds)
    return {"funding_rate": Fraction(funding_rate_e8(made.contract, price_e12(case, "avg_premium")), E8)}


def premium_index(case: Case) -> Figures:
    prices = (price_e12(case, name) for name in ("impact_bid", "impact_ask", "index"))
    return {"premium": Fraction(premium_of_e12(*prices), E12)}


def funding_fee(case: Case) -> Figures:
    """Two accounts that hold against each other, and one settlement."""
    made = market(case.inverse)
    made.mark_price_e12 = price_e12(case, "mark")
    size = case.size(price="mark")
    scale = scale_of(size)
    lots = grid(size * scale, 8)
    made.long_lots = made.short_lots = lots
    legs = []
    for side in (case.side, -case.side):
        holding = kept(Account(f"case {side}", False, True, "crossed", 1), made)
        made.held[holding.account.uid] = holding
        legs.append(hold(holding, side, lots, made.mark_price_e12))
    settle_funding(State(), made, rate_e8(case, "rate"), 0, [])
    assert legs[0].funding_e8 + legs[1].funding_e8 == 0
    return {"payment": Fraction(legs[0].funding_e8, E8 * scale)}


def mark_price(case: Case) -> Figures:
    """The mark as the engine computes it, of a premium that leads to the rate of the case."""
    interval_ms = whole(case, "interval_minutes") * MINUTE_MS
    hours, rest = divmod(interval_ms, HOUR_MS)
    if rest:
        raise Excluded("an interval that is no whole hours")
    made = market(False, funding_interval_hours=hours, **WIDE)
    made.index_price_e12 = price_e12(case, "index")
    made.premium.add(_premium_of(case.number("funding_rate"), hours), 1)
    made.next_funding_ms = grid(case.number("minutes_left") * MINUTE_MS, 0)
    for sample in case.inputs.get("basis_samples", ()):
        made.basis.add(grid(2 * number(sample), 12), 1)
    if "last" in case.inputs:
        made.last_price_ticks = price_e12(case, "last")
    state = State()
    rate = running_rate_e8(made, state, 0)
    assert rate == rate_e8(case, "funding_rate")
    by_funding = funding_price_e12(made.index_price_e12, rate, made.next_funding_ms, interval_ms)
    return {
        "price2": Fraction(by_funding, E12),
        "price3": Fraction(made.index_price_e12 + made.basis.mean(0, 0), E12),
        "mark": Fraction(computed_mark_e12(made, state, 0), E12),
    }


def _premium_of(rate: Fraction, hours: int) -> int:
    """A mean premium that gives this rate."""
    full_e12 = grid(rate * RATE_HOURS / hours, 12)
    if full_e12 == INTEREST_E12:
        return 0
    return full_e12 + (INTEREST_REACH_E12 if full_e12 > INTEREST_E12 else -INTEREST_REACH_E12)


def adl_rank(case: Case) -> Figures:
    """
    One crossed account for each position, all in one market.

    Each may have a mark of its own in a case; here one mark stands for all, and entries are moved so that
    each keeps its return. Wallets are such that maintenance over equity is the ratio of the case.
    """
    made = market(False, tiers=(Tier(ENDLESS_E8, 125, E8 // 100),))
    made.mark_price_e12 = 10**6 * E12
    sides = []
    for row in case.inputs["positions"]:
        side = 1 if row["side"] == "long" else -1
        sides.append(side)
        _enter(made, row, side)
    if len(set(sides)) != 1:
        raise Excluded("positions of both sides in one queue: there is one queue for each")
    return {"order": [holding.account.uid for holding in adl_queue(made, sides[0])]}


def _enter(made: Market, row: Mapping[str, str], side: int) -> None:
    holding = kept(Account(row["id"], False, True, "crossed", 1), made)
    made.held[holding.account.uid] = holding
    lots = grid(number(row["size"]), 8)
    entry_e12 = round(made.mark_price_e12 * number(row["entry"]) / number(row["mark"]))
    hold(holding, side, lots, entry_e12)
    value = Fraction(lots * made.mark_price_e12, E8 * E12)
    profit = side * Fraction(lots * (made.mark_price_e12 - entry_e12), E8 * E12)
    holding.ledger.wallet_e8 = round((value / 100 / number(row["margin_ratio"]) - profit) * E8)
