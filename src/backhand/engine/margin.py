"""
The arithmetic of contracts: value, fee, profit, margin and prices that follow from them.

Pure functions of integers and a market's terms. Linear contracts settle in the quote currency, inverse
ones in their base coin; sizes count base coin in both. Source: contracts.md sections 2 to 8.
"""

from typing import Final

from backhand.engine.market import Market
from backhand.engine.state import Holding, Ledger
from backhand.units import E4, E8, E12, E16, E20, ceil_div, half_up_div

#: Stands for "every price is too bad" where a bankruptcy price is asked for.
EVERY_PRICE: Final = -1


def value_e20(market: Market, lots: int, price_e12: int) -> int:
    """Position value in the quote currency."""
    return lots * market.lot_e8 * price_e12


def margin_value_e20(market: Market, lots: int, price_e12: int) -> int:
    """Position value in the margin coin; for inverse contracts that is the size itself."""
    return lots * market.lot_e8 * (E12 if market.inverse else price_e12)


def fee_volume(market: Market, lots: int, price_ticks: int) -> int:
    """What a fill's fee is proportional to: lots x ticks of a linear contract, lots of an inverse one."""
    return lots if market.inverse else lots * price_ticks


def fee_e8(market: Market, lots: int, price_ticks: int, is_taker: bool) -> int:
    """Fee of a fill as charged in the margin coin: rounded up at 8 decimals."""
    fee = market.taker_fee if is_taker else market.maker_fee
    return ceil_div(fee_volume(market, lots, price_ticks) * fee.numerator, fee.denominator)


def price_profit_e20(market: Market, side: int, lots: int, average_price_e12: int, price_e12: int) -> int:
    """Compute d * q * (P - E) in the quote currency, exact."""
    return gain_lots_e12(side, lots, average_price_e12, price_e12) * market.lot_e8


def gain_lots_e12(side: int, lots: int, average_price_e12: int, price_e12: int) -> int:
    """Compute d * lots * (P - E), exact; times the lot it is the price profit in the quote currency."""
    return lots * (price_e12 - average_price_e12 if side > 0 else average_price_e12 - price_e12)


def posted_profit_e8(market: Market, gain: int, price_e12: int) -> int:
    """A gain of lots x e12 as posted in the margin coin: rounded down at 8 decimals."""
    if market.inverse:
        return gain * market.lot_e8 // price_e12
    return gain * market.profit_numerator // market.profit_denominator


def unrealised_e20(market: Market, side: int, lots: int, average_price_e12: int) -> int:
    """Unrealised profit at mark in the margin coin; inverse ones rounded down at 20 decimals."""
    profit = price_profit_e20(market, side, lots, average_price_e12, market.mark_price_e12)
    return profit * E12 // market.mark_price_e12 if market.inverse else profit


def initial_margin_e20(market: Market, lots: int, price_e12: int, leverage: int) -> int:
    """V / L in the margin coin, rounded up."""
    return ceil_div(margin_value_e20(market, lots, price_e12), leverage)


def initial_margin_e16(market: Market, lots: int, price_e12: int, leverage: int) -> int:
    """V / L in the margin coin, rounded up at the 16 decimals a position's margin is kept with."""
    return ceil_div(margin_value_e20(market, lots, price_e12), leverage * E4)


def average_price_after_e12(held_lots: int, average_price_e12: int, lots: int, price_e12: int) -> int:
    """(q*E + q2*P) / (q + q2), half up at 12 decimals."""
    if held_lots == 0:
        return price_e12
    return half_up_div(held_lots * average_price_e12 + lots * price_e12, held_lots + lots)


def closing_lots(closes: bool, hold_side: int, lots: int, held_lots: int) -> int:
    """
    How many of an order's lots close, where the other side of the trade holds so many.

    All of a close; in one-way mode (`hold_side` 0) whatever is held, for legs net; none of a hedge opening.
    """
    if closes:
        return lots
    return 0 if hold_side else min(lots, held_lots)


def released_margin_e16(margin_e16: int, lots: int, held_lots: int) -> int:
    """What closing lots of an isolated leg releases of its margin: their part, rounded down."""
    return margin_e16 * lots // held_lots


def tier_index(market: Market, tier_value_e20: int) -> int:
    """The tier of a quote value; a value exactly on a tier's end belongs to the lower tier."""
    index = 0
    last = len(market.tier_ends_e20) - 1
    while index < last and tier_value_e20 > market.tier_ends_e20[index]:
        index += 1
    return index


def leverage_allowed(market: Market, tier_value_e20: int) -> int:
    """The highest leverage a position of this quote value may have; 0 beyond the last tier."""
    if tier_value_e20 > market.tier_ends_e20[-1]:
        return 0
    return market.tier_leverages[tier_index(market, tier_value_e20)]


def maintenance_e28(market: Market, lots: int, tier_lots: int) -> int:
    """
    Maintenance margin at mark in the margin coin: V * (mmr + f) - offset of the tier, rounded up.

    `tier_lots` pick the tier: of a crossed hedge they are both legs together, of which `lots` are the
    larger; the offset then counts in proportion, so that the margin of a part is that part of the margin.
    """
    mark = market.mark_price_e12
    value = value_e20(market, tier_lots, mark)
    index = tier_index(market, value)
    rate_e8 = market.tier_rates_e8[index] + market.taker_rate_e8
    offset_e28 = market.tier_offsets_e28[index]
    if lots != tier_lots:
        offset_e28 = offset_e28 * lots // tier_lots
        value = value_e20(market, lots, mark)
    if market.inverse:
        return lots * market.lot_e8 * E12 * rate_e8 - offset_e28 * E12 // mark
    return value * rate_e8 - offset_e28


def legs_sums(
    market: Market, leverage: int, long_lots: int, long_average: int, short_lots: int, short_average: int
) -> tuple[int, int, int]:
    """
    Margin figures of the crossed legs of one symbol at mark.

    Returns:
        Initial margin e20 and maintenance margin e28, both of the larger leg, and unrealised profit
        e20 of both legs.
    """
    larger = max(long_lots, short_lots)
    if larger == 0:
        return 0, 0, 0
    initial = initial_margin_e20(market, larger, market.mark_price_e12, leverage)
    unrealised = 0
    if long_lots:
        unrealised += unrealised_e20(market, 1, long_lots, long_average)
    if short_lots:
        unrealised += unrealised_e20(market, -1, short_lots, short_average)
    return initial, maintenance_e28(market, larger, long_lots + short_lots), unrealised


def holding_sums(holding: Holding) -> tuple[int, int, int]:
    """`legs_sums` of a crossed holding as it stands."""
    long, short = holding.long, holding.short
    return legs_sums(
        holding.market,
        holding.crossed_leverage,
        0 if long is None else long.lots,
        0 if long is None else long.average_price_e12,
        0 if short is None else short.lots,
        0 if short is None else short.average_price_e12,
    )


def crossed_sums(ledger: Ledger, without: Holding | None) -> tuple[int, int, int]:
    """Sum initial margin e20, maintenance e28 and unrealised e20 of crossed legs, but one holding's."""
    initial = 0
    maintenance = 0
    unrealised = 0
    for holding in ledger.holdings:
        if holding is without or holding.isolated or (holding.long is None and holding.short is None):
            continue
        one_initial, one_maintenance, one_unrealised = holding_sums(holding)
        initial += one_initial
        maintenance += one_maintenance
        unrealised += one_unrealised
    return initial, maintenance, unrealised


def available_e20(wallet_e8: int, locked_e8: int, isolated_margin_e16: int) -> int:
    """What of a wallet neither orders nor isolated legs have set aside: `available` of section 6."""
    return (wallet_e8 - locked_e8) * E12 - isolated_margin_e16 * E4


def crossed_max_available_e20(available: int, initial_margin: int, profit: int) -> int:
    """The most that may open crossed legs, from the margin and unrealised profit of them all (section 6)."""
    return max(0, available - initial_margin + profit)


def isolated_max_available_e20(
    available: int, initial_margin: int, profit: int, equity: int, maintenance_e28: int
) -> int:
    """
    The most that may leave crossed legs: for an isolated one, or altogether.

    Their profit does not count, their loss does (section 6), and they stay covered: initial margin is at
    the leverage that was set, and a mark may have carried them into tiers that need more (MON-8). All of it
    in e20, but for the maintenance margin.
    """
    spare = available - initial_margin + min(0, profit)
    if maintenance_e28:
        spare = min(spare, (equity * E8 - maintenance_e28 - 1) // E8)
    return max(0, spare)


def ledger_crossed_max_available_e20(ledger: Ledger) -> int:
    """`crossed_max_available_e20` of a ledger as it stands."""
    initial, _, profit = crossed_sums(ledger, None)
    available = available_e20(ledger.wallet_e8, ledger.locked_e8, ledger.isolated_margin_e16)
    return crossed_max_available_e20(available, initial, profit)


def ledger_isolated_max_available_e20(ledger: Ledger) -> int:
    """`isolated_max_available_e20` of a ledger as it stands: what may leave it."""
    initial, maintenance, profit = crossed_sums(ledger, None)
    available = available_e20(ledger.wallet_e8, ledger.locked_e8, ledger.isolated_margin_e16)
    equity = available + ledger.locked_e8 * E12 + profit
    return isolated_max_available_e20(available, initial, profit, equity, maintenance)


def crossed_equity_e20(ledger: Ledger) -> int:
    """What the crossed legs of a ledger stand on."""
    equity = ledger.wallet_e8 * E12 - ledger.isolated_margin_e16 * E4
    for holding in ledger.holdings:
        if not holding.isolated:
            market, long, short = holding.market, holding.long, holding.short
            if long is not None:
                equity += unrealised_e20(market, 1, long.lots, long.average_price_e12)
            if short is not None:
                equity += unrealised_e20(market, -1, short.lots, short.average_price_e12)
    return equity


def crossed_maintenance_e28(ledger: Ledger) -> int:
    """What the crossed legs of a ledger need at least."""
    maintenance = 0
    for holding in ledger.holdings:
        if not holding.isolated and (holding.long is not None or holding.short is not None):
            long, short = holding.lots(1), holding.lots(-1)
            maintenance += maintenance_e28(holding.market, max(long, short), long + short)
    return maintenance


def ratio_e16(maintenance_e28: int, equity_e20: int) -> int:
    """Maintenance over equity, rounded up at 16 decimals; 0 without maintenance, 1 without equity."""
    if maintenance_e28 == 0:
        return 0
    if equity_e20 <= 0:
        return E16
    return ceil_div(maintenance_e28 * E8, equity_e20)


def order_reserve_e8(market: Market, lots: int, price_ticks: int, leverage: int) -> int:
    """What an opening order locks at its price: V / L and the larger of both fees, each rounded up."""
    if lots == 0:
        return 0
    margin = ceil_div(initial_margin_e20(market, lots, price_ticks * market.tick_e12, leverage), E12)
    return margin + max(fee_e8(market, lots, price_ticks, True), fee_e8(market, lots, price_ticks, False))


def band_edge_ticks(market: Market, side: int) -> int:
    """The worst price that a buy (at most) or a sell (at least) may have around mark, on a tick."""
    mark = market.mark_price_e12
    if side > 0:
        return mark * market.buy_edge_numerator // market.buy_edge_denominator
    return ceil_div(mark * market.sell_edge_numerator, market.sell_edge_denominator)


def mark_ticks(market: Market) -> int:
    """The mark on the nearest tick: the price of what the venue settles between positions without another."""
    return max(1, half_up_div(market.mark_price_e12, market.tick_e12))


def bankruptcy_price_ticks(
    market: Market, side: int, lots: int, average_price_e12: int, funds_e28: int
) -> int:
    """
    The worst tick at which closing a leg, fee included, does not use up more than its funds.

    The funds are an isolated leg's margin; those of a crossed leg are its share of what the account has
    left, less its own profit at mark. Linear (d*q*E - F) / (q*(d - f)), inverse d*q*E / (F + q*(d - f)).
    Rounded to the holder's side; 0 when no price is too bad, EVERY_PRICE when all are. Source:
    contracts.md section 8.
    """
    cost_e28 = side * value_e20(market, lots, average_price_e12) * E8
    size_e16 = lots * market.lot_e8 * (side * E8 - market.taker_rate_e8)
    if market.inverse:
        numerator = cost_e28
        denominator = (funds_e28 // E12 + size_e16) * market.tick_e12
        # The funds cover a short whatever the price; or they cover a long at none.
        if denominator * side <= 0:
            return EVERY_PRICE if side > 0 else 0
    else:
        numerator = cost_e28 - funds_e28
        denominator = size_e16 * market.tick_e12
        # The funds cover a long down to nothing; or they cover a short at no price at all.
        if numerator * side <= 0:
            return 0 if side > 0 else EVERY_PRICE
    if side > 0:
        return ceil_div(numerator, denominator)
    # Below the first tick there is no price: all are too bad for a short.
    return numerator // denominator or EVERY_PRICE


def liquidation_price_e16(
    market: Market, funds_e28: int, long_lots: int, long_average: int, short_lots: int, short_average: int
) -> int:
    """
    The mark price at which the margin ratio of these legs reaches 1, half up at 16 decimals; 0 for none.

    `funds_e28` is an isolated leg's margin, or what crossed legs have beside their own profit and
    others' maintenance. The tier is that of the liquidation price itself: tiers are tried from that of the
    mark on, first down and then up. Where flat margin steps over what is there, it is the end between two
    tiers. A hedge that both ways lead to its end shows the lower price. Source: contracts.md section 8.
    """
    larger = max(long_lots, short_lots)
    if larger == 0:
        return 0
    net_e16 = (long_lots - short_lots) * market.lot_e8 * E8
    cost_e28 = (long_lots * long_average - short_lots * short_average) * market.lot_e8 * E8
    part = (larger, long_lots + short_lots)
    both_e8 = part[1] * market.lot_e8
    ends_e20 = market.tier_ends_e20
    last = len(ends_e20) - 1
    start = index = tier_index(market, both_e8 * market.mark_price_e12)
    # A fall. Where the mark is beyond the end already, the end is above it.
    price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    while index < last and falls and both_e8 * price_e16 > ends_e20[index] * E4:
        index += 1
        price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    while index > 0 and (not falls or both_e8 * price_e16 <= ends_e20[index - 1] * E4):
        index -= 1
        price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    if falls and price_e16:
        return price_e16
    # A rise, in the same way.
    index = start
    price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    while index > 0 and not falls and 0 < both_e8 * price_e16 <= ends_e20[index - 1] * E4:
        index -= 1
        price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    least_e16 = 0
    while index < last and (falls or price_e16 == 0 or both_e8 * price_e16 > ends_e20[index] * E4):
        least_e16 = ceil_div(ends_e20[index] * E4, both_e8)
        index += 1
        price_e16, falls = _tier_end_price_e16(market, funds_e28, net_e16, cost_e28, part, index)
    return 0 if falls or price_e16 == 0 else max(price_e16, least_e16)


def _tier_end_price_e16(
    market: Market, funds_e28: int, net_e16: int, cost_e28: int, part: tuple[int, int], index: int
) -> tuple[int, bool]:
    """
    Where legs would be at their end if a tier's rate held everywhere, and whether a fall leads there.

    `part` is the larger leg's lots, and those of both. Linear (F + offset - C) / (charge - net), inverse
    (C - offset) / (F + net - charge), half up at 16 decimals; 0 for none.
    """
    larger, both = part
    charge_e16 = larger * market.lot_e8 * (market.tier_rates_e8[index] + market.taker_rate_e8)
    offset_e28 = market.tier_offsets_e28[index] * larger // both
    if market.inverse:
        numerator = (cost_e28 - offset_e28) * E16
        denominator = funds_e28 + (net_e16 - charge_e16) * E12
        falls = numerator > 0
    else:
        numerator = (funds_e28 + offset_e28 - cost_e28) * E4
        denominator = charge_e16 - net_e16
        falls = denominator < 0
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    return (half_up_div(numerator, denominator) if denominator and numerator > 0 else 0), falls


def break_even_price_e16(market: Market, side: int, lots: int, average_price_e12: int, net_e8: int) -> int:
    """
    The price at which closing leaves nothing won or lost; up for a long, down for a short.

    `net_e8` is achieved profit plus funding minus fees paid. Linear (d*q*E - N) / (q*(d - f)), inverse
    d*q*E / (q*(d - f) + N). 0 when there is no such price. Source: contracts.md section 3.
    """
    cost_e20 = side * value_e20(market, lots, average_price_e12)
    size_e16 = lots * market.lot_e8 * (side * E8 - market.taker_rate_e8)
    if market.inverse:
        numerator = cost_e20 * E12
        denominator = size_e16 + net_e8 * E8
    else:
        numerator = (cost_e20 * E8 - net_e8 * E20) * E4
        denominator = size_e16
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    if numerator <= 0 or denominator == 0:
        return 0
    return ceil_div(numerator, denominator) if side > 0 else numerator // denominator
