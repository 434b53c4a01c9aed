"""What anybody may ask: time, contracts, tickers, books, and the past of every symbol."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from backhand.engine import State
from backhand.engine.market import Market
from backhand.engine.prices import next_funding_ms
from backhand.history import CandleFilter, TradeFilter
from backhand.node import Node
from backhand.projections.candles import without_gaps
from backhand.projections.intervals import INTERVALS
from backhand.projections.tickers import TickersFold
from backhand.serving.directory import Directory
from backhand.views import ticker_view
from backhand.wire.requests import market_figures, market_history, markets
from backhand.wire.responses.market_figures import (
    VIP_FEES,
    FundingRateRow,
    FundingTimeRow,
    OpenInterestAnswer,
    OpenInterestLimitRow,
    SymbolPriceRow,
    TierRow,
    UnionRatesAnswer,
    VipFeeRow,
    funding_rate_row,
    funding_time_row,
    open_interest_answer,
    open_interest_limit_row,
    symbol_price_row,
    tier_rows,
    union_rates_answer,
)
from backhand.wire.responses.market_history import (
    CandleAnswer,
    FundingHistoryRow,
    TradeRow,
    candle_answer,
    funding_history_row,
    trade_row,
)
from backhand.wire.responses.markets import (
    ContractRow,
    DepthAnswer,
    ServerTime,
    TickerRow,
    contract_row,
    depth_answer,
    server_time,
    ticker_row,
)

#: Levels a side that a merged book is made from; more than any ladder of the house has.
BOOK_LEVELS_MAX: Final = 1_000
_INTEGER_MAX: Final = 2**63 - 1


class MarketReads:
    """Answers public queries; one method per kind of query."""

    def __init__(self, node: Node, directory: Directory, tickers: TickersFold) -> None:
        self._node = node
        self._directory = directory
        self._tickers = tickers
        self.methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            markets.ServerTimeQuery: self._server_time,
            markets.EmptyListQuery: self._empty_list,
            markets.ContractsQuery: self._contracts,
            markets.TickerQuery: self._ticker,
            markets.TickersQuery: self._all_tickers,
            markets.DepthQuery: self._depth,
            market_figures.TiersQuery: self._tiers,
            market_figures.SymbolPriceQuery: self._symbol_price,
            market_figures.OpenInterestQuery: self._open_interest,
            market_figures.FundingTimeQuery: self._funding_time,
            market_figures.FundingRateQuery: self._funding_rate,
            market_figures.OpenInterestLimitQuery: self._open_interest_limit,
            market_figures.VipFeesQuery: self._vip_fees,
            market_figures.UnionRatesQuery: self._union_rates,
            market_history.RecentTradesQuery: self._recent_trades,
            market_history.TradesQuery: self._trades,
            market_history.CandlesQuery: self._candles,
            market_history.FundingHistoryQuery: self._funding_history,
        }

    # Contracts, tickers, books.

    async def _server_time(self, _uid: str, _query: markets.ServerTimeQuery) -> ServerTime:
        return server_time(self._node.clock.now_ms())

    async def _empty_list(self, _uid: str, _query: markets.EmptyListQuery) -> list[str]:
        return []

    async def _contracts(self, _uid: str, query: markets.ContractsQuery) -> list[ContractRow]:
        return [
            contract_row(contract)
            for contract in self._directory.contracts.values()
            if contract.product_type == query.product_type and query.symbol in (None, contract.symbol)
        ]

    async def _tiers(self, _uid: str, query: market_figures.TiersQuery) -> list[TierRow]:
        return tier_rows(self._directory.contracts[query.symbol])

    async def _ticker(self, _uid: str, query: markets.TickerQuery) -> list[TickerRow]:
        return await self._node.read(lambda state: self._ticker_rows([state.markets[query.symbol]]))

    async def _all_tickers(self, _uid: str, query: markets.TickersQuery) -> list[TickerRow]:
        return await self._node.read(
            lambda state: self._ticker_rows(_markets(state, query.product_type, None))
        )

    def _ticker_rows(self, found: list[Market]) -> list[TickerRow]:
        tickers = ((market, self._tickers.ticker(market.symbol)) for market in found)
        return [ticker_row(ticker_view(market, ticker)) for market, ticker in tickers if ticker is not None]

    async def _depth(self, _uid: str, query: markets.DepthQuery) -> DepthAnswer:
        def read(state: State) -> DepthAnswer:
            market = state.markets[query.symbol]
            levels_max = BOOK_LEVELS_MAX if query.merged_digits else query.levels_max
            bids, asks = market.depth(levels_max)
            return depth_answer(
                market.contract, bids, asks, query.merged_digits, query.levels_max, state.time_ms
            )

        return await self._node.read(read)

    # Prices, open interest, funding, fees.

    async def _symbol_price(self, _uid: str, query: market_figures.SymbolPriceQuery) -> list[SymbolPriceRow]:
        def read(state: State) -> list[SymbolPriceRow]:
            market = state.markets[query.symbol]
            last_e12 = market.last_price_ticks * market.tick_e12
            prices = (last_e12, market.index_price_e12, market.mark_price_e12)
            return [symbol_price_row(market.contract, *prices, state.time_ms)]

        return await self._node.read(read)

    async def _open_interest(self, _uid: str, query: market_figures.OpenInterestQuery) -> OpenInterestAnswer:
        def read(state: State) -> OpenInterestAnswer:
            market = state.markets[query.symbol]
            return open_interest_answer(market.symbol, market.long_lots * market.lot_e8, state.time_ms)

        return await self._node.read(read)

    async def _funding_time(self, _uid: str, query: market_figures.FundingTimeQuery) -> list[FundingTimeRow]:
        def read(state: State) -> list[FundingTimeRow]:
            market = state.markets[query.symbol]
            return [funding_time_row(market.contract, self._next_funding_ms(market))]

        return await self._node.read(read)

    async def _funding_rate(self, _uid: str, query: market_figures.FundingRateQuery) -> list[FundingRateRow]:
        def read(state: State) -> list[FundingRateRow]:
            return [
                funding_rate_row(market.contract, market.funding_rate_e8, self._next_funding_ms(market))
                for market in _markets(state, query.product_type, query.symbol)
            ]

        return await self._node.read(read)

    def _next_funding_ms(self, market: Market) -> int:
        """The engine's instant; before the first price, which sets it, the one that it would set."""
        return market.next_funding_ms or next_funding_ms(market, self._node.clock.now_ms())

    async def _funding_history(
        self, _uid: str, query: market_history.FundingHistoryQuery
    ) -> list[FundingHistoryRow]:
        skipped = (query.page - 1) * query.page_rows
        rows = await self._node.history.funding(query.symbol, skipped, query.page_rows)
        return [funding_history_row(row.symbol, row.rate_e8, row.funding_ms) for row in rows]

    async def _open_interest_limit(
        self, _uid: str, query: market_figures.OpenInterestLimitQuery
    ) -> list[OpenInterestLimitRow]:
        return [
            open_interest_limit_row(contract)
            for contract in self._directory.contracts.values()
            if contract.product_type == query.product_type and query.symbol in (None, contract.symbol)
        ]

    async def _vip_fees(self, _uid: str, _query: market_figures.VipFeesQuery) -> tuple[VipFeeRow, ...]:
        return VIP_FEES

    async def _union_rates(self, _uid: str, query: market_figures.UnionRatesQuery) -> UnionRatesAnswer:
        return union_rates_answer(query.coin)

    # The past.

    async def _recent_trades(self, _uid: str, query: market_history.RecentTradesQuery) -> list[TradeRow]:
        return await self._trade_rows(TradeFilter(symbol=query.symbol, limit=query.limit))

    async def _trades(self, _uid: str, query: market_history.TradesQuery) -> list[TradeRow]:
        return await self._trade_rows(
            TradeFilter(
                symbol=query.symbol,
                start_ms=query.start_ms or 0,
                end_ms=_INTEGER_MAX if query.end_ms is None else query.end_ms,
                id_less_than=_INTEGER_MAX if query.id_less_than is None else query.id_less_than,
                limit=query.limit,
            )
        )

    async def _trade_rows(self, wanted: TradeFilter) -> list[TradeRow]:
        rows = await self._node.history.public_trades(wanted)
        contract = self._directory.contracts[wanted.symbol]
        return [
            trade_row(contract, row.trade_id, row.side, row.price_e12, row.size_e8, row.created_at_ms)
            for row in rows
        ]

    async def _candles(self, _uid: str, query: market_history.CandlesQuery) -> list[CandleAnswer]:
        interval = INTERVALS[query.granularity]
        # The last candle wanted: the one that now is in, the one before it, or one further back.
        now_open_ms = interval.open_ms(self._node.clock.now_ms())
        last_ms = interval.open_ms(now_open_ms - 1) if query.finished else now_open_ms
        if query.end_ms is not None:
            last_ms = min(last_ms, interval.open_ms(query.end_ms - 1))
        first_ms = 0 if query.start_ms is None else interval.open_ms(query.start_ms)
        found = await self._node.history.candles(
            CandleFilter(
                symbol=query.symbol,
                price_kind=query.price_kind,
                interval=interval.name,
                before_ms=interval.next_ms(last_ms),
                limit=query.limit,
            )
        )
        # Marks and indexes lie between two ticks.
        places = self._directory.contracts[query.symbol].price_places if query.price_kind == "last" else None
        return [
            candle_answer(
                candle.open_ms,
                (
                    candle.open_price_e12,
                    candle.high_price_e12,
                    candle.low_price_e12,
                    candle.close_price_e12,
                ),
                candle.base_volume_e8,
                candle.quote_volume_e20,
                places,
            )
            for candle in without_gaps(found, interval, last_ms, query.limit)
            if candle.open_ms >= first_ms
        ]


def _markets(state: State, product_type: str, symbol: str | None) -> list[Market]:
    """The markets of a product type, or one of them, in the order of their listing."""
    return [
        market
        for market in state.markets.values()
        if market.product_type == product_type and symbol in (None, market.symbol)
    ]
