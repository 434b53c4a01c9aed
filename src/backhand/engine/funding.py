"""
Settling funding: longs pay shorts, or shorts longs, and each settlement sums to zero.

    every leg ─▶ what it owes ─▶ payers charged (isolated ones down to maintenance) ─▶ receivers credited
                                                                       the rest of a unit ─▶ rounding

Charges are rounded up and credits down at 8 decimals. When an isolated payer could not pay everything, the
receivers share what was collected in proportion to their value. Source: contracts.md section 10.
"""

from backhand.engine.fills import touch
from backhand.engine.margin import maintenance_e28, unrealised_e20
from backhand.engine.market import Market
from backhand.engine.rates import funding_due_e28
from backhand.engine.state import Holding, Position, State
from backhand.events import Event, FundingPaid, FundingSettled
from backhand.units import E4, E8, E20, ceil_div


def settle_funding(state: State, market: Market, rate_e8: int, funding_ms: int, events: list[Event]) -> None:
    """Move what one settlement of a symbol owes between its positions, at the mark price as it stands."""
    events.append(FundingSettled(market.symbol, rate_e8, market.mark_price_e12, funding_ms))
    if rate_e8 == 0 or market.mark_price_e12 == 0:
        return
    paying = 1 if rate_e8 > 0 else -1
    collected_e8, in_full = _collect(state, market, paying, rate_e8, events)
    credited_e8 = 0
    receiving_lots = market.long_lots if paying < 0 else market.short_lots
    for holding in list(market.held.values()):
        leg = holding.leg(-paying)
        if leg is None:
            continue
        if in_full:
            amount_e8 = funding_due_e28(market, leg.lots, abs(rate_e8)) // E20
        else:
            amount_e8 = collected_e8 * leg.lots // receiving_lots
        credited_e8 += amount_e8
        _post(state, holding, leg, amount_e8, events)
    state.coin(market.margin_coin).rounding_e28 += (collected_e8 - credited_e8) * E20


def _collect(
    state: State, market: Market, paying: int, rate_e8: int, events: list[Event]
) -> tuple[int, bool]:
    """Charge the paying side; how much came together (e8), and whether everybody paid everything."""
    collected_e8 = 0
    in_full = True
    for holding in list(market.held.values()):
        leg = holding.leg(paying)
        if leg is None:
            continue
        owed_e8 = ceil_div(funding_due_e28(market, leg.lots, abs(rate_e8)), E20)
        if holding.isolated:
            spare_e8 = _spare_e8(market, leg)
            if owed_e8 > spare_e8:
                owed_e8 = spare_e8
                in_full = False
        collected_e8 += owed_e8
        _post(state, holding, leg, -owed_e8, events)
    return collected_e8, in_full


def _spare_e8(market: Market, leg: Position) -> int:
    """What an isolated leg can pay and still cover more than its maintenance: funding liquidates none."""
    equity_e20 = leg.margin_e16 * E4 + unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
    spare_e28 = equity_e20 * E8 - maintenance_e28(market, leg.lots, leg.lots)
    return max(0, min((spare_e28 - 1) // E20, leg.margin_e16 // E8))


def _post(state: State, holding: Holding, leg: Position, amount_e8: int, events: list[Event]) -> None:
    """Post a payment to the wallet, and to the margin of an isolated leg."""
    ledger = holding.ledger
    ledger.wallet_e8 += amount_e8
    leg.funding_e8 += amount_e8
    if holding.isolated:
        leg.margin_e16 += amount_e8 * E8
        ledger.isolated_margin_e16 += amount_e8 * E8
    touch(state, holding)
    events.append(
        FundingPaid(
            holding.account.uid,
            holding.market.symbol,
            leg.side,
            leg.position_id,
            leg.lots,
            amount_e8,
            ledger.wallet_e8,
        )
    )
