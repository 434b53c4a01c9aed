"""
Every kind of golden case, computed by the engine.

Each function sets up what a case describes, lets the engine compute, and gives back its figures as exact
fractions. No formula is repeated here: what is done with numbers is turning them into the engine's
integers and back. Sizes and money are multiplied by a scale on the way in and divided on the way out:
all these sums grow in proportion, so that every size is on the engine's grid and 8 decimals show 16.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from backhand.commands import Tier
from backhand.engine.figures import (
    AccountFigures,
    PositionFigures,
    account_figures,
    position_figures,
)
from backhand.engine.margin import (
    average_price_after_e12,
    band_edge_ticks,
    bankruptcy_price_ticks,
    fee_e8,
    gain_lots_e12,
    initial_margin_e20,
    maintenance_e28,
    margin_value_e20,
    order_reserve_e8,
    posted_profit_e8,
    unrealised_e20,
    value_e20,
)
from backhand.engine.state import Account, Position
from backhand.units import E8, E12, E16, E20, E28
from backhand.wire.fields import read_price_ticks
from tests.engine.worlds import contract
from tests.golden.cases import Case, Excluded, base_size, grid, number, whole
from tests.golden.flows import netting, reversal_flow, reversal_net_order, reversal_size
from tests.golden.prices import adl_rank, funding_fee, funding_rate, mark_price, premium_index
from tests.golden.setups import (
    ENDLESS_E8,
    beside,
    hold,
    holding_of,
    kept,
    market,
    price_e12,
    rate_e8,
    scale_of,
)

Figures = Mapping[str, Any]

#: What a case may expect that no figure of the engine is, with the reason.
KEYS_EXCLUDED: Final = {
    (
        "realized_pnl",
        "pnl_ratio",
    ): "a ratio of profit to margin is no field of the v2 API, so nothing computes it",
    (
        "initial_margin",
        "position_margin_with_close_fee",
    ): "unified accounts only; a v2 position margin has no close fee",
}
#: Kinds that are known and that the engine has nothing for, with the reason.
KINDS_EXCLUDED: Final = {
    "open_loss": "open loss is not reserved (contracts.md section 5)",
    "roe": "a ratio of profit to margin is no field of the v2 API, so nothing computes it",
}


def avg_entry(case: Case) -> Figures:
    fills = []
    for fill in case.inputs.get("fills", ()):
        price = number(fill["price"])
        fills.append((base_size(case, number(fill["size"]), price), grid(price, 12)))
    # Averages do not depend on what a lot is: one that divides every size makes them all exact.
    lot = 1
    for size, _ in fills:
        lot *= size.denominator
    lots_held, average_e12 = 0, 0
    for size, ticks in fills:
        lots = int(size * lot)
        average_e12 = average_price_after_e12(lots_held, average_e12, lots, ticks)
        lots_held += lots
    return {"avg_price": Fraction(average_e12, E12), "total_base": Fraction(lots_held, lot)}


def unrealized_pnl(case: Case) -> Figures:
    size = case.size(price="entry")
    scale = scale_of(size)
    made = market(case.inverse)
    made.mark_price_e12 = price_e12(case, "mark")
    profit_e20 = unrealised_e20(made, case.side, grid(size * scale, 8), price_e12(case, "entry"))
    return {"pnl": Fraction(profit_e20, E20 * scale)}


def realized_pnl(case: Case) -> Figures:
    made = market(case.inverse, taker_fee_rate_e8=rate_e8(case, "fee_rate"))
    made.mark_price_e12 = E12
    entry_e12, exit_e12 = price_e12(case, "entry"), price_e12(case, "exit")
    closed = case.size("close_size", "entry")
    opened = case.size("open_size", "entry") if "open_size" in case.inputs else closed
    scale = scale_of(closed) * scale_of(opened)
    lots = grid(closed * scale, 8)
    gain = gain_lots_e12(case.side, lots, entry_e12, exit_e12)
    # What a position shows as its result are its counters.
    leg = Position(1, case.side, 0)
    leg.profit_e8 = posted_profit_e8(made, gain, exit_e12)
    leg.funding_e8 = grid(case.number("funding", "0") * scale, 8)
    if "open_fee" in case.inputs:
        leg.open_fee_e8 = grid(case.number("open_fee") * scale, 8)
    else:
        leg.open_fee_e8 = fee_e8(made, grid(opened * scale, 8), entry_e12, is_taker=True)
    if "close_fee" in case.inputs:
        leg.close_fee_e8 = grid(case.number("close_fee") * scale, 8)
    else:
        leg.close_fee_e8 = fee_e8(made, lots, exit_e12, is_taker=True)
    shown = PositionFigures(Account("case", False, True, "crossed", 1).holding(made), leg, True)
    return {
        "gross_pnl": Fraction(shown.profit_e8, E8 * scale),
        "fees": Fraction(shown.fee_e8, E8 * scale),
        "net_pnl": Fraction(shown.profit_e8 + shown.funding_e8 - shown.fee_e8, E8 * scale),
    }


def fee(case: Case) -> Figures:
    made = market(case.inverse, taker_fee_rate_e8=rate_e8(case, "rate"))
    size = case.size(price="price")
    scale = scale_of(size)
    charged = fee_e8(made, grid(size * scale, 8), price_e12(case, "price"), is_taker=True)
    return {"fee": Fraction(charged, E8 * scale)}


def position_value(case: Case) -> Figures:
    size = case.size(price="price")
    scale = scale_of(size)
    lots, ticks = grid(size * scale, 8), price_e12(case, "price")
    quote = value_e20(market(True), lots, ticks)
    base = margin_value_e20(market(True), lots, ticks)
    return {"value_quote": Fraction(quote, E20 * scale), "value_base": Fraction(base, E20 * scale)}


def initial_margin(case: Case) -> Figures:
    size, leverage = case.size(price="price"), whole(case, "leverage")
    scale = scale_of(size)
    lots = grid(size * scale, 8)
    margin_e20 = initial_margin_e20(market(case.inverse), lots, price_e12(case, "price"), leverage)
    return {"initial_margin": Fraction(margin_e20, E20 * scale)}


def order_cost(case: Case) -> Figures:
    if case.text("close_fee_model", "none") != "none":
        raise Excluded("an order reserves no close fee (contracts.md section 5)")
    made = market(case.inverse, taker_fee_rate_e8=rate_e8(case, "fee_rate"))
    size, leverage = case.size(price="price"), whole(case, "leverage")
    scale = scale_of(size)
    lots, ticks = grid(size * scale, 8), price_e12(case, "price")
    reserve = order_reserve_e8(made, lots, ticks, leverage)
    return {
        "initial_margin": Fraction(initial_margin_e20(made, lots, ticks, leverage), E20 * scale),
        "open_fee": Fraction(fee_e8(made, lots, ticks, is_taker=True), E8 * scale),
        "close_fee": Fraction(0),
        "order_cost": Fraction(reserve, E8 * scale),
    }


def tiers_of(rows: list[Mapping[str, str]]) -> tuple[Tier, ...]:
    """Make tiers of rows with a start and a rate; each ends where the next one starts."""
    ends = [row["start"] for row in rows[1:]]
    tiers = [
        Tier(grid(number(end), 8), 125, grid(number(row["rate"]), 8))
        for row, end in zip(rows, ends, strict=False)
    ]
    return (*tiers, Tier(ENDLESS_E8, 125, grid(number(rows[-1]["rate"]), 8)))


def maintenance_margin(case: Case) -> Figures:
    method = case.text("method")
    if method == "flat":
        tiers = tiers_of([{"start": "0", "rate": case.text("rate")}])
    elif method == "tiered":
        tiers = tiers_of(case.inputs["tiers"])
    elif method == "rate_minus_amount":
        tiers = tiers_with_offset(case.number("rate"), case.number("amount"), case.number("position_value"))
    else:
        raise Excluded(f"maintenance margin by the unknown method {method!r}")
    # A position of one coin at a mark of V is worth V.
    made = market(False, tiers=tiers, taker_fee_rate_e8=rate_e8(case, "fee_rate"))
    made.mark_price_e12 = price_e12(case, "position_value")
    return {"maintenance_margin": Fraction(maintenance_e28(made, E8, E8), E28)}


def tiers_with_offset(rate: Fraction, offset: Fraction, value: Fraction) -> tuple[Tier, ...]:
    """Make tiers whose last one has this rate and offset, and holds this value."""
    if offset == 0:
        return (Tier(ENDLESS_E8, 125, grid(rate, 8)),)
    if rate <= 0 or offset < 0 or offset / rate >= value:
        raise Excluded("an offset that no tier table gives at this value")
    return (Tier(grid(offset / rate, 8), 125, 0), Tier(ENDLESS_E8, 125, grid(rate, 8)))


def tier_offset(case: Case) -> Figures:
    if "tiers" in case.inputs:
        made = market(False, tiers=tiers_of(case.inputs["tiers"]))
        return {"offsets": [Fraction(offset, E28) for offset in made.tier_offsets_e28]}
    floor, previous_rate = case.number("floor"), case.number("previous_rate")
    before = tiers_with_offset(previous_rate, case.number("previous_amount"), floor)
    tiers = (
        *before[:-1],
        Tier(grid(floor, 8), 125, before[-1].maintenance_rate_e8),
        Tier(ENDLESS_E8, 125, rate_e8(case, "rate")),
    )
    return {"offset": Fraction(market(False, tiers=tiers).tier_offsets_e28[-1], E28)}


def isolated_figures(case: Case, mark_e12: int, tiers: tuple[Tier, ...], scale: int) -> PositionFigures:
    """Show an isolated leg with the margin of the case."""
    terms = market(case.inverse, tiers=tiers, taker_fee_rate_e8=rate_e8(case, "fee_rate")).contract
    holding = holding_of(terms, isolated=True)
    holding.market.mark_price_e12 = mark_e12
    leg = hold(holding, case.side, grid(case.size(price="entry") * scale, 8), price_e12(case, "entry"))
    leg.margin_e16 = grid(case.number("margin") * scale, 16)
    holding.ledger.isolated_margin_e16 = leg.margin_e16
    return position_figures(holding.account, holding, leg)


def margin_ratio(case: Case) -> Figures:
    tiers = (Tier(ENDLESS_E8, 125, rate_e8(case, "mmr")),)
    scale = scale_of(case.size(price="entry"))
    shown = isolated_figures(case, price_e12(case, "mark"), tiers, scale)
    return {
        "margin_ratio": Fraction(shown.margin_ratio_e16, E16),
        "unrealized_pnl": Fraction(shown.unrealised_e20, E20 * scale),
    }


def liq_price(case: Case) -> Figures:
    if case.text("mm_basis", "mark") != "mark":
        raise Excluded(
            "maintenance margin at the entry value: here it is taken at the mark (contracts.md section 7)"
        )
    size, entry = case.size(price="entry"), case.number("entry")
    scale = scale_of(size)
    # Half the entry value lies in the tier of any liquidation price worth the name.
    tiers = tiers_with_offset(
        case.number("mmr"), case.number("offset", "0") * scale, size * entry * scale / 2
    )
    shown = isolated_figures(case, price_e12(case, "entry"), tiers, scale)
    return {"liq_price": Fraction(shown.liquidation_price_e16, E16)}


def crossed_liquidation(case: Case, legs: tuple[tuple[int, str, str], ...]) -> Figures:
    """Show the liquidation price of crossed legs beside one other position that sums up all others."""
    value = sum((case.size(size) * case.number(entry) for _, size, entry in legs), start=Fraction(0))
    tiers = tiers_with_offset(case.number("mmr"), case.number("offset", "0"), value / 2)
    terms = market(case.inverse, tiers=tiers, taker_fee_rate_e8=rate_e8(case, "fee_rate")).contract
    holding = holding_of(terms)
    holding.ledger.wallet_e8 = grid(case.number("wallet_balance"), 8)
    for side, size, entry in legs:
        leg = hold(holding, side, grid(case.size(size), 8), price_e12(case, entry))
    holding.market.mark_price_e12 = leg.average_price_e12
    maintenance, profit = case.number("other_mm", "0"), case.number("other_upl", "0")
    if maintenance or profit:
        # One coin at a mark of twice the maintenance margin and a rate of a half.
        others = beside(holding, E8 // 2 if maintenance else 0)
        others.mark_price_e12 = grid(2 * maintenance or Fraction(1), 12)
        entry_e12 = others.mark_price_e12 - grid(profit, 12)
        hold(kept(holding.account, others), 1, E8, entry_e12)
    shown = position_figures(holding.account, holding, leg)
    return {"liq_price": Fraction(shown.liquidation_price_e16, E16)}


def liq_price_cross(case: Case) -> Figures:
    return crossed_liquidation(case, ((case.side, "size", "entry"),))


def liq_price_cross_hedge(case: Case) -> Figures:
    return crossed_liquidation(case, ((1, "long_size", "long_entry"), (-1, "short_size", "short_entry")))


def bankruptcy_price(case: Case) -> Figures:
    if case.inputs.get("fee_on_entry"):
        raise Excluded(
            "a bankruptcy price with the fee at the entry: here the close fee counts (contracts.md section 8)"
        )
    made = market(case.inverse, taker_fee_rate_e8=rate_e8(case, "fee_rate"))
    size = case.size(price="entry") if "size" in case.inputs else Fraction(1)
    scale = scale_of(size)
    lots = grid(size * scale, 8)
    entry_e12 = price_e12(case, "entry")
    if "margin" in case.inputs:
        funds_e28 = grid(case.number("margin") * scale, 28)
    else:
        funds_e28 = initial_margin_e20(made, lots, entry_e12, whole(case, "leverage")) * E8
    ticks = bankruptcy_price_ticks(made, case.side, lots, entry_e12, funds_e28)
    return {"bankruptcy_price": Fraction(ticks, E12)}


def break_even(case: Case) -> Figures:
    terms = market(case.inverse, taker_fee_rate_e8=rate_e8(case, "fee_rate")).contract
    holding = holding_of(terms)
    holding.market.mark_price_e12 = price_e12(case, "entry")
    size = case.size(price="entry")
    scale = scale_of(size)
    leg = hold(holding, case.side, grid(size * scale, 8), price_e12(case, "entry"))
    leg.profit_e8 = grid(case.number("achieved", "0") * scale, 8)
    leg.funding_e8 = grid(case.number("funding", "0") * scale, 8)
    leg.open_fee_e8 = grid(case.number("fees_paid", "0") * scale, 8)
    shown = position_figures(holding.account, holding, leg)
    return {"break_even": Fraction(shown.break_even_price_e16, E16)}


def account_available(case: Case) -> Figures:
    initial, crossed = case.number("crossed_im", "0"), case.number("crossed_upl", "0")
    if initial == 0 and crossed:
        raise Excluded("crossed profit without crossed margin: no position has that")
    # One coin at leverage 1 needs its mark as margin; the isolated leg has no margin rule to obey.
    holding = holding_of(market(False).contract)
    ledger = holding.ledger
    ledger.wallet_e8 = grid(case.number("wallet"), 8)
    ledger.locked_e8 = grid(case.number("locked", "0"), 8)
    if initial:
        holding.market.mark_price_e12 = grid(initial, 12)
        hold(holding, 1, E8, grid(initial - crossed, 12))
    other = kept(holding.account, beside(holding, 0))
    other.isolated = True
    other.market.mark_price_e12 = E12
    leg = hold(other, 1, E8, E12 - grid(case.number("isolated_upl", "0"), 12))
    leg.margin_e16 = grid(case.number("isolated_margin", "0"), 16)
    ledger.isolated_margin_e16 = leg.margin_e16
    return account_fractions(account_figures(holding.account, ledger.coin))


def account_fractions(shown: AccountFigures) -> Figures:
    return {
        "account_equity": Fraction(shown.equity_e20, E20),
        "available": Fraction(shown.available_e20, E20),
        "crossed_max_available": Fraction(shown.crossed_max_available_e20, E20),
        "isolated_max_available": Fraction(shown.isolated_max_available_e20, E20),
        "max_transfer_out": Fraction(shown.max_transfer_out_e20, E20),
    }


def tick(case: Case) -> Figures:
    tick_e12 = whole(case, "price_end_step") * 10 ** (12 - whole(case, "price_place"))
    made = contract(tick_e12=tick_e12)
    return {"valid": [isinstance(read_price_ticks(price, made), int) for price in case.inputs["prices"]]}


def price_band(case: Case) -> Figures:
    ratio_e8 = rate_e8(case, "ratio")
    made = market(False, buy_band_rate_e8=ratio_e8, sell_band_rate_e8=ratio_e8)
    made.mark_price_e12 = price_e12(case, "mark")
    return {
        "max_buy": Fraction(band_edge_ticks(made, 1), E12),
        "min_sell": Fraction(band_edge_ticks(made, -1), E12),
    }


FORMULAS: Final[dict[str, Callable[[Case], Figures]]] = {
    "avg_entry": avg_entry,
    "unrealized_pnl": unrealized_pnl,
    "realized_pnl": realized_pnl,
    "fee": fee,
    "position_value": position_value,
    "initial_margin": initial_margin,
    "order_cost": order_cost,
    "maintenance_margin": maintenance_margin,
    "tier_offset": tier_offset,
    "margin_ratio": margin_ratio,
    "liq_price": liq_price,
    "liq_price_cross": liq_price_cross,
    "liq_price_cross_hedge": liq_price_cross_hedge,
    "bankruptcy_price": bankruptcy_price,
    "break_even": break_even,
    "account_available": account_available,
    "tick": tick,
    "price_band": price_band,
    "funding_rate": funding_rate,
    "premium_index": premium_index,
    "funding_fee": funding_fee,
    "mark_price": mark_price,
    "adl_rank": adl_rank,
    "netting": netting,
    "reversal_size": reversal_size,
    "reversal_net_order": reversal_net_order,
    "reversal_flow": reversal_flow,
}


def compute(case: Case) -> Figures:
    """
    Let the engine compute a case.

    Raises:
        Excluded: a rule on its kind or inputs says that the engine does not compute it.
    """
    if case.kind in KINDS_EXCLUDED:
        raise Excluded(KINDS_EXCLUDED[case.kind])
    if case.kind not in FORMULAS:
        raise Excluded(f"the kind {case.kind!r} is unknown")
    return FORMULAS[case.kind](case)
