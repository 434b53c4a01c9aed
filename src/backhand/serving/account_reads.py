"""What an account asks about itself: balances, positions, bills, and what it could open."""

from collections.abc import Awaitable, Callable
from typing import Any

from backhand.engine import State
from backhand.engine.adl import adl_queue
from backhand.engine.figures import positions_of
from backhand.engine.market import Market
from backhand.engine.questions import affordable_lots, liquidation_price_after_e16, openable_lots
from backhand.history import BillFilter, PositionFilter
from backhand.node import Node
from backhand.projections.bills import BILL_KINDS
from backhand.serving.directory import Directory
from backhand.serving.order_reads import span_of
from backhand.units import half_up_div
from backhand.views import account_view, bill_view, past_position_view, position_views, settings_view
from backhand.wire.requests import account_history, account_questions, accounts
from backhand.wire.responses.account_questions import (
    IsolatedSymbolRow,
    LiquidationPriceAnswer,
    MaxOpenAnswer,
    OpenCountAnswer,
    liquidation_price_answer,
    max_open_answer,
    open_count_answer,
)
from backhand.wire.responses.accounts import (
    AccountRow,
    PositionRow,
    account_row,
    accounts_row,
    position_row,
)
from backhand.wire.responses.bills import BillPage, InterestAnswer, bills_page, no_interest
from backhand.wire.responses.market_figures import (
    SymbolTradeRateRow,
    TradeRateAnswer,
    trade_rate_answer,
    trade_rate_rows,
)
from backhand.wire.responses.position_history import (
    AdlRankRow,
    PastPositionPage,
    adl_rank_row,
    past_positions_page,
)


class AccountReads:
    """Answers queries about an account; one method per kind of query."""

    def __init__(self, node: Node, directory: Directory) -> None:
        self._node = node
        self._directory = directory
        self.methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            accounts.AccountQuery: self._account,
            accounts.AccountsQuery: self._accounts,
            accounts.PositionQuery: self._position,
            accounts.PositionsQuery: self._positions,
            account_history.BillsQuery: self._bills,
            account_history.PastPositionsQuery: self._past_positions,
            account_history.InterestQuery: self._interest,
            account_history.TradeRateQuery: self._trade_rate,
            account_history.TradeRatesQuery: self._trade_rates,
            account_questions.OpenCountQuery: self._open_count,
            account_questions.MaxOpenQuery: self._max_open,
            account_questions.LiquidationPriceQuery: self._liquidation_price,
            account_questions.IsolatedSymbolsQuery: self._isolated_symbols,
            account_questions.AdlRankQuery: self._adl_rank,
        }

    # Balances and positions.

    async def _account(self, uid: str, query: accounts.AccountQuery) -> AccountRow:
        def read(state: State) -> AccountRow:
            account = state.accounts[uid]
            view = account_view(state, account, query.margin_coin)
            return account_row(view, settings_view(account, state.markets[query.symbol]))

        return await self._node.read(read)

    async def _accounts(self, uid: str, query: accounts.AccountsQuery) -> list[AccountRow]:
        def read(state: State) -> list[AccountRow]:
            account = state.accounts[uid]
            coins = dict.fromkeys(
                market.margin_coin
                for market in state.markets.values()
                if market.product_type == query.product_type
            )
            return [accounts_row(account_view(state, account, coin)) for coin in coins]

        return await self._node.read(read)

    async def _position(self, uid: str, query: accounts.PositionQuery) -> list[PositionRow]:
        def read(state: State) -> list[PositionRow]:
            product_type = state.markets[query.symbol].product_type
            found = position_views(state, uid, product_type, query.symbol)
            return [position_row(view) for view in found]

        return await self._node.read(read)

    async def _positions(self, uid: str, query: accounts.PositionsQuery) -> list[PositionRow]:
        def read(state: State) -> list[PositionRow]:
            return [
                position_row(view)
                for view in position_views(state, uid, query.product_type)
                if query.margin_coin in (None, view.margin_coin)
            ]

        return await self._node.read(read)

    async def _isolated_symbols(
        self, uid: str, query: account_questions.IsolatedSymbolsQuery
    ) -> list[IsolatedSymbolRow]:
        def read(state: State) -> list[IsolatedSymbolRow]:
            account = state.accounts[uid]
            return [
                IsolatedSymbolRow(market.symbol)
                for market in state.markets.values()
                if market.product_type == query.product_type
                and settings_view(account, market).margin_mode == "isolated"
            ]

        return await self._node.read(read)

    async def _adl_rank(self, uid: str, query: account_questions.AdlRankQuery) -> list[AdlRankRow]:
        def read(state: State) -> list[AdlRankRow]:
            rows: list[AdlRankRow] = []
            for figures in positions_of(state, uid, query.product_type, None):
                queue = adl_queue(state.markets[figures.symbol], figures.side)
                place = next(place for place, held in enumerate(queue) if held.account.uid == uid)
                rows.append(
                    adl_rank_row(figures.symbol, figures.margin_coin, figures.side, place, len(queue))
                )
            return rows

        return await self._node.read(read)

    # The past.

    async def _bills(self, uid: str, query: account_history.BillsQuery) -> BillPage:
        kinds = tuple(kind for kind in BILL_KINDS if kind in query.kinds)
        if not kinds:
            return bills_page([])
        rows = await self._node.history.bills(
            uid,
            BillFilter(product_type=query.product_type, kinds=kinds, coin=query.coin, **span_of(query.page)),
        )
        return bills_page([bill_view(row) for row in rows])

    async def _past_positions(self, uid: str, query: account_history.PastPositionsQuery) -> PastPositionPage:
        rows = await self._node.history.closed_positions(
            uid,
            PositionFilter(product_type=query.product_type, symbol=query.symbol, **span_of(query.page)),
        )
        return past_positions_page([past_position_view(row) for row in rows])

    async def _interest(self, _uid: str, _query: account_history.InterestQuery) -> InterestAnswer:
        return no_interest()

    async def _trade_rate(self, _uid: str, query: account_history.TradeRateQuery) -> TradeRateAnswer:
        return trade_rate_answer(self._directory.contracts[query.symbol])

    async def _trade_rates(
        self, _uid: str, query: account_history.TradeRatesQuery
    ) -> list[SymbolTradeRateRow]:
        contracts = self._directory.contracts.values()
        return trade_rate_rows([one for one in contracts if query.symbol in (None, one.symbol)])

    # Before an order.

    async def _open_count(self, _uid: str, query: account_questions.OpenCountQuery) -> OpenCountAnswer:
        def read(state: State) -> OpenCountAnswer:
            market = state.markets[query.symbol]
            lots = affordable_lots(market, query.margin_e8, query.price_ticks, query.leverage)
            return open_count_answer(lots * market.lot_e8)

        return await self._node.read(read)

    async def _max_open(self, uid: str, query: account_questions.MaxOpenQuery) -> MaxOpenAnswer:
        def read(state: State) -> MaxOpenAnswer:
            market = state.markets[query.symbol]
            account = state.accounts[uid]
            lots = openable_lots(state, account, market, query.side, query.order_type, query.price_ticks)
            return max_open_answer(lots * market.lot_e8)

        return await self._node.read(read)

    async def _liquidation_price(
        self, uid: str, query: account_questions.LiquidationPriceQuery
    ) -> LiquidationPriceAnswer:
        def read(state: State) -> LiquidationPriceAnswer:
            market = state.markets[query.symbol]
            price_ticks = query.price_ticks or _market_price_ticks(market, query.side)
            if price_ticks == 0 or market.mark_price_e12 == 0:
                return liquidation_price_answer(0)
            account = state.accounts[uid]
            return liquidation_price_answer(
                liquidation_price_after_e16(account, market, query.side, query.lots, price_ticks)
            )

        return await self._node.read(read)


def _market_price_ticks(market: Market, side: int) -> int:
    """What a market order would first be filled at: the best of the other side, else the mark."""
    bids, asks = market.depth(1)
    levels = asks if side > 0 else bids
    if levels:
        return levels[0][0]
    return half_up_div(market.mark_price_e12, market.tick_e12)
