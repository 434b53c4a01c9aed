"""Rows of the private channels about money and positions: account, equity, positions, positions-history."""

import msgspec

from backhand.commands import LONG, MarginMode
from backhand.units import E8, floor_div, format_decimal
from backhand.wire.responses.accounts import AccountView, PositionView, accounts_row, position_row
from backhand.wire.responses.orders import position_mode_text


class EquityView(msgspec.Struct, frozen=True, gc=False):
    """An account's equity in a product type, over its margin coins, in 10^-20 of each currency."""

    btc_equity_e20: int
    usdt_equity_e20: int
    usdt_unrealised_e20: int


class ClosedPositionView(msgspec.Struct, frozen=True, gc=False):
    """What a row of `positions-history` is printed from; fees are what was charged (positive)."""

    position_id: int
    symbol: str
    margin_coin: str
    margin_mode: MarginMode
    side: int
    hedge_mode: bool
    open_average_price_e12: int
    close_average_price_e12: int
    opened_size_e8: int
    closed_size_e8: int
    profit_e8: int
    funding_e8: int
    open_fee_e8: int
    close_fee_e8: int
    opened_at_ms: int
    closed_at_ms: int


class AccountPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Balances of one margin coin."""

    margin_coin: str
    frozen: str
    available: str
    max_open_pos_available: str
    max_transfer_out: str
    equity: str
    usdt_equity: str
    crossed_risk_rate: str
    unrealized_pl: str = msgspec.field(name="unrealizedPL")
    union_total_margin: str = ""
    union_available: str = ""
    union_mm: str = ""
    assets_mode: str = "single"


class EquityPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Equity of one product type."""

    btc_equity: str
    usdt_equity: str
    unrealized_pl: str = msgspec.field(name="unrealizedPL")
    usdt_unrealized: str
    union_total_margin: str = ""
    union_available: str = ""
    union_mm: str = ""


class PositionPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One leg that is held. Some names differ from REST's, and leverage is a number."""

    pos_id: str
    inst_id: str
    margin_coin: str
    margin_size: str
    margin_mode: str
    hold_side: str
    pos_mode: str
    total: str
    available: str
    frozen: str
    open_price_avg: str
    leverage: int
    achieved_profits: str
    unrealized_pl: str = msgspec.field(name="unrealizedPL")
    unrealized_plr: str = msgspec.field(name="unrealizedPLR")
    liquidation_price: str
    keep_margin_rate: str
    isolated_margin_rate: str | msgspec.UnsetType = msgspec.UNSET
    margin_rate: str
    break_even_price: str
    total_fee: str
    deducted_fee: str
    mark_price: str
    asset_mode: str = "single"
    auto_margin: str
    c_time: str
    u_time: str


class ClosedPositionPush(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One position that has ended."""

    pos_id: str
    inst_id: str
    margin_coin: str
    margin_mode: str
    hold_side: str
    pos_mode: str
    open_price_avg: str
    close_price_avg: str
    open_size: str
    close_size: str
    achieved_profits: str
    settle_fee: str
    open_fee: str
    close_fee: str
    c_time: str
    u_time: str


def account_push(view: AccountView) -> AccountPush:
    """Print a row of `account`. Source: websocket.md section 7."""
    row = accounts_row(view)
    return AccountPush(
        margin_coin=row.margin_coin,
        frozen=row.locked,
        available=row.available,
        max_open_pos_available=row.crossed_max_available,
        max_transfer_out=row.max_transfer_out,
        equity=row.account_equity,
        usdt_equity=row.usdt_equity,
        crossed_risk_rate=row.crossed_risk_rate,
        unrealized_pl=row.unrealized_pl,
    )


def equity_push(view: EquityView) -> EquityPush:
    """Print the row of `equity`."""
    unrealised = format_decimal(floor_div(view.usdt_unrealised_e20, 10**4), 16)
    return EquityPush(
        btc_equity=format_decimal(floor_div(view.btc_equity_e20, 10**4), 16),
        usdt_equity=format_decimal(floor_div(view.usdt_equity_e20, 10**4), 16),
        unrealized_pl=unrealised,
        usdt_unrealized=unrealised,
    )


def position_push(view: PositionView) -> PositionPush:
    """Print a row of `positions`; the ratio of profit to margin has 8 decimals, rounded down."""
    row = position_row(view)
    margin_e20 = view.margin_e16 * 10**4
    profit_rate_e8 = floor_div(view.unrealised_e20 * E8, margin_e20) if margin_e20 else 0
    isolated = view.margin_mode == "isolated"
    return PositionPush(
        pos_id=str(view.position_id),
        inst_id=row.symbol,
        margin_coin=row.margin_coin,
        margin_size=row.margin_size,
        margin_mode=row.margin_mode,
        hold_side=row.hold_side,
        pos_mode=row.pos_mode,
        total=row.total,
        available=row.available,
        frozen=row.locked,
        open_price_avg=row.open_price_avg,
        leverage=view.leverage,
        achieved_profits=row.achieved_profits,
        unrealized_pl=row.unrealized_pl,
        unrealized_plr=format_decimal(profit_rate_e8, 8),
        liquidation_price=row.liquidation_price,
        keep_margin_rate=row.keep_margin_rate,
        isolated_margin_rate=row.margin_ratio if isolated else msgspec.UNSET,
        margin_rate=row.margin_ratio,
        break_even_price=row.break_even_price,
        total_fee=row.total_fee,
        deducted_fee=row.deducted_fee,
        mark_price=row.mark_price,
        auto_margin=row.auto_margin,
        c_time=row.c_time,
        u_time=row.u_time,
    )


def closed_position_push(view: ClosedPositionView) -> ClosedPositionPush:
    """Print a row of `positions-history`; here isolated margin is called `fixed`, and fees are negative."""
    return ClosedPositionPush(
        pos_id=str(view.position_id),
        inst_id=view.symbol,
        margin_coin=view.margin_coin,
        margin_mode="fixed" if view.margin_mode == "isolated" else "crossed",
        hold_side="long" if view.side == LONG else "short",
        pos_mode=position_mode_text(int(view.hedge_mode)),
        open_price_avg=format_decimal(view.open_average_price_e12, 12),
        close_price_avg=format_decimal(view.close_average_price_e12, 12),
        open_size=format_decimal(view.opened_size_e8, 8),
        close_size=format_decimal(view.closed_size_e8, 8),
        achieved_profits=format_decimal(view.profit_e8, 8),
        settle_fee=format_decimal(view.funding_e8, 8),
        open_fee=format_decimal(-view.open_fee_e8, 8),
        close_fee=format_decimal(-view.close_fee_e8, 8),
        c_time=str(view.opened_at_ms),
        u_time=str(view.closed_at_ms),
    )
