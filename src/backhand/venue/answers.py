"""
Questions of an account in process, answered with the rows that a served venue answers with.

One function per kind of question; a kind that is missing here is one that the client does not ask.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from backhand.engine import State
from backhand.explaining import Refusals
from backhand.projections.tickers import TickersFold
from backhand.quoting import quote
from backhand.receipts import receipt_of
from backhand.venue.kept import Kept
from backhand.views import account_view, fill_view, order_view, position_views, settings_view, ticker_view
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests import accounts, markets, queries, receipts, reversals
from backhand.wire.responses.accounts import (
    account_row,
    accounts_row,
    position_row,
)
from backhand.wire.responses.fills import fills_page
from backhand.wire.responses.markets import contract_row, depth_answer, server_time, ticker_row
from backhand.wire.responses.orders import open_orders_page, order_detail, order_history_page

#: The hash of a record that is not kept: here is no journal.
NO_JOURNAL: Final = b""
#: Levels a side that a merged book is made from.
BOOK_LEVELS_MAX: Final = 1_000


class Answers:
    """Answers questions about one state and what was kept of its events."""

    def __init__(
        self, state: State, kept: Kept, tickers: TickersFold, refusals: Refusals, quote_key: bytes
    ) -> None:
        self._state = state
        self._kept = kept
        self._tickers = tickers
        self._refusals = refusals
        self._quote_key = quote_key
        self._methods: Final[dict[type[Any], Callable[[str, Any, int], object]]] = {
            accounts.AccountQuery: self._account,
            accounts.AccountsQuery: self._accounts,
            accounts.PositionQuery: self._position,
            accounts.PositionsQuery: self._positions,
            reversals.ReversalQuery: self._quote,
            receipts.ReceiptQuery: self._receipt,
            receipts.ExplainQuery: self._explain,
            queries.OrderQuery: self._order,
            queries.OpenOrdersQuery: self._open_orders,
            queries.OrderHistoryQuery: self._order_history,
            queries.FillsQuery: self._fills,
            markets.ServerTimeQuery: self._server_time,
            markets.ContractsQuery: self._contracts,
            markets.TickerQuery: self._ticker,
            markets.DepthQuery: self._depth,
        }

    def answer(self, uid: str, query: object, now_ms: int) -> object | Refusal:
        """Answer a question of `wire.requests`."""
        method = self._methods.get(type(query))
        return codes.UNKNOWN_PATH if method is None else method(uid, query, now_ms)

    def _account(self, uid: str, query: accounts.AccountQuery, _now_ms: int) -> object:
        account = self._state.accounts[uid]
        settings = settings_view(account, self._state.markets[query.symbol])
        return account_row(account_view(self._state, account, query.margin_coin), settings)

    def _accounts(self, uid: str, query: accounts.AccountsQuery, _now_ms: int) -> object:
        account = self._state.accounts[uid]
        markets_ = self._state.markets.values()
        coins = dict.fromkeys(one.margin_coin for one in markets_ if one.product_type == query.product_type)
        return [accounts_row(account_view(self._state, account, coin)) for coin in coins]

    def _position(self, uid: str, query: accounts.PositionQuery, _now_ms: int) -> object:
        product_type = self._state.markets[query.symbol].product_type
        held = position_views(self._state, uid, product_type, query.symbol)
        return [position_row(view) for view in held]

    def _positions(self, uid: str, query: accounts.PositionsQuery, _now_ms: int) -> object:
        held = position_views(self._state, uid, query.product_type)
        return [position_row(view) for view in held if query.margin_coin in (None, view.margin_coin)]

    def _quote(self, uid: str, query: reversals.ReversalQuery, now_ms: int) -> object:
        return quote(self._state, uid, query, self._quote_key, now_ms)

    def _receipt(self, uid: str, query: receipts.ReceiptQuery, _now_ms: int) -> object:
        found = self._kept.receipt(uid, query.order_id, query.client_oid)
        return codes.ORDER_NOT_FOUND if found is None else receipt_of(found, NO_JOURNAL)

    def _explain(self, uid: str, query: receipts.ExplainQuery, _now_ms: int) -> object:
        return self._refusals.explain(uid, query)

    def _order(self, uid: str, query: queries.OrderQuery, _now_ms: int) -> object:
        row = self._kept.order(uid, query.order_id, query.client_oid)
        if row is None or row.symbol != query.symbol:
            return codes.ORDER_NOT_FOUND
        return order_detail(order_view(row))

    def _open_orders(self, uid: str, query: queries.OpenOrdersQuery, _now_ms: int) -> object:
        rows = self._kept.orders(uid, query.product_type, query.symbol, query.page)
        wanted = (row for row in rows if row.is_open and query.status in (None, row.status))
        return open_orders_page([order_view(row) for row in islice(wanted, query.page.limit)])

    def _order_history(self, uid: str, query: queries.OrderHistoryQuery, _now_ms: int) -> object:
        rows = self._kept.orders(uid, query.product_type, query.symbol, query.page)
        origin = query.origin
        wanted = (
            row
            for row in rows
            if not row.is_open
            and (origin is None or origin.includes(row.source, row.order_type, row.side))
            and origin is not queries.NO_ORIGIN
        )
        return order_history_page([order_view(row) for row in islice(wanted, query.page.limit)])

    def _fills(self, uid: str, query: queries.FillsQuery, _now_ms: int) -> object:
        return fills_page([fill_view(row) for row in self._kept.fills(uid, query)])

    def _server_time(self, _uid: str, _query: markets.ServerTimeQuery, now_ms: int) -> object:
        return server_time(now_ms)

    def _contracts(self, _uid: str, query: markets.ContractsQuery, _now_ms: int) -> object:
        return [
            contract_row(contract)
            for contract in self._state.contracts.values()
            if contract.product_type == query.product_type and query.symbol in (None, contract.symbol)
        ]

    def _ticker(self, _uid: str, query: markets.TickerQuery, _now_ms: int) -> object:
        ticker = self._tickers.ticker(query.symbol)
        rows = [] if ticker is None else [ticker_view(self._state.markets[query.symbol], ticker)]
        return [ticker_row(row) for row in rows]

    def _depth(self, _uid: str, query: markets.DepthQuery, _now_ms: int) -> object:
        market = self._state.markets[query.symbol]
        bids, asks = market.depth(BOOK_LEVELS_MAX if query.merged_digits else query.levels_max)
        return depth_answer(
            market.contract, bids, asks, query.merged_digits, query.levels_max, self._state.time_ms
        )
