"""
What anybody may read beyond contracts, tickers and books.

Each declaration is what `endpoints` makes an endpoint of: path, calls per second, form, parser, answer.
"""

from collections.abc import Callable
from types import GenericAlias
from typing import Final

from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form
from backhand.wire.requests import market_figures as figures
from backhand.wire.requests import market_history as history
from backhand.wire.requests import markets
from backhand.wire.responses.market_figures import (
    FundingRateRow,
    FundingTimeRow,
    OpenInterestAnswer,
    OpenInterestLimitRow,
    SymbolPriceRow,
    TierRow,
    UnionRatesAnswer,
    VipFeeRow,
)
from backhand.wire.responses.market_history import CandleAnswer, FundingHistoryRow, TradeRow
from backhand.wire.responses.markets import DepthAnswer

#: What these endpoints ask.
MarketRead = (
    figures.TiersQuery
    | figures.SymbolPriceQuery
    | figures.OpenInterestQuery
    | figures.FundingTimeQuery
    | figures.FundingRateQuery
    | figures.OpenInterestLimitQuery
    | figures.VipFeesQuery
    | figures.UnionRatesQuery
    | history.RecentTradesQuery
    | history.TradesQuery
    | history.CandlesQuery
    | history.FundingHistoryQuery
    | markets.DepthQuery
    | markets.EmptyListQuery
)

_Declared = tuple[str, int, type[Form], Callable[[Call], MarketRead | Refusal], type | GenericAlias]

_MARKET: Final = "/api/v2/mix/market"

MARKET_READS: Final[tuple[_Declared, ...]] = (
    (
        "/api/v2/public/annoucements",  # The exchange's spelling.
        20,
        figures.AnnouncementsForm,
        figures.parse_announcements,
        list[str],
    ),
    (f"{_MARKET}/query-position-lever", 10, markets.MarketForm, figures.parse_tiers, list[TierRow]),
    (f"{_MARKET}/orderbook", 20, markets.DepthForm, markets.parse_depth, DepthAnswer),
    (f"{_MARKET}/fills", 20, history.RecentTradesForm, history.parse_recent_trades, list[TradeRow]),
    (f"{_MARKET}/fills-history", 10, history.TradesForm, history.parse_trades, list[TradeRow]),
    (f"{_MARKET}/candles", 20, history.CandlesForm, history.parse_candles, list[CandleAnswer]),
    (f"{_MARKET}/history-candles", 20, history.CandlesForm, history.parse_past_candles, list[CandleAnswer]),
    (
        f"{_MARKET}/history-index-candles",
        20,
        history.CandlesForm,
        history.parse_past_index_candles,
        list[CandleAnswer],
    ),
    (
        f"{_MARKET}/history-mark-candles",
        20,
        history.CandlesForm,
        history.parse_past_mark_candles,
        list[CandleAnswer],
    ),
    (f"{_MARKET}/symbol-price", 20, markets.MarketForm, figures.parse_symbol_price, list[SymbolPriceRow]),
    (f"{_MARKET}/open-interest", 20, markets.MarketForm, figures.parse_open_interest, OpenInterestAnswer),
    (f"{_MARKET}/funding-time", 20, markets.MarketForm, figures.parse_funding_time, list[FundingTimeRow]),
    (
        f"{_MARKET}/current-fund-rate",
        20,
        markets.MarketForm,
        figures.parse_funding_rate,
        list[FundingRateRow],
    ),
    (
        f"{_MARKET}/history-fund-rate",
        20,
        history.FundingHistoryForm,
        history.parse_funding_history,
        list[FundingHistoryRow],
    ),
    (
        f"{_MARKET}/oi-limit",
        10,
        markets.MarketForm,
        figures.parse_open_interest_limit,
        list[OpenInterestLimitRow],
    ),
    (f"{_MARKET}/exchange-rate", 5, markets.NoForm, markets.parse_empty_list, list[str]),
    (f"{_MARKET}/discount-rate", 5, markets.NoForm, markets.parse_empty_list, list[str]),
    (
        f"{_MARKET}/union-interest-rate-history",
        5,
        figures.CoinForm,
        figures.parse_union_rates,
        UnionRatesAnswer,
    ),
    (f"{_MARKET}/vip-fee-rate", 10, markets.NoForm, figures.parse_vip_fees, list[VipFeeRow]),
)
