"""
Questions of clients, answered: engine figures, book, tickers and stored rows become wire answers.

State is read at a join. Rows of the past are read from the store, which sees every command that was
answered before the question. What the store cannot tell in time is unknown, never "does not exist".
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from backhand.engine import State
from backhand.engine.figures import positions_of
from backhand.history import FillFilter, HistoryError, OrderFilter
from backhand.node import Node
from backhand.outcomes import OutcomeUnknown
from backhand.projections.orders import OrderRow
from backhand.projections.tickers import TickersFold
from backhand.quoting import quote
from backhand.serving.directory import Directory
from backhand.views import (
    account_view,
    fill_view,
    order_view,
    position_view,
    settings_view,
    ticker_view,
)
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests import accounts, markets, queries, reversals
from backhand.wire.responses.accounts import (
    AccountRow,
    PositionRow,
    account_row,
    accounts_row,
    all_position_row,
    single_position_row,
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
from backhand.wire.responses.orders import (
    FillPage,
    OrderPage,
    fills_page,
    open_orders_page,
    order_detail,
    order_history_page,
)
from backhand.wire.responses.orders import OrderRow as OrderAnswer
from backhand.wire.responses.reversals import QuoteAnswer

#: Levels a side that a merged book is made from; more than any ladder of the house has.
BOOK_LEVELS_MAX: Final = 1_000
_INTEGER_MAX: Final = 2**63 - 1


class Reads:
    """Answers queries; one method per kind of query."""

    def __init__(
        self, node: Node, directory: Directory, tickers: TickersFold, quote_key: bytes = b""
    ) -> None:
        self._node = node
        self._quote_key = quote_key
        self._directory = directory
        self._tickers = tickers
        self._methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            accounts.AccountQuery: self._account,
            accounts.AccountsQuery: self._accounts,
            accounts.PositionQuery: self._position,
            accounts.PositionsQuery: self._positions,
            reversals.ReversalQuery: self._quote,
            queries.OrderQuery: self._order,
            queries.OpenOrdersQuery: self._open_orders,
            queries.OrderHistoryQuery: self._order_history,
            queries.FillsQuery: self._fills,
            markets.ServerTimeQuery: self._server_time,
            markets.EmptyListQuery: self._empty_list,
            markets.ContractsQuery: self._contracts,
            markets.TickerQuery: self._ticker,
            markets.TickersQuery: self._all_tickers,
            markets.DepthQuery: self._depth,
        }

    async def answer(self, uid: str, query: object) -> object | Refusal:
        """
        Answer a query of `wire.requests`; `uid` is the caller's, "" for public queries.

        Raises:
            OutcomeUnknown: the store could not tell in time.
        """
        try:
            return await self._methods[type(query)](uid, query)
        except HistoryError as error:
            raise OutcomeUnknown from error

    async def _quote(self, uid: str, query: reversals.ReversalQuery) -> QuoteAnswer | Refusal:
        now_ms = self._node.clock.now_ms()
        return await self._node.read(lambda state: quote(state, uid, query, self._quote_key, now_ms))

    # Accounts and positions.

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
            found = positions_of(state, uid, product_type, query.symbol)
            return [single_position_row(position_view(figures)) for figures in found]

        return await self._node.read(read)

    async def _positions(self, uid: str, query: accounts.PositionsQuery) -> list[PositionRow]:
        def read(state: State) -> list[PositionRow]:
            return [
                all_position_row(position_view(figures))
                for figures in positions_of(state, uid, query.product_type, None)
                if query.margin_coin in (None, figures.margin_coin)
            ]

        return await self._node.read(read)

    # Orders and fills.

    async def _order(self, uid: str, query: queries.OrderQuery) -> OrderAnswer | Refusal:
        row = await self._one(uid, query.order_id, query.client_oid)
        if row is None or row.symbol != query.symbol:
            return codes.ORDER_NOT_FOUND
        return order_detail(order_view(row))

    async def _open_orders(self, uid: str, query: queries.OpenOrdersQuery) -> OrderPage:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            wanted = row is not None and row.is_open and query.status in (None, row.status)
            rows = [row] if row is not None and wanted and _is_of(row, query) else []
        else:
            rows = await self._node.history.open_orders(
                uid, _order_filter(query, query.page, statuses=(query.status,) if query.status else ())
            )
        return open_orders_page([order_view(row) for row in rows])

    async def _order_history(self, uid: str, query: queries.OrderHistoryQuery) -> OrderPage:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            wanted = row is not None and not row.is_open and query.source in (None, row.source)
            rows = [row] if row is not None and wanted and _is_of(row, query) else []
        else:
            rows = await self._node.history.orders(
                uid, _order_filter(query, query.page, statuses=("filled", "cancelled"), source=query.source)
            )
        return order_history_page([order_view(row) for row in rows])

    async def _fills(self, uid: str, query: queries.FillsQuery) -> FillPage:
        page = query.page
        rows = await self._node.history.fills(
            uid,
            FillFilter(
                product_type=query.product_type,
                symbol=query.symbol,
                order_id=query.order_id,
                start_ms=page.start_ms or 0,
                end_ms=_INTEGER_MAX if page.end_ms is None else page.end_ms,
                id_less_than=_INTEGER_MAX if page.id_less_than is None else page.id_less_than,
                limit=page.limit,
            ),
        )
        return fills_page([fill_view(row) for row in rows])

    async def _one(self, uid: str, order_id: int | None, client_oid: str | None) -> OrderRow | None:
        return await self._node.history.order(uid, order_id=order_id, client_oid=client_oid)

    # What anybody may ask.

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

    async def _ticker(self, _uid: str, query: markets.TickerQuery) -> list[TickerRow]:
        return await self._node.read(lambda state: self._ticker_rows(state, [query.symbol]))

    async def _all_tickers(self, _uid: str, query: markets.TickersQuery) -> list[TickerRow]:
        return await self._node.read(
            lambda state: self._ticker_rows(
                state,
                [
                    market.symbol
                    for market in state.markets.values()
                    if market.product_type == query.product_type
                ],
            )
        )

    def _ticker_rows(self, state: State, symbols: list[str]) -> list[TickerRow]:
        found = ((state.markets[symbol], self._tickers.ticker(symbol)) for symbol in symbols)
        return [ticker_row(ticker_view(market, ticker)) for market, ticker in found if ticker is not None]

    async def _depth(self, _uid: str, query: markets.DepthQuery) -> DepthAnswer:
        def read(state: State) -> DepthAnswer:
            market = state.markets[query.symbol]
            levels_max = BOOK_LEVELS_MAX if query.merged_digits else query.levels_max
            bids, asks = market.depth(levels_max)
            return depth_answer(
                market.contract, bids, asks, query.merged_digits, query.levels_max, state.time_ms
            )

        return await self._node.read(read)


def _order_filter(
    query: queries.OpenOrdersQuery | queries.OrderHistoryQuery,
    page: queries.Page,
    statuses: tuple[Any, ...],
    source: Any = None,  # noqa: ANN401  # Any text: one that is no source finds nothing.
) -> OrderFilter:
    return OrderFilter(
        product_type=query.product_type,
        symbol=query.symbol,
        source=source,
        statuses=statuses,
        start_ms=page.start_ms or 0,
        end_ms=_INTEGER_MAX if page.end_ms is None else page.end_ms,
        id_less_than=_INTEGER_MAX if page.id_less_than is None else page.id_less_than,
        limit=page.limit,
    )


def _is_of(row: OrderRow, query: queries.OpenOrdersQuery | queries.OrderHistoryQuery) -> bool:
    return row.product_type == query.product_type and query.symbol in (None, row.symbol)
