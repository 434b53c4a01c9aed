"""
Every endpoint as one declaration: route, quota, permission, request struct, parser, answer.

The gateway dispatches from `ENDPOINTS`, and documents about the API are made from it.
"""

from collections.abc import Callable
from types import GenericAlias
from typing import Final, Literal

import msgspec

from backhand.wire.account_endpoints import ACCOUNT_READS, AccountRead
from backhand.wire.batches import Batch, ClientCommand, Inquiry
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form
from backhand.wire.market_endpoints import MARKET_READS, MarketRead
from backhand.wire.requests import accounts, markets, orders, queries, receipts, reversals
from backhand.wire.responses.accounts import (
    AccountRow,
    LeverageAnswer,
    MarginModeAnswer,
    PositionModeAnswer,
    PositionRow,
)
from backhand.wire.responses.fills import FillPage
from backhand.wire.responses.markets import ContractRow, DepthAnswer, ServerTime, TickerRow
from backhand.wire.responses.orders import OrderIds, OrderPage, OrderRow
from backhand.wire.responses.receipts import ExplainAnswer, ReceiptAnswer
from backhand.wire.responses.reversals import QuoteAnswer
from backhand.wire.trading_endpoints import BATCH_PLACE, TRADER_READS, TRADES

#: What a key needs; None where anybody may ask.
Permission = Literal["read", "trade"] | None

#: What a client may ask to see.
Read = (
    queries.OrderQuery
    | reversals.ReversalQuery
    | receipts.ReceiptQuery
    | receipts.ExplainQuery
    | queries.OpenOrdersQuery
    | queries.OrderHistoryQuery
    | queries.FillsQuery
    | accounts.AccountQuery
    | accounts.AccountsQuery
    | accounts.PositionQuery
    | accounts.PositionsQuery
    | markets.ServerTimeQuery
    | markets.EmptyListQuery
    | markets.ContractsQuery
    | markets.TickerQuery
    | markets.TickersQuery
    | markets.DepthQuery
    | MarketRead
    | AccountRead
)

Parsed = ClientCommand | Batch | Inquiry | Read | Refusal


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """
    One endpoint.

    `per_second` is counted per UID for private endpoints and per IP address for public ones, each
    endpoint for itself; copy-trading traders have `trader_per_second`. `form` holds the parameters,
    `answer` is the type of the envelope's `data`. Source: auth.md section 9.
    """

    method: Literal["GET", "POST"]
    path: str
    per_second: int
    trader_per_second: int
    permission: Permission
    form: type[Form]
    parse: Callable[[Call], Parsed]
    answer: type | GenericAlias


def _trade(
    path: str,
    per_second: int,
    form: type[Form],
    parse: Callable[[Call], Parsed],
    answer: type | GenericAlias,
    trader_per_second: int = 0,
) -> Endpoint:
    """Declare a change; `trader_per_second` 0 means that traders have no other quota."""
    return Endpoint(
        "POST",
        path,
        per_second,
        trader_per_second or per_second,
        "trade",
        form,
        parse,
        answer,
    )


def _read(
    path: str, per_second: int, form: type[Form], parse: Callable[[Call], Parsed], answer: type | GenericAlias
) -> Endpoint:
    """Declare a question about the caller's own account."""
    return Endpoint("GET", path, per_second, per_second, "read", form, parse, answer)


def _public(
    path: str, per_second: int, form: type[Form], parse: Callable[[Call], Parsed], answer: type | GenericAlias
) -> Endpoint:
    """Declare a question that anybody may ask."""
    return Endpoint("GET", path, per_second, per_second, None, form, parse, answer)


_DECLARED: Final = (
    _trade(
        "/api/v2/mix/order/click-backhand",
        10,
        reversals.ReversalForm,
        reversals.parse_reversal,
        OrderIds,
        trader_per_second=1,
    ),
    Endpoint(
        "POST",
        "/api/backhand/v1/reversal/quote",
        10,
        10,
        "read",
        reversals.ReversalForm,
        reversals.parse_quote,
        QuoteAnswer,
    ),
    _read(
        "/api/backhand/v1/reversal/receipt", 10, receipts.ReceiptForm, receipts.parse_receipt, ReceiptAnswer
    ),
    _read("/api/backhand/v1/explain", 10, receipts.ExplainForm, receipts.parse_explain, ExplainAnswer),
    _trade(
        "/api/v2/mix/order/place-order",
        10,
        orders.PlaceOrderForm,
        orders.parse_place_order,
        OrderIds,
        trader_per_second=1,
    ),
    _trade("/api/v2/mix/order/cancel-order", 10, orders.CancelOrderForm, orders.parse_cancel_order, OrderIds),
    _trade(
        "/api/v2/mix/account/set-leverage",
        5,
        accounts.LeverageForm,
        accounts.parse_set_leverage,
        LeverageAnswer,
    ),
    _trade(
        "/api/v2/mix/account/set-margin-mode",
        5,
        accounts.MarginModeForm,
        accounts.parse_set_margin_mode,
        MarginModeAnswer,
    ),
    _trade(
        "/api/v2/mix/account/set-position-mode",
        5,
        accounts.PositionModeForm,
        accounts.parse_set_position_mode,
        PositionModeAnswer,
    ),
    _trade(*BATCH_PLACE, trader_per_second=1),
    *(_trade(*declared) for declared in TRADES),
    _read("/api/v2/mix/order/detail", 10, queries.OrderForm, queries.parse_order, OrderRow),
    _read(
        "/api/v2/mix/order/orders-pending", 10, queries.OpenOrdersForm, queries.parse_open_orders, OrderPage
    ),
    _read(
        "/api/v2/mix/order/orders-history",
        10,
        queries.OrderHistoryForm,
        queries.parse_order_history,
        OrderPage,
    ),
    _read("/api/v2/mix/order/fills", 10, queries.FillsForm, queries.parse_fills, FillPage),
    _read(
        "/api/v2/mix/position/single-position",
        10,
        accounts.SymbolForm,
        accounts.parse_position,
        list[PositionRow],
    ),
    _read(
        "/api/v2/mix/position/all-position",
        5,
        accounts.ProductForm,
        accounts.parse_positions,
        list[PositionRow],
    ),
    _read("/api/v2/mix/account/account", 10, accounts.SymbolForm, accounts.parse_account, AccountRow),
    _read(
        "/api/v2/mix/account/accounts", 10, accounts.ProductForm, accounts.parse_accounts, list[AccountRow]
    ),
    _read("/api/v3/account/settings", 10, markets.NoForm, markets.parse_unified_settings, type(None)),
    _public("/api/v2/public/time", 20, markets.NoForm, markets.parse_server_time, ServerTime),
    _public(
        "/api/v2/mix/market/contracts", 20, markets.MarketForm, markets.parse_contracts, list[ContractRow]
    ),
    _public("/api/v2/mix/market/ticker", 20, markets.MarketForm, markets.parse_ticker, list[TickerRow]),
    _public("/api/v2/mix/market/tickers", 20, markets.MarketForm, markets.parse_tickers, list[TickerRow]),
    _public("/api/v2/mix/market/merge-depth", 20, markets.DepthForm, markets.parse_depth, DepthAnswer),
    _public("/api/v2/spot/public/coins", 20, markets.NoForm, markets.parse_empty_list, list[str]),
    _public("/api/v2/spot/public/symbols", 20, markets.NoForm, markets.parse_empty_list, list[str]),
    _public("/api/v2/margin/currencies", 20, markets.NoForm, markets.parse_empty_list, list[str]),
    *(_read(*declared) for declared in ACCOUNT_READS),
    *(_public(*declared) for declared in MARKET_READS),
    *(_read(*declared) for declared in TRADER_READS),
)

#: (method, path) -> declaration.
ENDPOINTS: Final = {(endpoint.method, endpoint.path): endpoint for endpoint in _DECLARED}
