"""What the operator sees of the state: one account, and the books of the whole venue, ready for JSON."""

from typing import Any

from backhand.commands import MarginMode, OpenAccount
from backhand.engine import State
from backhand.engine.audit import CoinAudit, audit
from backhand.engine.book import Order
from backhand.engine.digest import state_digest
from backhand.engine.figures import AccountFigures, PositionFigures, account_figures, positions_of
from backhand.engine.market import Market
from backhand.units import format_decimal


def opening_of(state: State, uid: str) -> OpenAccount | None:
    """The command that would open an account as it was opened; None when there is no such account."""
    account = state.accounts.get(uid)
    if account is None:
        return None
    margin_mode: MarginMode = "isolated" if account.margin_mode == "isolated" else "crossed"
    return OpenAccount(uid, account.copy_trader, account.default_hedge_mode, margin_mode, account.leverage)


def account_json(state: State, uid: str) -> dict[str, Any] | None:
    """Balances, positions and open orders as the engine holds them; None when there is no such account."""
    account = state.accounts.get(uid)
    if account is None:
        return None
    product_types = dict.fromkeys(market.product_type for market in state.markets.values())
    return {
        "uid": uid,
        "copyTrader": account.copy_trader,
        "positionModes": {
            product_type: "hedge_mode" if account.hedge_mode(product_type) else "one_way_mode"
            for product_type in product_types
        },
        "balances": {coin: _balance_json(account_figures(account, coin)) for coin in account.ledgers},
        "positions": [
            _position_json(figures)
            for product_type in product_types
            for figures in positions_of(state, uid, product_type, None)
        ],
        "openOrders": [
            _order_json(holding.market, order)
            for holding in account.holdings.values()
            for order in holding.orders.values()
        ],
    }


def audit_json(state: State) -> dict[str, Any]:
    """
    The venue's books at one sequence.

    Raises:
        InvariantBroken: they do not balance.
    """
    books = audit(state)
    return {
        "sequence": books.sequence,
        "digest": state_digest(state),
        "coins": {coin: _coin_json(sums) for coin, sums in books.coins.items()},
        "symbols": {
            symbol: {"longLots": sums.long_lots, "shortLots": sums.short_lots}
            for symbol, sums in books.symbols.items()
        },
    }


def _coin_json(sums: CoinAudit) -> dict[str, str]:
    return {
        "deposits": format_decimal(sums.deposits_e28, 28),
        "withdrawals": format_decimal(sums.withdrawals_e28, 28),
        "wallets": format_decimal(sums.wallets_e28, 28),
        "fees": format_decimal(sums.fees_e28, 28),
        "insurance": format_decimal(sums.insurance_e28, 28),
        "house": format_decimal(sums.house_e28, 28),
        "clearing": format_decimal(sums.clearing_e28, 28),
        "conversion": format_decimal(sums.conversion_e28, 28),
        "rounding": format_decimal(sums.rounding_e28, 28),
        "residual": format_decimal(sums.residual_e28, 28),
    }


def _balance_json(figures: AccountFigures) -> dict[str, str]:
    return {
        "wallet": format_decimal(figures.wallet_e8, 8),
        "locked": format_decimal(figures.locked_e8, 8),
        "available": format_decimal(figures.available_e20, 20),
        "equity": format_decimal(figures.equity_e20, 20),
        "unrealised": format_decimal(figures.unrealised_e20, 20),
    }


def _position_json(figures: PositionFigures) -> dict[str, str]:
    return {
        "positionId": str(figures.position_id),
        "symbol": figures.symbol,
        "side": "long" if figures.side > 0 else "short",
        "marginMode": "isolated" if figures.isolated else "crossed",
        "leverage": str(figures.leverage),
        "size": format_decimal(figures.total_lots * figures.lot_e8, 8),
        "locked": format_decimal(figures.locked_lots * figures.lot_e8, 8),
        "averagePrice": format_decimal(figures.average_price_e12, 12),
        "markPrice": format_decimal(figures.mark_price_e12, 12),
        "margin": format_decimal(figures.margin_e16, 16),
        "unrealised": format_decimal(figures.unrealised_e20, 20),
    }


def _order_json(market: Market, order: Order) -> dict[str, str | bool]:
    return {
        "orderId": str(order.order_id),
        "clientOid": order.client_oid,
        "symbol": market.symbol,
        "side": "buy" if order.side > 0 else "sell",
        "reduceOnly": order.reduce_only,
        "price": format_decimal(order.price_ticks * market.tick_e12, 12),
        "size": format_decimal(order.size_lots * market.lot_e8, 8),
        "open": format_decimal(order.open_lots * market.lot_e8, 8),
        "reserve": format_decimal(order.reserve_e8, 8),
    }
