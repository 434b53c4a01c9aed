"""Answers about positions that have ended, and about who is deleveraged first."""

from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import LONG, MarginMode
from backhand.units import E8, ceil_div, format_decimal
from backhand.wire.responses.orders import position_mode_text

#: Steps of the deprecated `adlRank`.
RANK_STEPS: Final = 5
RANK_PLACES: Final = 4


class PastPositionView(msgspec.Struct, frozen=True, gc=False):
    """
    What a closed position is printed from.

    Fees are what was charged (positive), funding what was received (positive) or paid.
    """

    position_id: int
    symbol: str
    margin_coin: str
    side: int
    hedge_mode: bool
    margin_mode: MarginMode
    opened_size_e8: int
    closed_size_e8: int
    open_average_price_e12: int
    close_average_price_e12: int
    profit_e8: int
    open_fee_e8: int
    close_fee_e8: int
    funding_e8: int
    opened_at_ms: int
    closed_at_ms: int


class PastPositionRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One closed position; times stand in both spellings that clients read."""

    position_id: str
    symbol: str
    margin_coin: str
    hold_side: str
    pos_mode: str
    open_avg_price: str
    close_avg_price: str
    margin_mode: str
    open_total_pos: str
    close_total_pos: str
    pnl: str
    net_profit: str
    total_funding: str
    open_fee: str
    close_fee: str
    ctime: str
    utime: str
    c_time: str
    u_time: str


class PastPositionPage(msgspec.Struct, frozen=True, gc=False, rename={"rows": "list", "end_id": "endId"}):
    """Answer of position/history-position, newest first; `end_id` is the last row's position id."""

    rows: list[PastPositionRow]
    end_id: str | None


class AdlRankRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """How near the front of its side's queue a leg stands: 1 is deleveraged first."""

    symbol: str
    margin_coin: str
    adl_rank: str
    rank: str
    hold_side: str


def past_positions_page(views: Sequence[PastPositionView]) -> PastPositionPage:
    """Print a page of closed positions. Source: bitget-v2/get-history-position; rest-private.md section 4."""
    return PastPositionPage(
        [_past_position_row(view) for view in views], str(views[-1].position_id) if views else None
    )


def _past_position_row(view: PastPositionView) -> PastPositionRow:
    net_e8 = view.profit_e8 + view.funding_e8 - view.open_fee_e8 - view.close_fee_e8
    opened, closed = str(view.opened_at_ms), str(view.closed_at_ms)
    return PastPositionRow(
        position_id=str(view.position_id),
        symbol=view.symbol,
        margin_coin=view.margin_coin,
        hold_side="long" if view.side == LONG else "short",
        pos_mode=position_mode_text(int(view.hedge_mode)),
        open_avg_price=format_decimal(view.open_average_price_e12, 12),
        close_avg_price=format_decimal(view.close_average_price_e12, 12),
        margin_mode=view.margin_mode,
        open_total_pos=format_decimal(view.opened_size_e8, 8),
        close_total_pos=format_decimal(view.closed_size_e8, 8),
        pnl=format_decimal(view.profit_e8, 8),
        net_profit=format_decimal(net_e8, 8),
        total_funding=format_decimal(view.funding_e8, 8),
        open_fee=format_decimal(-view.open_fee_e8, 8),
        close_fee=format_decimal(-view.close_fee_e8, 8),
        ctime=opened,
        utime=closed,
        c_time=opened,
        u_time=closed,
    )


def adl_rank_row(symbol: str, margin_coin: str, side: int, place: int, legs: int) -> AdlRankRow:
    """
    Print where a leg stands, `place` 0 first, among the `legs` of its side.

    The rank is the share of legs that are not before it. Source: bitget-v2/adl-rank.
    """
    rank_e8 = (legs - place) * E8 // legs
    return AdlRankRow(
        symbol,
        margin_coin,
        str(ceil_div(rank_e8 * RANK_STEPS, E8)),
        format_decimal(rank_e8 // 10 ** (8 - RANK_PLACES), RANK_PLACES),
        "long" if side == LONG else "short",
    )
