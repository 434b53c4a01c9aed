"""Accounts, keys, money in and out, and the settings of contracts.md section 12."""

from backhand.commands import OpenAccount, OpenKey, SetMarginMode, SetPositionMode, Transfer
from backhand.engine.fills import touch
from backhand.engine.margin import ledger_isolated_max_available_e20
from backhand.engine.orders import margin_mode_set
from backhand.engine.refusals import refuse
from backhand.engine.state import Account, Key, State
from backhand.events import (
    AccountOpened,
    Event,
    KeyOpened,
    PositionModeSet,
    RejectReason,
    Transferred,
)
from backhand.units import E12, format_decimal


def open_account(state: State, command: OpenAccount, events: list[Event]) -> None:
    """Open an account with its defaults."""
    if command.uid in state.accounts:
        return refuse(events, RejectReason.ACCOUNT_EXISTS, command.uid)
    if command.leverage < 1:
        return refuse(events, RejectReason.LEVERAGE_OUT_OF_RANGE, str(command.leverage))
    account = Account(
        command.uid, command.copy_trader, command.hedge_mode, command.margin_mode, command.leverage
    )
    state.accounts[command.uid] = account
    events.append(
        AccountOpened(
            command.uid, command.copy_trader, command.hedge_mode, command.margin_mode, command.leverage
        )
    )
    return None


def open_key(state: State, command: OpenKey, events: list[Event]) -> None:
    """Give an account a further API key."""
    if state.client(command.uid) is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if command.api_key in state.keys:
        return refuse(events, RejectReason.KEY_EXISTS, command.api_key)
    state.keys[command.api_key] = Key(
        command.uid, command.api_key, command.sealed_secret, command.passphrase_hash, command.permissions
    )
    events.append(KeyOpened(command.uid, command.api_key, command.permissions))
    return None


def transfer(state: State, command: Transfer, events: list[Event]) -> None:
    """Deposit, or withdraw at most what contracts.md section 6 calls maxTransferOut."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if not any(market.margin_coin == command.coin for market in state.markets.values()):
        return refuse(events, RejectReason.UNKNOWN_COIN, command.coin)
    amount = command.amount_e8
    if amount == 0:
        return refuse(events, RejectReason.INVALID_AMOUNT, "0")
    if amount < 0:
        known = account.ledgers.get(command.coin)
        out_max = 0 if known is None else ledger_isolated_max_available_e20(known) // E12
        if -amount > out_max:
            return refuse(events, RejectReason.INSUFFICIENT_FUNDS, format_decimal(out_max, 8))
    ledger = account.ledger(command.coin)
    ledger.wallet_e8 += amount
    for holding in ledger.holdings:
        if holding.long is not None or holding.short is not None:
            touch(state, holding)
    money = state.coin(command.coin)
    if amount > 0:
        money.deposits_e8 += amount
    else:
        money.withdrawals_e8 -= amount
    events.append(Transferred(account.uid, command.coin, amount, ledger.wallet_e8))
    return None


def set_margin_mode(state: State, command: SetMarginMode, events: list[Event]) -> None:
    """Set crossed or isolated margin of a symbol; only while flat and without orders there."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    holding = account.holding(market)
    isolated = command.margin_mode == "isolated"
    if isolated != holding.isolated:
        if not holding.is_flat():
            return refuse(events, RejectReason.MARGIN_MODE_BUSY, market.symbol)
        holding.isolated = isolated
    account.keep(holding)
    events.append(margin_mode_set(holding))
    return None


def set_position_mode(state: State, command: SetPositionMode, events: list[Event]) -> None:
    """Set one-way or hedge mode of a product type; only while flat and without orders there."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if not any(market.product_type == command.product_type for market in state.markets.values()):
        return refuse(events, RejectReason.UNKNOWN_PRODUCT_TYPE, command.product_type)
    if command.hedge_mode != account.hedge_mode(command.product_type):
        for holding in account.holdings.values():
            if holding.market.product_type == command.product_type and not holding.is_flat():
                return refuse(events, RejectReason.POSITION_MODE_BUSY, holding.market.symbol)
        account.hedge_modes[command.product_type] = command.hedge_mode
    events.append(PositionModeSet(account.uid, command.product_type, command.hedge_mode))
    return None
