"""
Who is to be liquidated, worked out the long way: every account, every leg, slice by slice, exactly.

Shares no arithmetic with the engine, rounds nothing, and looks at everybody. Amounts are in e28 of the
margin coin: integers, or fractions where a price divides. Source: contracts.md sections 6 and 7.
"""

from collections.abc import Container, Iterator, Mapping
from fractions import Fraction
from itertools import product

from backhand.commands import Contract
from backhand.engine import State
from backhand.engine.state import Account, Holding, Ledger, Position

Amount = int | Fraction
Marks = Mapping[str, int]


def marks_of(state: State) -> dict[str, int]:
    """The mark prices as they stand."""
    return {symbol: market.mark_price_e12 for symbol, market in state.markets.items()}


def in_coin(contract: Contract, quote: Amount, mark_e12: int) -> Amount:
    """An amount of the quote currency in the margin coin."""
    return Fraction(quote * 10**12, mark_e12) if contract.inverse else quote


def slices(contract: Contract, flat: bool, value_e20: int) -> int:
    """Maintenance margin of a value in the quote currency: each slice at the rate of its tier, plus fee."""
    start = total = 0
    for tier in contract.tiers:
        end = tier.end_value_e8 * 10**12
        last = tier is contract.tiers[-1]
        rate = tier.maintenance_rate_e8 + contract.taker_fee_rate_e8
        if flat and (value_e20 <= end or last):
            return value_e20 * rate
        total += max(0, (value_e20 if last else min(value_e20, end)) - start) * rate
        start = end
    return total


def maintenance(state: State, contract: Contract, larger: int, both: int, mark_e12: int) -> Amount:
    """What legs need of which one is larger: the share of it in the margin of both together."""
    whole = slices(contract, state.maintenance == "flat", both * contract.lot_e8 * mark_e12)
    part = whole if larger == both else Fraction(whole * larger, both)
    return in_coin(contract, part, mark_e12)


def profit(contract: Contract, leg: Position, mark_e12: int) -> Amount:
    """Unrealised price profit of a leg."""
    moved = leg.side * (mark_e12 - leg.average_price_e12)
    return in_coin(contract, leg.lots * contract.lot_e8 * moved * 10**8, mark_e12)


def legs(holding: Holding) -> list[Position]:
    """The legs that are held."""
    return [leg for leg in (holding.long, holding.short) if leg is not None]


def isolated_buffer(state: State, holding: Holding, leg: Position, mark_e12: int) -> Amount:
    """What an isolated leg has beyond its maintenance margin."""
    contract = holding.market.contract
    equity = leg.margin_e16 * 10**12 + profit(contract, leg, mark_e12)
    return equity - maintenance(state, contract, leg.lots, leg.lots, mark_e12)


def crossed_buffer(state: State, ledger: Ledger, marks: Marks) -> Amount | None:
    """What the crossed legs of a ledger have beyond maintenance margin; None when there are none."""
    equity: Amount = ledger.wallet_e8 * 10**20
    needed: Amount = 0
    crossed = False
    for holding in holdings_held(ledger):
        held, contract, mark = legs(holding), holding.market.contract, marks[holding.market.symbol]
        if holding.isolated:
            equity -= sum(leg.margin_e16 for leg in held) * 10**12
        else:
            crossed = True
            equity += sum(profit(contract, leg, mark) for leg in held)
            sizes = [leg.lots for leg in held]
            needed += maintenance(state, contract, max(sizes), sum(sizes), mark)
    return equity - needed if crossed else None


def ledger_faults(state: State, account: Account, ledger: Ledger, marks: Marks) -> Iterator[str]:
    """What of a ledger ought to have been liquidated at these marks, where they may liquidate."""
    buffer = crossed_buffer(state, ledger, marks) if has_good_prices(state, ledger) else None
    if buffer is not None and buffer <= 0:
        yield f"{account.uid}: crossed {ledger.coin} lacks {-buffer}"
    for holding in holdings_held(ledger):
        if holding.isolated and is_good_price(state, holding):
            for leg in legs(holding):
                symbol = holding.market.symbol
                if isolated_buffer(state, holding, leg, marks[symbol]) <= 0:
                    yield f"{account.uid}: isolated {symbol} {leg.side} is at its end"


def holdings_held(ledger: Ledger) -> list[Holding]:
    """The holdings of a ledger that have a leg."""
    return [each for each in ledger.holdings if each.long is not None or each.short is not None]


def has_good_prices(state: State, ledger: Ledger) -> bool:
    """Whether every price that the ledger's crossed legs depend on may liquidate."""
    return all(is_good_price(state, each) for each in holdings_held(ledger) if not each.isolated)


def is_good_price(state: State, holding: Holding) -> bool:
    """Whether the mark of a holding's symbol may liquidate."""
    market = holding.market
    return market.confirmed and not 0 < market.stale_at_ms <= state.time_ms


def faults(state: State, coins: Container[str] | None = None) -> list[str]:
    """Everybody who ought to have been liquidated by now; those with a price that may not are left out."""
    marks = marks_of(state)
    found: list[str] = []
    for account in state.accounts.values():
        for ledger in account.ledgers.values():
            if account.is_house or (coins is not None and ledger.coin not in coins):
                continue
            found += ledger_faults(state, account, ledger, marks)
    return found


def owes(ledger: Ledger) -> bool:
    """Whether a ledger without crossed legs has less than its isolated legs have set aside."""
    set_aside = 0
    for holding in holdings_held(ledger):
        if not holding.isolated:
            return False
        set_aside += sum(leg.margin_e16 for leg in legs(holding))
    return ledger.wallet_e8 * 10**8 < set_aside


def below_zero(state: State) -> list[str]:
    """Clients who owe, and funds that do."""
    owing = [
        f"{account.uid} owes {ledger.coin}"
        for account in state.accounts.values()
        if not account.is_house
        for ledger in account.ledgers.values()
        if owes(ledger)
    ]
    return owing + [f"fund of {money.coin}" for money in state.coins.values() if money.insurance_e8 < 0]


def band_marks(holding: Holding) -> tuple[int, ...]:
    """Marks just inside the ends of a holding's band, far beyond where there is no end, and between."""
    mark = holding.market.mark_price_e12
    # With no room left on a side the mark itself is watched, and looked at whenever it is given anew.
    lowest = min(mark, holding.risk_fall_e12 + 1)
    highest = max(mark, holding.risk_rise_e12 - 1) if holding.risk_rise_e12 else 1_000 * mark
    return (lowest, highest, mark, (mark + lowest) // 2, (mark + highest) // 2)


def band_faults(state: State) -> list[str]:
    """
    Everybody who would have to be liquidated with every price somewhere inside its band.

    Crossed symbols of a ledger are moved together into all corners and on the ways there.
    """
    found: list[str] = []
    now = marks_of(state)
    for account in state.accounts.values():
        for ledger in account.ledgers.values():
            if account.is_house:
                continue
            held = [each for each in holdings_held(ledger) if is_good_price(state, each)]
            crossed = [holding for holding in held if not holding.isolated]
            corners = product(*map(band_marks, crossed)) if has_good_prices(state, ledger) else ()
            for corner in corners:
                marks = {holding.market.symbol: at for holding, at in zip(crossed, corner, strict=True)}
                buffer = crossed_buffer(state, ledger, now | marks)
                if buffer is not None and buffer <= 0:
                    found.append(f"{account.uid}: crossed, with {marks}")
            for holding in held:
                if holding.isolated:
                    found += [
                        f"{account.uid}: isolated {holding.market.symbol} {leg.side}, with {mark}"
                        for leg in legs(holding)
                        for mark in band_marks(holding)
                        if isolated_buffer(state, holding, leg, mark) <= 0
                    ]
    return found
