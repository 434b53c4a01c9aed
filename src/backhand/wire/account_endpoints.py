"""Declarations of what an account may read of its past, and ask before an order: as in `market_endpoints`."""

from collections.abc import Callable
from types import GenericAlias
from typing import Final

from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form
from backhand.wire.requests import account_history as history
from backhand.wire.requests import account_questions as questions
from backhand.wire.requests import accounts, markets, plan_reads, queries
from backhand.wire.responses.account_questions import (
    IsolatedSymbolRow,
    LiquidationPriceAnswer,
    MaxOpenAnswer,
    OpenCountAnswer,
)
from backhand.wire.responses.bills import BillPage, InterestAnswer
from backhand.wire.responses.fills import FillPage
from backhand.wire.responses.market_figures import SymbolTradeRateRow, TradeRateAnswer
from backhand.wire.responses.plans import PlacedRow, PlanPage
from backhand.wire.responses.position_history import AdlRankRow, PastPositionPage

#: What these endpoints ask.
AccountRead = (
    history.BillsQuery
    | history.PastPositionsQuery
    | history.PastFillsQuery
    | history.InterestQuery
    | history.TradeRateQuery
    | history.TradeRatesQuery
    | questions.OpenCountQuery
    | questions.MaxOpenQuery
    | questions.LiquidationPriceQuery
    | questions.IsolatedSymbolsQuery
    | questions.AdlRankQuery
    | plan_reads.PlansQuery
    | plan_reads.PlacedByPlanQuery
    | markets.EmptyListQuery
)

_Declared = tuple[str, int, type[Form], Callable[[Call], AccountRead | Refusal], type | GenericAlias]

_MIX: Final = "/api/v2/mix"

ACCOUNT_READS: Final[tuple[_Declared, ...]] = (
    (f"{_MIX}/account/bill", 10, history.BillsForm, history.parse_bills, BillPage),
    (f"{_MIX}/account/open-count", 10, questions.OpenCountForm, questions.parse_open_count, OpenCountAnswer),
    (f"{_MIX}/account/max-open", 20, questions.OpenForm, questions.parse_max_open, MaxOpenAnswer),
    (
        f"{_MIX}/account/liq-price",
        20,
        questions.OpenForm,
        questions.parse_liquidation_price,
        LiquidationPriceAnswer,
    ),
    (
        f"{_MIX}/account/isolated-symbols",
        10,
        accounts.ProductForm,
        questions.parse_isolated_symbols,
        list[IsolatedSymbolRow],
    ),
    (f"{_MIX}/account/interest-history", 5, history.InterestForm, history.parse_interest, InterestAnswer),
    (f"{_MIX}/account/union-config", 1, markets.NoForm, history.parse_union, type(None)),
    (f"{_MIX}/account/switch-union-usdt", 1, markets.NoForm, history.parse_union, type(None)),
    (f"{_MIX}/account/transfer-limits", 1, markets.NoForm, history.parse_union, type(None)),
    (f"{_MIX}/account/sub-account-assets", 1, accounts.ProductForm, history.parse_sub_accounts, list[str]),
    (
        f"{_MIX}/position/history-position",
        20,
        history.PastPositionsForm,
        history.parse_past_positions,
        PastPositionPage,
    ),
    (f"{_MIX}/position/adlRank", 5, accounts.ProductForm, questions.parse_adl_rank, list[AdlRankRow]),
    (f"{_MIX}/order/fill-history", 10, queries.FillsForm, history.parse_past_fills, FillPage),
    (f"{_MIX}/order/orders-plan-pending", 10, plan_reads.PlansForm, plan_reads.parse_plans, PlanPage),
    (
        f"{_MIX}/order/orders-plan-history",
        10,
        plan_reads.PastPlansForm,
        plan_reads.parse_past_plans,
        PlanPage,
    ),
    (
        f"{_MIX}/order/plan-sub-order",
        10,
        plan_reads.PlacedByPlanForm,
        plan_reads.parse_placed_by_plan,
        list[PlacedRow],
    ),
    ("/api/v2/common/trade-rate", 10, history.TradeRateForm, history.parse_trade_rate, TradeRateAnswer),
    (
        "/api/v2/common/all-trade-rate",
        10,
        history.TradeRateForm,
        history.parse_trade_rates,
        list[SymbolTradeRateRow],
    ),
)
