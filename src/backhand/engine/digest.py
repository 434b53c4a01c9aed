"""A fingerprint of what the venue owes and holds; sequence, clock and counters are left out (DESIGN D13)."""

import hashlib

from backhand.engine.book import BookSide
from backhand.engine.state import Account, Holding, State


def state_digest(state: State) -> str:
    """SHA-256 over a canonical text of contracts, markets, money, accounts, positions and orders."""
    digest = hashlib.sha256()
    switches = f"{state.one_way_size}|{state.maintenance}|{state.position_limit}|{state.one_way_side}"
    switches += f"|{state.locked_size}|{state.short_of_margin}|{state.returned_leg}|{state.when_flat}"
    switches += f"|{state.timestamp_window}"
    digest.update(f"venue|{state.venue_id}|{switches}\n".encode())
    for symbol in sorted(state.markets):
        market = state.markets[symbol]
        digest.update(f"contract|{market.contract!r}\n".encode())
        prices = f"{market.index_price_e12}|{market.mark_price_e12}|{market.last_price_ticks}"
        interest = f"{market.long_lots}|{market.short_lots}|{market.clearing_e20}"
        fees_e28, rounding_e28 = market.fee_sums_e28()
        digest.update(f"market|{symbol}|{prices}|{interest}|{fees_e28}|{rounding_e28}\n".encode())
        _add_side(digest, market.book.bids)
        _add_side(digest, market.book.asks)
    for coin in sorted(state.coins):
        money = state.coins[coin]
        flows = f"{money.deposits_e8}|{money.withdrawals_e8}|{money.insurance_e8}"
        digest.update(f"coin|{coin}|{flows}|{money.conversion_e8}|{money.rounding_e28}\n".encode())
    for uid in sorted(state.accounts):
        _add_account(digest, state.accounts[uid])
    return digest.hexdigest()


def _add_side(digest: "hashlib._Hash", side: BookSide) -> None:
    for key in side.keys:
        order = side.levels[key].first
        while order is not None:
            owner = order.holding.account.uid
            shape = f"{order.side}|{order.hold_side}|{order.reduce_only}|{order.price_ticks}"
            # An order that takes this one's place is judged by them.
            shape += f"|{order.post_only}|{order.stp_mode}"
            sizes = f"{order.size_lots}|{order.open_lots}|{order.reserve_e8}"
            if order.take_profit is not None or order.stop_loss is not None:
                sizes += f"|{order.take_profit!r}|{order.stop_loss!r}|{order.opened_lots}"
            digest.update(f"order|{owner}|{order.order_id}|{order.client_oid}|{shape}|{sizes}\n".encode())
            order = order.after


def _add_account(digest: "hashlib._Hash", account: Account) -> None:
    modes = sorted(account.hedge_modes.items())
    defaults = f"{account.copy_trader}|{account.margin_mode}|{account.leverage}|{account.default_hedge_mode}"
    digest.update(f"account|{account.uid}|{defaults}|{modes}\n".encode())
    for coin in sorted(account.ledgers):
        ledger = account.ledgers[coin]
        # A ledger or holding that was only looked at is no difference.
        if ledger.wallet_e8 or ledger.locked_e8 or ledger.isolated_margin_e16:
            sums = f"{ledger.wallet_e8}|{ledger.locked_e8}|{ledger.isolated_margin_e16}"
            digest.update(f"ledger|{coin}|{sums}\n".encode())
    for symbol in sorted(account.holdings):
        _add_holding(digest, account.holdings[symbol], account)
    for client_oid in sorted(account.client_oids):
        digest.update(f"oid|{client_oid}\n".encode())


def _add_holding(digest: "hashlib._Hash", holding: Holding, account: Account) -> None:
    default_leverage = min(account.leverage, holding.market.contract.leverage_max)
    settings = (
        holding.margin_mode(),
        holding.crossed_leverage,
        holding.long_leverage,
        holding.short_leverage,
    )
    untouched = (account.margin_mode, default_leverage, default_leverage, default_leverage)
    if settings == untouched and holding.is_flat():
        return
    digest.update(f"holding|{holding.market.symbol}|{settings}\n".encode())
    for side in (1, -1):
        leg = holding.leg(side)
        if leg is not None:
            sizes = f"{leg.lots}|{leg.average_price_e12}|{leg.margin_e16}|{leg.opened_lots}|{leg.closed_lots}"
            money = f"{leg.profit_e8}|{leg.open_fee_e8}|{leg.close_fee_e8}|{leg.funding_e8}"
            values = f"{leg.opened_lot_ticks}|{leg.closed_lot_ticks}"
            values += f"|{leg.auto_margin}"
            digest.update(f"leg|{side}|{leg.position_id}|{sizes}|{money}|{values}\n".encode())
    for trigger in holding.triggers.values():
        kind = f"{trigger.kind}|{trigger.side}|{trigger.hold_side}|{trigger.reduce_only}|{trigger.rises}"
        prices = f"{trigger.trigger_price_ticks}|{trigger.by_last}|{trigger.limit_price_ticks}"
        trail = f"{trigger.callback_rate_e8}|{trigger.best_price_e12}|{trigger.position_id}"
        presets = f"{trigger.take_profit!r}|{trigger.stop_loss!r}|{trigger.stp_mode}|{trigger.margin_mode}"
        names = f"{trigger.order_id}|{trigger.client_oid}|{trigger.size_lots}|{trigger.parent_order_id}"
        digest.update(f"trigger|{names}|{kind}|{prices}|{trail}|{presets}\n".encode())
