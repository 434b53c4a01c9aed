"""
Questions of clients, answered: engine figures, book, tickers and stored rows become wire answers.

State is read at a join. Rows of the past are read from the store, which sees every command that was
answered before the question. What the store cannot tell in time is unknown, never "does not exist".
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from backhand.commands import Contract, MarginMode
from backhand.engine import State
from backhand.engine.figures import AccountFigures, PositionFigures, account_figures, positions_of
from backhand.engine.state import Account, Market
from backhand.history import FillFilter, HistoryError, OrderFilter
from backhand.node import Node
from backhand.outcomes import OutcomeUnknown
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.tickers import Ticker, TickersFold
from backhand.serving.directory import Directory
from backhand.units import E12, floor_div
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests import accounts, markets, queries
from backhand.wire.responses.accounts import (
    AccountRow,
    AccountView,
    PositionRow,
    PositionView,
    SymbolSettingsView,
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
    TickerView,
    contract_row,
    depth_answer,
    server_time,
    ticker_row,
)
from backhand.wire.responses.orders import (
    FillPage,
    FillView,
    OrderPage,
    OrderView,
    fills_page,
    open_orders_page,
    order_detail,
    order_history_page,
)
from backhand.wire.responses.orders import OrderRow as OrderAnswer

#: Levels a side that a merged book is made from; more than any ladder of the house has.
BOOK_LEVELS_MAX: Final = 1_000
_INTEGER_MAX: Final = 2**63 - 1


class Reads:
    """Answers queries; one method per kind of query."""

    def __init__(self, node: Node, directory: Directory, tickers: TickersFold) -> None:
        self._node = node
        self._directory = directory
        self._tickers = tickers
        self._methods: dict[type[Any], Callable[[str, Any], Awaitable[object]]] = {
            accounts.AccountQuery: self._account,
            accounts.AccountsQuery: self._accounts,
            accounts.PositionQuery: self._position,
            accounts.PositionsQuery: self._positions,
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

    # Accounts and positions.

    async def _account(self, uid: str, query: accounts.AccountQuery) -> AccountRow:
        def read(state: State) -> AccountRow:
            account = state.accounts[uid]
            view = _account_view(state, account, query.margin_coin)
            return account_row(view, _settings_view(account, state.markets[query.symbol]))

        return await self._node.read(read)

    async def _accounts(self, uid: str, query: accounts.AccountsQuery) -> list[AccountRow]:
        def read(state: State) -> list[AccountRow]:
            account = state.accounts[uid]
            coins = dict.fromkeys(
                market.margin_coin
                for market in state.markets.values()
                if market.product_type == query.product_type
            )
            return [accounts_row(_account_view(state, account, coin)) for coin in coins]

        return await self._node.read(read)

    async def _position(self, uid: str, query: accounts.PositionQuery) -> list[PositionRow]:
        def read(state: State) -> list[PositionRow]:
            product_type = state.markets[query.symbol].product_type
            found = positions_of(state, uid, product_type, query.symbol)
            return [single_position_row(_position_view(figures)) for figures in found]

        return await self._node.read(read)

    async def _positions(self, uid: str, query: accounts.PositionsQuery) -> list[PositionRow]:
        def read(state: State) -> list[PositionRow]:
            return [
                all_position_row(_position_view(figures))
                for figures in positions_of(state, uid, query.product_type, None)
                if query.margin_coin in (None, figures.margin_coin)
            ]

        return await self._node.read(read)

    # Orders and fills.

    async def _order(self, uid: str, query: queries.OrderQuery) -> OrderAnswer | Refusal:
        row = await self._one(uid, query.order_id, query.client_oid)
        if row is None or row.symbol != query.symbol:
            return codes.ORDER_NOT_FOUND
        return order_detail(_order_view(row))

    async def _open_orders(self, uid: str, query: queries.OpenOrdersQuery) -> OrderPage:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            wanted = row is not None and row.is_open and query.status in (None, row.status)
            rows = [row] if row is not None and wanted and _is_of(row, query) else []
        else:
            rows = await self._node.history.open_orders(
                uid, _order_filter(query, query.page, statuses=(query.status,) if query.status else ())
            )
        return open_orders_page([_order_view(row) for row in rows])

    async def _order_history(self, uid: str, query: queries.OrderHistoryQuery) -> OrderPage:
        if query.order_id is not None or query.client_oid is not None:
            row = await self._one(uid, query.order_id, query.client_oid)
            wanted = row is not None and not row.is_open and query.source in (None, row.source)
            rows = [row] if row is not None and wanted and _is_of(row, query) else []
        else:
            rows = await self._node.history.orders(
                uid, _order_filter(query, query.page, statuses=("filled", "cancelled"), source=query.source)
            )
        return order_history_page([_order_view(row) for row in rows])

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
        return fills_page([_fill_view(row) for row in rows])

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
        return [ticker_row(_ticker_view(market, ticker)) for market, ticker in found if ticker is not None]

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


def _account_view(state: State, account: Account, coin: str) -> AccountView:
    figures = account_figures(account, coin)
    bitcoin_e12 = _price_e12(state, "BTC")
    in_usdt_e20 = _in_usdt_e20(state, figures)
    in_btc_e20 = floor_div(in_usdt_e20 * E12, bitcoin_e12) if bitcoin_e12 else 0
    return AccountView(
        margin_coin=coin,
        locked_e20=figures.locked_e8 * E12,
        available_e20=figures.available_e20,
        crossed_max_available_e20=figures.crossed_max_available_e20,
        isolated_max_available_e20=figures.isolated_max_available_e20,
        max_transfer_out_e20=figures.max_transfer_out_e20,
        equity_e20=figures.equity_e20,
        usdt_equity_e20=in_usdt_e20,
        btc_equity_e20=figures.equity_e20 if coin == "BTC" else in_btc_e20,
        crossed_risk_e16=figures.crossed_risk_e16,
        unrealised_e20=figures.unrealised_e20,
        crossed_unrealised_e20=figures.crossed_unrealised_e20,
        isolated_unrealised_e20=figures.isolated_unrealised_e20,
        crossed_margin_e20=figures.crossed_margin_e20,
        isolated_margin_e20=figures.isolated_margin_e16 * 10**4,
    )


def _in_usdt_e20(state: State, figures: AccountFigures) -> int:
    """An equity in USDT: dollar coins count one for one, others at their index; 0 without an index."""
    if figures.coin.startswith("USD"):
        return figures.equity_e20
    return floor_div(figures.equity_e20 * _price_e12(state, figures.coin), E12)


def _price_e12(state: State, coin: str) -> int:
    """The index price of a coin in dollars: of the first contract on it that has one."""
    for market in state.markets.values():
        if market.contract.base_coin == coin and market.index_price_e12:
            return market.index_price_e12
    return 0


def _settings_view(account: Account, market: Market) -> SymbolSettingsView:
    holding = account.holdings.get(market.symbol)
    hedge_mode = account.hedge_mode(market.product_type)
    if holding is None:
        leverage = min(account.leverage, market.contract.leverage_max)
        margin_mode: MarginMode = "isolated" if account.margin_mode == "isolated" else "crossed"
        return SymbolSettingsView(hedge_mode, margin_mode, leverage, leverage, leverage)
    return SymbolSettingsView(
        hedge_mode=hedge_mode,
        margin_mode="isolated" if holding.isolated else "crossed",
        crossed_leverage=holding.crossed_leverage,
        isolated_long_leverage=holding.long_leverage,
        isolated_short_leverage=holding.short_leverage,
    )


def _position_view(figures: PositionFigures) -> PositionView:
    return PositionView(
        symbol=figures.symbol,
        margin_coin=figures.margin_coin,
        side=figures.side,
        hedge_mode=figures.hedge_mode,
        margin_mode="isolated" if figures.isolated else "crossed",
        leverage=figures.leverage,
        opening_e8=figures.opening_lots * figures.lot_e8,
        available_e8=figures.available_lots * figures.lot_e8,
        locked_e8=figures.locked_lots * figures.lot_e8,
        margin_e16=figures.margin_e16,
        profit_e8=figures.profit_e8,
        average_price_e12=figures.average_price_e12,
        unrealised_e20=figures.unrealised_e20,
        liquidation_price_e16=figures.liquidation_price_e16,
        maintenance_rate_e8=figures.maintenance_rate_e8,
        mark_price_e12=figures.mark_price_e12,
        margin_ratio_e16=figures.margin_ratio_e16,
        break_even_price_e16=figures.break_even_price_e16,
        funding_e8=figures.funding_e8,
        fee_e8=figures.fee_e8,
        opened_at_ms=figures.opened_at_ms,
        updated_at_ms=figures.updated_at_ms,
    )


def _order_view(row: OrderRow) -> OrderView:
    return OrderView(
        order_id=row.order_id,
        client_oid=row.client_oid,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        status=row.status,
        side=row.side,
        hold_side=row.hold_side,
        reduce_only=row.reduce_only,
        order_type=row.order_type,
        time_in_force=row.time_in_force,
        price_e12=row.price_e12,
        size_e8=row.size_e8,
        filled_size_e8=row.filled_size_e8,
        filled_value_e20=row.filled_value_e20,
        average_price_e12=row.average_price_e12,
        fee_e8=row.fee_e8,
        profit_e8=row.profit_e8,
        margin_mode=row.margin_mode,
        leverage=row.leverage,
        source=row.source,
        cancel_reason=row.cancel_reason,
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
    )


def _fill_view(row: FillRow) -> FillView:
    return FillView(
        trade_id=row.trade_id,
        order_id=row.order_id,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        side=row.side,
        hold_side=row.hold_side,
        reduce_only=row.reduce_only,
        is_taker=row.is_taker,
        price_e12=row.price_e12,
        size_e8=row.size_e8,
        fee_e8=row.fee_e8,
        profit_e8=row.profit_e8,
        created_at_ms=row.created_at_ms,
    )


def _ticker_view(market: Market, ticker: Ticker) -> TickerView:
    contract: Contract = market.contract
    bids, asks = market.depth(1)
    bid_ticks, bid_lots = bids[0] if bids else (0, 0)
    ask_ticks, ask_lots = asks[0] if asks else (0, 0)
    return TickerView(
        symbol=market.symbol,
        price_places=contract.price_places,
        size_places=contract.size_places,
        last_price_e12=ticker.last_price_e12,
        ask_price_e12=ask_ticks * contract.tick_e12,
        ask_size_e8=ask_lots * contract.lot_e8,
        bid_price_e12=bid_ticks * contract.tick_e12,
        bid_size_e8=bid_lots * contract.lot_e8,
        high_price_e12=ticker.high_price_e12,
        low_price_e12=ticker.low_price_e12,
        open_price_e12=ticker.open_price_e12,
        day_open_price_e12=ticker.day_open_price_e12,
        base_volume_e8=ticker.base_volume_e8,
        quote_volume_e20=ticker.quote_volume_e20,
        index_price_e12=ticker.index_price_e12,
        mark_price_e12=ticker.mark_price_e12,
        funding_rate_e8=0,
        open_interest_e8=market.long_lots * contract.lot_e8,
        time_ms=ticker.time_ms,
    )
