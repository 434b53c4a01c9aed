"""
Full sums over the whole state: what the always-on checks of single postings add up to.

Everything is computed again from accounts, positions and orders, by a path of its own: wallets are
summed, clearing is compared with open positions, locked sums with resting orders.
"""

from backhand.engine.invariants import invariant
from backhand.engine.state import Account, Holding, Ledger, State
from backhand.units import E8, E20


class CoinAudit:
    """
    One coin's side of the identity of DESIGN D9, all in e28.

    `residual` is deposits - withdrawals less everything else: 0 in a sound venue.
    """

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.deposits_e28 = 0
        self.withdrawals_e28 = 0
        self.wallets_e28 = 0
        self.fees_e28 = 0
        self.insurance_e28 = 0
        self.house_e28 = 0
        self.clearing_e28 = 0
        self.conversion_e28 = 0
        self.rounding_e28 = 0

    @property
    def residual_e28(self) -> int:
        """What the identity leaves unexplained."""
        explained = self.wallets_e28 + self.fees_e28 + self.insurance_e28 + self.house_e28
        explained += self.clearing_e28 + self.conversion_e28 + self.rounding_e28
        return self.deposits_e28 - self.withdrawals_e28 - explained


class SymbolAudit:
    """Open interest of a symbol, and its clearing account in the quote currency (e20)."""

    def __init__(self, symbol: str, long_lots: int, short_lots: int, clearing_e20: int) -> None:
        self.symbol = symbol
        self.long_lots = long_lots
        self.short_lots = short_lots
        self.clearing_e20 = clearing_e20


class Audit:
    """The venue's books at one sequence number."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.coins: dict[str, CoinAudit] = {}
        self.symbols: dict[str, SymbolAudit] = {}

    def coin(self, coin: str) -> CoinAudit:
        """The sums of a coin, started at zero."""
        sums = self.coins.get(coin)
        if sums is None:
            sums = CoinAudit(coin)
            self.coins[coin] = sums
        return sums


def audit(state: State) -> Audit:
    """
    Sum the whole venue.

    Raises:
        InvariantBroken: a sum that is kept while trading differs from the one computed here.
    """
    result = Audit(state.sequence)
    for market in state.markets.values():
        result.symbols[market.symbol] = SymbolAudit(market.symbol, 0, 0, 0)
        result.coin(market.margin_coin)
    for account in state.accounts.values():
        for ledger in account.ledgers.values():
            sums = result.coin(ledger.coin)
            if account.is_house:
                sums.house_e28 += ledger.wallet_e8 * E20
            else:
                sums.wallets_e28 += ledger.wallet_e8 * E20
            _check_ledger(ledger)
        for holding in account.holdings.values():
            _check_holding(account, holding)
            symbol = result.symbols[holding.market.symbol]
            symbol.long_lots += holding.lots(1)
            symbol.short_lots += holding.lots(-1)
            for side in (1, -1):
                leg = holding.leg(side)
                if leg is not None:
                    symbol.clearing_e20 -= side * leg.lots * holding.market.lot_e8 * leg.average_price_e12
    for market in state.markets.values():
        symbol = result.symbols[market.symbol]
        invariant(market.long_lots == symbol.long_lots, "a symbol's long lots are its positions' sum")
        invariant(market.short_lots == symbol.short_lots, "a symbol's short lots are its positions' sum")
        invariant(symbol.long_lots == symbol.short_lots, "long lots equal short lots of a symbol")
        invariant(market.clearing_e20 == symbol.clearing_e20, "clearing is minus the open positions' cost")
        sums = result.coin(market.margin_coin)
        fees_e28, rounding_e28 = market.fee_sums_e28()
        sums.fees_e28 += fees_e28
        sums.rounding_e28 += rounding_e28
        if not market.inverse:
            sums.clearing_e28 += market.clearing_e20 * E8
    for money in state.coins.values():
        sums = result.coin(money.coin)
        sums.deposits_e28 = money.deposits_e8 * E20
        sums.withdrawals_e28 = money.withdrawals_e8 * E20
        sums.insurance_e28 = money.insurance_e8 * E20
        sums.conversion_e28 = money.conversion_e8 * E20
        sums.rounding_e28 += money.rounding_e28
    for sums in result.coins.values():
        invariant(sums.residual_e28 == 0, "deposits less withdrawals are all accounted for")
    return result


def _check_ledger(ledger: Ledger) -> None:
    locked = 0
    margin = 0
    for holding in ledger.holdings:
        for order in holding.orders.values():
            locked += order.reserve_e8
        for side in (1, -1):
            leg = holding.leg(side)
            if leg is not None:
                margin += leg.margin_e16
    invariant(ledger.locked_e8 == locked, "locked is the sum of the reserves of resting orders")
    invariant(ledger.isolated_margin_e16 == margin, "isolated margin is the sum over legs")


def _check_holding(account: Account, holding: Holding) -> None:
    if account.is_house:
        return
    hedge = account.hedge_mode(holding.market.product_type)
    invariant(hedge or holding.long is None or holding.short is None, "one-way mode holds one leg")
    for side in (1, -1):
        locked = 0
        for order in holding.orders.values():
            if order.reduce_only and order.side == -side:
                locked += order.open_lots
        invariant(locked == holding.locked_lots(side), "locked lots are the closing orders' sum")
        invariant(locked <= holding.lots(side), "closing orders hold at most the leg")
        leg = holding.leg(side)
        invariant(leg is None or leg.lots > 0, "a leg that is held is not empty")
