"""Answers about accounts and positions: balances, settings, position rows."""

import msgspec

from backhand.commands import LONG, MarginMode
from backhand.events import LeverageSet, MarginModeSet, PositionModeSet
from backhand.units import floor_div, format_decimal
from backhand.wire.responses.orders import position_mode_text


class AccountView(msgspec.Struct, frozen=True, gc=False):
    """
    An account's figures in one margin coin: the sums of contracts.md section 6, in 10^-20 of the coin.

    `usdt_equity_e20` and `btc_equity_e20` are the equity in those coins; `crossed_risk_e16` is a ratio.
    """

    margin_coin: str
    locked_e20: int
    available_e20: int
    crossed_max_available_e20: int
    isolated_max_available_e20: int
    max_transfer_out_e20: int
    equity_e20: int
    usdt_equity_e20: int
    btc_equity_e20: int
    crossed_risk_e16: int
    unrealised_e20: int
    crossed_unrealised_e20: int
    isolated_unrealised_e20: int
    crossed_margin_e20: int
    isolated_margin_e20: int


class SymbolSettingsView(msgspec.Struct, frozen=True, gc=False):
    """An account's settings for a symbol."""

    hedge_mode: bool
    margin_mode: MarginMode
    crossed_leverage: int
    isolated_long_leverage: int
    isolated_short_leverage: int


class PositionView(msgspec.Struct, frozen=True, gc=False):
    """
    What a position row is printed from.

    `opening_e8` is the size of pending orders that would open more, `available_e8` what can be closed and
    `locked_e8` what pending closes hold. `liquidation_price_e16` <= 0 means none. `funding_e8` is signed
    (received positive), `fee_e8` trading fees paid (positive). Take-profit and stop-loss are those of the
    whole position, 0 where there is none.
    """

    position_id: int
    symbol: str
    margin_coin: str
    side: int
    hedge_mode: bool
    margin_mode: MarginMode
    leverage: int
    opening_e8: int
    available_e8: int
    locked_e8: int
    margin_e16: int
    profit_e8: int
    average_price_e12: int
    unrealised_e20: int
    liquidation_price_e16: int
    maintenance_rate_e8: int
    mark_price_e12: int
    margin_ratio_e16: int
    break_even_price_e16: int
    funding_e8: int
    fee_e8: int
    auto_margin: bool
    take_profit_id: int
    take_profit_price_e12: int
    stop_loss_id: int
    stop_loss_price_e12: int
    opened_at_ms: int
    updated_at_ms: int


class AccountRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """
    Balances of one margin coin.

    The leverage and mode fields exist in account/account only, where leverages are numbers; the union
    fields exist in account/accounts only.
    """

    margin_coin: str
    locked: str
    available: str
    crossed_max_available: str
    isolated_max_available: str
    max_transfer_out: str
    account_equity: str
    usdt_equity: str
    btc_equity: str
    crossed_risk_rate: str
    crossed_margin_leverage: int | msgspec.UnsetType = msgspec.UNSET
    isolated_long_lever: int | msgspec.UnsetType = msgspec.UNSET
    isolated_short_lever: int | msgspec.UnsetType = msgspec.UNSET
    margin_mode: str | msgspec.UnsetType = msgspec.UNSET
    pos_mode: str | msgspec.UnsetType = msgspec.UNSET
    unrealized_pl: str = msgspec.field(name="unrealizedPL")
    coupon: str = "0"
    crossed_unrealized_pl: str = msgspec.field(name="crossedUnrealizedPL")
    isolated_unrealized_pl: str = msgspec.field(name="isolatedUnrealizedPL")
    grant: str = ""
    isolated_margin: str
    crossed_margin: str
    asset_mode: str = "single"
    union_total_margin: str | msgspec.UnsetType = msgspec.UNSET
    union_available: str | msgspec.UnsetType = msgspec.UNSET
    union_mm: str | msgspec.UnsetType = msgspec.UNSET
    asset_list: list[str] | msgspec.UnsetType = msgspec.UNSET


class PositionRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One leg that is held."""

    symbol: str
    margin_coin: str
    hold_side: str
    open_delegate_size: str
    margin_size: str
    available: str
    locked: str
    total: str
    leverage: str
    achieved_profits: str
    open_price_avg: str
    margin_mode: str
    pos_mode: str
    unrealized_pl: str = msgspec.field(name="unrealizedPL")
    liquidation_price: str
    keep_margin_rate: str
    mark_price: str
    margin_ratio: str
    break_even_price: str
    total_fee: str
    deducted_fee: str
    asset_mode: str = "single"
    auto_margin: str
    take_profit: str
    stop_loss: str
    take_profit_id: str
    stop_loss_id: str
    c_time: str
    u_time: str


class LeverageAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of set-leverage."""

    symbol: str
    margin_coin: str
    long_leverage: str
    short_leverage: str
    cross_margin_leverage: str
    margin_mode: str


class MarginModeAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of set-margin-mode: the leverages that hold in the new mode."""

    symbol: str
    margin_coin: str
    long_leverage: str
    short_leverage: str
    margin_mode: str


class PositionModeAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of set-position-mode."""

    pos_mode: str


def account_row(view: AccountView, settings: SymbolSettingsView) -> AccountRow:
    """Print account/account. Source: bitget-v2/get-single-account; rest-private.md section 3."""
    return msgspec.structs.replace(
        _balances(view),
        crossed_margin_leverage=settings.crossed_leverage,
        isolated_long_lever=settings.isolated_long_leverage,
        isolated_short_lever=settings.isolated_short_leverage,
        margin_mode=settings.margin_mode,
        pos_mode=position_mode_text(int(settings.hedge_mode)),
    )


def accounts_row(view: AccountView) -> AccountRow:
    """Print one row of account/accounts. Source: bitget-v2/get-account-list; clients.md section 8."""
    return msgspec.structs.replace(
        _balances(view),
        union_total_margin="",
        union_available="",
        union_mm="",
        asset_list=[],
    )


def _balances(view: AccountView) -> AccountRow:
    return AccountRow(
        margin_coin=view.margin_coin,
        locked=_coins(view.locked_e20),
        available=_coins(view.available_e20),
        crossed_max_available=_coins(view.crossed_max_available_e20),
        isolated_max_available=_coins(view.isolated_max_available_e20),
        max_transfer_out=_coins(view.max_transfer_out_e20),
        account_equity=_coins(view.equity_e20),
        usdt_equity=_coins(view.usdt_equity_e20),
        btc_equity=_coins(view.btc_equity_e20),
        crossed_risk_rate=format_decimal(view.crossed_risk_e16, 16),
        unrealized_pl=_coins(view.unrealised_e20),
        crossed_unrealized_pl=_coins(view.crossed_unrealised_e20),
        isolated_unrealized_pl=_coins(view.isolated_unrealised_e20),
        isolated_margin=_coins(view.isolated_margin_e20),
        crossed_margin=_coins(view.crossed_margin_e20),
    )


def _coins(amount_e20: int) -> str:
    """
    Print an amount with up to 16 decimals, rounded down.

    Rounding down keeps equity = available + unrealised true as printed: available has 16 decimals.
    """
    return format_decimal(floor_div(amount_e20, 10**4), 16)


def position_row(view: PositionView) -> PositionRow:
    """Print a row of single-position and all-position. Source: rest-private.md section 4."""
    return PositionRow(
        symbol=view.symbol,
        margin_coin=view.margin_coin,
        hold_side="long" if view.side == LONG else "short",
        open_delegate_size=format_decimal(view.opening_e8, 8),
        margin_size=format_decimal(view.margin_e16, 16),
        available=format_decimal(view.available_e8, 8),
        locked=format_decimal(view.locked_e8, 8),
        total=format_decimal(view.available_e8 + view.locked_e8, 8),
        leverage=str(view.leverage),
        achieved_profits=format_decimal(view.profit_e8, 8),
        open_price_avg=format_decimal(view.average_price_e12, 12),
        margin_mode=view.margin_mode,
        pos_mode=position_mode_text(int(view.hedge_mode)),
        unrealized_pl=_coins(view.unrealised_e20),
        liquidation_price=format_decimal(max(view.liquidation_price_e16, 0), 16),
        keep_margin_rate=format_decimal(view.maintenance_rate_e8, 8),
        mark_price=format_decimal(view.mark_price_e12, 12),
        margin_ratio=format_decimal(view.margin_ratio_e16, 16),
        break_even_price=format_decimal(view.break_even_price_e16, 16),
        total_fee=format_decimal(view.funding_e8, 8) if view.funding_e8 else "",
        deducted_fee=format_decimal(view.fee_e8, 8),
        auto_margin="on" if view.auto_margin else "off",
        take_profit=_if_there(view.take_profit_id, format_decimal(view.take_profit_price_e12, 12)),
        stop_loss=_if_there(view.stop_loss_id, format_decimal(view.stop_loss_price_e12, 12)),
        take_profit_id=_if_there(view.take_profit_id, str(view.take_profit_id)),
        stop_loss_id=_if_there(view.stop_loss_id, str(view.stop_loss_id)),
        c_time=str(view.opened_at_ms),
        u_time=str(view.updated_at_ms),
    )


def _if_there(order_id: int, text: str) -> str:
    return text if order_id else ""


def leverage_answer(event: LeverageSet, margin_coin: str) -> LeverageAnswer:
    """Answer set-leverage. Source: bitget-v2/change-leverage."""
    return LeverageAnswer(
        event.symbol,
        margin_coin,
        str(event.isolated_long),
        str(event.isolated_short),
        str(event.crossed),
        event.margin_mode,
    )


def margin_mode_answer(event: MarginModeSet, margin_coin: str) -> MarginModeAnswer:
    """Answer set-margin-mode. Source: bitget-v2/change-margin-mode."""
    isolated = event.margin_mode == "isolated"
    return MarginModeAnswer(
        event.symbol,
        margin_coin,
        str(event.isolated_long if isolated else event.crossed),
        str(event.isolated_short if isolated else event.crossed),
        event.margin_mode,
    )


def position_mode_answer(event: PositionModeSet) -> PositionModeAnswer:
    """Answer set-position-mode. Source: bitget-v2/change-hold-mode."""
    return PositionModeAnswer(position_mode_text(int(event.hedge_mode)))
