"""
What accounts and positions look like at this moment: the sums of contracts.md sections 3 and 6 to 8.

Reads only. Units are those of the names; prices and ratios with 16 decimals are rounded as contracts.md
section 1 says (margins and ratios up, prices half up, break-even to the holder's disadvantage).
"""

from backhand.engine.margin import (
    available_e20,
    break_even_price_e16,
    crossed_equity_e20,
    crossed_maintenance_e28,
    crossed_max_available_e20,
    crossed_sums,
    initial_margin_e16,
    isolated_max_available_e20,
    liquidation_price_e16,
    maintenance_e28,
    ratio_e16,
    tier_index,
    unrealised_e20,
    value_e20,
)
from backhand.engine.state import Account, Holding, Ledger, Position, State
from backhand.units import E4, E8, E12


class AccountFigures:
    """The sums of one margin coin; see contracts.md section 6 for each."""

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.wallet_e8 = 0
        self.locked_e8 = 0
        self.available_e20 = 0
        self.crossed_max_available_e20 = 0
        self.isolated_max_available_e20 = 0
        self.max_transfer_out_e20 = 0
        self.equity_e20 = 0
        self.unrealised_e20 = 0
        self.crossed_unrealised_e20 = 0
        self.isolated_unrealised_e20 = 0
        self.crossed_margin_e20 = 0
        self.isolated_margin_e16 = 0
        self.crossed_risk_e16 = 0


class PositionFigures:
    """One leg as `single-position` shows it."""

    def __init__(self, holding: Holding, leg: Position, hedge_mode: bool) -> None:
        market = holding.market
        self.position_id = leg.position_id
        self.symbol = market.symbol
        self.product_type = market.product_type
        self.margin_coin = market.margin_coin
        self.side = leg.side
        self.hedge_mode = hedge_mode
        self.isolated = holding.isolated
        self.leverage = holding.leverage(leg.side)
        self.total_lots = leg.lots
        self.locked_lots = holding.locked_lots(leg.side)
        self.available_lots = leg.lots - self.locked_lots
        self.opening_lots = 0
        self.lot_e8 = market.lot_e8
        self.average_price_e12 = leg.average_price_e12
        self.mark_price_e12 = market.mark_price_e12
        self.profit_e8 = leg.profit_e8
        self.fee_e8 = leg.open_fee_e8 + leg.close_fee_e8
        self.funding_e8 = leg.funding_e8
        self.unrealised_e20 = unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
        self.margin_e16 = 0
        self.maintenance_rate_e8 = 0
        self.margin_ratio_e16 = 0
        self.liquidation_price_e16 = 0
        self.break_even_price_e16 = 0
        self.opened_at_ms = leg.opened_at_ms
        self.updated_at_ms = leg.updated_at_ms


def account_figures(account: Account, coin: str) -> AccountFigures:
    """All sums of an account in a margin coin; zeros when it never held any."""
    figures = AccountFigures(coin)
    ledger = account.ledgers.get(coin)
    if ledger is None:
        return figures
    initial, maintenance, crossed = crossed_sums(ledger, None)
    isolated = 0
    for holding in ledger.holdings:
        if holding.isolated:
            for side in (1, -1):
                leg = holding.leg(side)
                if leg is not None:
                    isolated += unrealised_e20(holding.market, side, leg.lots, leg.average_price_e12)
    wallet = ledger.wallet_e8 * E12
    isolated_margin = ledger.isolated_margin_e16 * E4
    available = available_e20(ledger.wallet_e8, ledger.locked_e8, ledger.isolated_margin_e16)
    figures.wallet_e8 = ledger.wallet_e8
    figures.locked_e8 = ledger.locked_e8
    figures.available_e20 = available
    figures.crossed_max_available_e20 = crossed_max_available_e20(available, initial, crossed)
    figures.isolated_max_available_e20 = isolated_max_available_e20(
        available, initial, crossed, wallet - isolated_margin + crossed, maintenance
    )
    figures.max_transfer_out_e20 = figures.isolated_max_available_e20
    figures.equity_e20 = wallet + crossed + isolated
    figures.unrealised_e20 = crossed + isolated
    figures.crossed_unrealised_e20 = crossed
    figures.isolated_unrealised_e20 = isolated
    figures.crossed_margin_e20 = initial
    figures.isolated_margin_e16 = ledger.isolated_margin_e16
    figures.crossed_risk_e16 = ratio_e16(maintenance, wallet - isolated_margin + crossed)
    return figures


def leg_ratio_e16(holding: Holding, leg: Position) -> int:
    """The margin ratio of an isolated leg."""
    market = holding.market
    profit = unrealised_e20(market, leg.side, leg.lots, leg.average_price_e12)
    return ratio_e16(maintenance_e28(market, leg.lots, leg.lots), leg.margin_e16 * E4 + profit)


def crossed_ratio_e16(ledger: Ledger) -> int:
    """The margin ratio of all crossed legs of a ledger."""
    return ratio_e16(crossed_maintenance_e28(ledger), crossed_equity_e20(ledger))


def positions_of(state: State, uid: str, product_type: str, symbol: str | None) -> list[PositionFigures]:
    """An account's legs in a product type, or in one symbol of it, newest first."""
    found: list[PositionFigures] = []
    account = state.accounts.get(uid)
    if account is None:
        return found
    for holding in account.holdings.values():
        market = holding.market
        if market.product_type != product_type or (symbol is not None and market.symbol != symbol):
            continue
        for side in (1, -1):
            leg = holding.leg(side)
            if leg is not None:
                found.append(position_figures(account, holding, leg))
    found.sort(key=_newest_first)
    return found


def _newest_first(figures: PositionFigures) -> int:
    return -figures.position_id


def position_figures(account: Account, holding: Holding, leg: Position) -> PositionFigures:
    """Every figure of one leg."""
    market = holding.market
    figures = PositionFigures(holding, leg, account.hedge_mode(market.product_type))
    for order in holding.orders.values():
        if not order.reduce_only and order.side == leg.side:
            figures.opening_lots += order.open_lots
    mark = market.mark_price_e12
    ledger = holding.ledger
    long_lots = holding.lots(1)
    short_lots = holding.lots(-1)
    if holding.isolated:
        figures.margin_e16 = leg.margin_e16
        tier_value = value_e20(market, leg.lots, mark)
        figures.margin_ratio_e16 = leg_ratio_e16(holding, leg)
        figures.liquidation_price_e16 = _isolated_liquidation_price_e16(holding, leg)
    else:
        figures.margin_e16 = initial_margin_e16(market, leg.lots, mark, holding.crossed_leverage)
        tier_value = value_e20(market, long_lots + short_lots, mark)
        figures.margin_ratio_e16 = crossed_ratio_e16(ledger)
        figures.liquidation_price_e16 = _crossed_liquidation_price_e16(holding, ledger)
    figures.maintenance_rate_e8 = market.tier_rates_e8[tier_index(market, tier_value)]
    net_e8 = figures.profit_e8 + figures.funding_e8 - figures.fee_e8
    figures.break_even_price_e16 = break_even_price_e16(
        market, leg.side, leg.lots, leg.average_price_e12, net_e8
    )
    return figures


def _isolated_liquidation_price_e16(holding: Holding, leg: Position) -> int:
    funds = leg.margin_e16 * E12
    average = leg.average_price_e12
    if leg.side > 0:
        return liquidation_price_e16(holding.market, funds, leg.lots, average, 0, 0)
    return liquidation_price_e16(holding.market, funds, 0, 0, leg.lots, average)


def _crossed_liquidation_price_e16(holding: Holding, ledger: Ledger) -> int:
    """One price for both legs: what else the ledger has and owes stands as it is now."""
    _, maintenance, unrealised = crossed_sums(ledger, holding)
    funds = (ledger.wallet_e8 * E12 - ledger.isolated_margin_e16 * E4 + unrealised) * E8 - maintenance
    long, short = holding.long, holding.short
    return liquidation_price_e16(
        holding.market,
        funds,
        0 if long is None else long.lots,
        0 if long is None else long.average_price_e12,
        0 if short is None else short.lots,
        0 if short is None else short.average_price_e12,
    )
