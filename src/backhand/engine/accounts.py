"""Accounts, keys, money in and out, and the settings of contracts.md section 12."""

from backhand.commands import OpenAccount, OpenKey, SetLeverage, SetMarginMode, SetPositionMode, Transfer
from backhand.engine.margin import crossed_sums, initial_margin_e20, leverage_allowed, value_e20
from backhand.engine.orders import margin_mode_set, refuse
from backhand.engine.state import Account, Holding, Key, Ledger, State
from backhand.events import (
    AccountOpened,
    Event,
    KeyOpened,
    LeverageSet,
    PositionModeSet,
    RejectReason,
    Transferred,
)
from backhand.units import E12, ceil_div, format_decimal


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
    ledger = account.ledger(command.coin)
    if amount < 0:
        out_max = isolated_available_e20(ledger) // E12
        if -amount > out_max:
            return refuse(events, RejectReason.INSUFFICIENT_FUNDS, format_decimal(out_max, 8))
    ledger.wallet_e8 += amount
    money = state.coin(command.coin)
    if amount > 0:
        money.deposits_e8 += amount
    else:
        money.withdrawals_e8 -= amount
    events.append(Transferred(account.uid, command.coin, amount, ledger.wallet_e8))
    return None


def isolated_available_e20(ledger: Ledger) -> int:
    """The most that may leave a ledger or go into an isolated position (contracts.md section 6)."""
    initial, _, unrealised = crossed_sums(ledger, None)
    spare = ledger.wallet_e8 * E12 - ledger.isolated_margin_e16 * 10**4 - ledger.locked_e8 * E12
    return max(0, spare - initial + min(0, unrealised))


def set_leverage(state: State, command: SetLeverage, events: list[Event]) -> None:
    """
    Set leverages of a symbol (contracts.md section 12); setting what is set succeeds.

    Refusals, first that applies: unknown account or symbol, no value, hedged isolated without a side,
    out of the contract's range, open orders on the symbol, more than the tier allows, too little margin.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    holding = account.holding(market)
    crossed, long, short = holding.crossed_leverage, holding.long_leverage, holding.short_leverage
    either = command.long_leverage if command.long_leverage is not None else command.short_leverage
    if either is None and command.leverage is None:
        return refuse(events, RejectReason.LEVERAGE_MISSING)
    if not holding.isolated:
        crossed = either if either is not None else command.leverage or 0
    elif either is not None:
        long = long if command.long_leverage is None else command.long_leverage
        short = short if command.short_leverage is None else command.short_leverage
    elif not account.hedge_mode(market.product_type):
        long = short = command.leverage or 0
    elif command.hold_side is None:
        return refuse(events, RejectReason.LEVERAGE_SIDE_MISSING)
    elif command.hold_side > 0:
        long = command.leverage or 0
    else:
        short = command.leverage or 0
    before = (holding.crossed_leverage, holding.long_leverage, holding.short_leverage)
    for leverage, kept in zip((crossed, long, short), before, strict=True):
        # What is not being changed may be outside a range that the contract got later.
        in_range = market.contract.leverage_min <= leverage <= market.contract.leverage_max
        if leverage != kept and not in_range:
            return refuse(events, RejectReason.LEVERAGE_OUT_OF_RANGE, str(leverage))
    if (crossed, long, short) != before:
        if holding.orders:
            return refuse(events, RejectReason.LEVERAGE_ORDERS_OPEN, market.symbol)
        reason = _relever(holding, crossed, long, short)
        if reason is not None:
            return refuse(events, reason)
    account.keep(holding)
    events.append(
        LeverageSet(
            account.uid,
            market.symbol,
            "isolated" if holding.isolated else "crossed",
            holding.crossed_leverage,
            holding.long_leverage,
            holding.short_leverage,
        )
    )
    return None


def _relever(holding: Holding, crossed: int, long: int, short: int) -> RejectReason | None:
    """Change leverages, drawing what isolated legs are missing from the account; or say why not."""
    market = holding.market
    mark = market.mark_price_e12
    if not holding.isolated:
        lots = holding.lots(1) + holding.lots(-1)
        if lots and crossed > leverage_allowed(market, value_e20(market, lots, mark)):
            return RejectReason.LEVERAGE_OUT_OF_RANGE
        larger = max(holding.lots(1), holding.lots(-1))
        if larger and crossed < holding.crossed_leverage:
            more = initial_margin_e20(market, larger, mark, crossed)
            more -= initial_margin_e20(market, larger, mark, holding.crossed_leverage)
            initial, _, unrealised = crossed_sums(holding.ledger, None)
            ledger = holding.ledger
            spare = ledger.wallet_e8 * E12 - ledger.isolated_margin_e16 * 10**4 - ledger.locked_e8 * E12
            if more > spare - initial + unrealised:
                return RejectReason.LEVERAGE_MARGIN_MISSING
        holding.crossed_leverage = crossed
        return None
    missing_long = _missing_margin_e16(holding, 1, long)
    missing_short = _missing_margin_e16(holding, -1, short)
    for side, leverage in ((1, long), (-1, short)):
        lots = holding.lots(side)
        if lots and leverage > leverage_allowed(market, value_e20(market, lots, mark)):
            return RejectReason.LEVERAGE_OUT_OF_RANGE
    if (missing_long + missing_short) * 10**4 > isolated_available_e20(holding.ledger):
        return RejectReason.LEVERAGE_MARGIN_MISSING
    if holding.long is not None:
        holding.long.margin_e16 += missing_long
    if holding.short is not None:
        holding.short.margin_e16 += missing_short
    holding.ledger.isolated_margin_e16 += missing_long + missing_short
    holding.long_leverage = long
    holding.short_leverage = short
    return None


def _missing_margin_e16(holding: Holding, side: int, leverage: int) -> int:
    """What a leg's margin lacks to V at entry / L; raising leverage leaves a surplus where it is."""
    leg = holding.leg(side)
    if leg is None or leverage >= holding.leverage(side):
        return 0
    needed = initial_margin_e20(holding.market, leg.lots, leg.average_price_e12, leverage)
    return max(0, ceil_div(needed, 10**4) - leg.margin_e16)


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
