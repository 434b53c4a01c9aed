"""Requests about an account's past money and positions: bills, closed positions, interest, fee rates."""

from typing import Final

import msgspec

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form, read_choice, read_product_type, read_query
from backhand.wire.requests.accounts import ProductForm
from backhand.wire.requests.markets import EmptyListQuery
from backhand.wire.requests.queries import (
    DAY_MS,
    FillsQuery,
    Page,
    PageForm,
    PageRules,
    read_fills,
    read_page,
)
from backhand.wire.responses.bills import BUSINESS_TYPES, MARGIN_TYPES, TRANSFER_TYPES

BILL_DAYS_MAX: Final = 30
BILL_ROWS_USUAL: Final = 20
POSITION_ROWS_USUAL: Final = 20
FILL_DAYS_MAX: Final = 7

#: Business types of the exchange for what does not happen here: they find nothing.
ABSENT_TYPES: Final = (
    *("trans_from_contract", "trans_to_contract", "trans_from_otc", "trans_to_otc"),
    *("trans_from_cross", "trans_to_cross", "trans_from_isolated", "trans_to_isolated"),
    *("cash_gift_issue", "cash_gift_recycle", "bonus_issue", "bonus_recycle", "bonus_expired"),
    *("tracking_follow_pay", "tracking_follow_back", "tracking_trader_income"),
    *("user_exchange_buy", "user_exchange_sell", "settle_interest", "unknown"),
)

ONLY_FUNDING: Final = {"": False, "no": False, "yes": True}

_BILL_PAGE: Final = PageRules(BILL_ROWS_USUAL, BILL_DAYS_MAX * DAY_MS, codes.span_too_wide(BILL_DAYS_MAX))
_POSITION_PAGE: Final = PageRules(POSITION_ROWS_USUAL)
_FILL_PAGE: Final = PageRules(
    window_ms_max=FILL_DAYS_MAX * DAY_MS, too_wide=codes.span_too_wide(FILL_DAYS_MAX)
)


class BillsQuery(msgspec.Struct, frozen=True, gc=False):
    """Bills of a product type, of some kinds (the keys of BUSINESS_TYPES), of one coin unless None."""

    product_type: str
    kinds: tuple[str, ...]
    coin: str | None
    page: Page


class PastPositionsQuery(msgspec.Struct, frozen=True, gc=False):
    """Positions of a product type, or of one symbol, that were closed."""

    product_type: str
    symbol: str | None
    page: Page


class PastFillsQuery(msgspec.Struct, frozen=True, gc=False):
    """Fills as `FillsQuery` has them, answered with their margin coin."""

    fills: FillsQuery


class InterestQuery(msgspec.Struct, frozen=True, gc=False):
    """Interest that an account was charged: none, because nothing can be borrowed."""


class TradeRateQuery(msgspec.Struct, frozen=True, gc=False):
    """What trading a symbol costs."""

    symbol: str


class TradeRatesQuery(msgspec.Struct, frozen=True, gc=False):
    """What trading costs: of every symbol, or of one."""

    symbol: str | None


class BillsForm(PageForm, frozen=True):
    """Query of account/bill. The symbol and marginCoin that ccxt adds are not read."""

    product_type: str = ""
    coin: str = ""
    business_type: str = ""
    only_funding: str = ""


class PastPositionsForm(PageForm, frozen=True):
    """Query of position/history-position."""

    symbol: str = ""
    product_type: str = ""


class InterestForm(PageForm, frozen=True):
    """Query of account/interest-history."""

    product_type: str = ""
    coin: str = ""


class TradeRateForm(Form, frozen=True):
    """Query of common/trade-rate and common/all-trade-rate."""

    symbol: str = ""
    business_type: str = ""


def parse_bills(call: Call) -> BillsQuery | Refusal:
    """
    Read a question for bills; `coin` counts with the business types of transfers only.

    Refused in this order: product type missing or unknown 400172; businessType or onlyFunding unknown
    400172; paging as `read_page`, a window above 30 days 00001. Source: bitget-v2/get-account-bill.
    """
    form = read_query(BillsForm, call.parameters)
    product_type = read_product_type(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    business_type = form.business_type.lower()
    if business_type and business_type not in BUSINESS_TYPES.values() and business_type not in ABSENT_TYPES:
        return codes.PARAMETERS
    only_funding = read_choice(form.only_funding, ONLY_FUNDING)
    if only_funding is None:
        return codes.PARAMETERS
    page = read_page(form, call.now_ms, _BILL_PAGE)
    if isinstance(page, Refusal):
        return page
    kinds = tuple(
        kind
        for kind, text in BUSINESS_TYPES.items()
        if business_type in ("", text) and not (only_funding and text in MARGIN_TYPES)
    )
    coin = form.coin.upper() if business_type in TRANSFER_TYPES else ""
    return BillsQuery(product_type, kinds, coin or None, page)


def parse_past_positions(call: Call) -> PastPositionsQuery | Refusal:
    """
    Read a question for closed positions; with a symbol, its product type counts and not the one sent.

    Refused in this order: symbol unknown 40034; without one, product type (USDT-FUTURES when none was sent)
    400172; paging as `read_page`. Source: bitget-v2/get-history-position.
    """
    form = read_query(PastPositionsForm, call.parameters)
    symbol = None
    if form.symbol:
        contract = call.contracts.get(form.symbol.upper())
        if contract is None:
            return codes.not_existing(form.symbol)
        symbol, product_type = contract.symbol, contract.product_type
    else:
        product = read_product_type(form.product_type or "USDT-FUTURES")
        if isinstance(product, Refusal):
            return product
        product_type = product
    page = read_page(form, call.now_ms, _POSITION_PAGE)
    return page if isinstance(page, Refusal) else PastPositionsQuery(product_type, symbol, page)


def parse_past_fills(call: Call) -> PastFillsQuery | Refusal:
    """Read a question for past fills: refused as `parse_fills`, but a window above 7 days is 00001."""
    fills = read_fills(call, _FILL_PAGE)
    return fills if isinstance(fills, Refusal) else PastFillsQuery(fills)


def parse_interest(call: Call) -> InterestQuery | Refusal:
    """Read a question for interest: paging as `read_page`. Source: bitget-v2/interest-history."""
    page = read_page(read_query(InterestForm, call.parameters), call.now_ms)
    return page if isinstance(page, Refusal) else InterestQuery()


def parse_sub_accounts(call: Call) -> EmptyListQuery | Refusal:
    """Read a question for sub-accounts, of which there are none: product type 400172."""
    product_type = read_product_type(read_query(ProductForm, call.parameters).product_type)
    return product_type if isinstance(product_type, Refusal) else EmptyListQuery()


def parse_union(call: Call) -> Refusal:
    """Refuse what is asked about union margin, which does not exist here."""
    del call
    return codes.UNION_MARGIN_MISSING


def parse_trade_rate(call: Call) -> TradeRateQuery | Refusal:
    """
    Read a question for a symbol's fees.

    Refused in this order: symbol or businessType missing, businessType not mix 400172; symbol 40034.
    Source: bitget-v2/get-trade-rate.
    """
    form = read_query(TradeRateForm, call.parameters)
    if not form.symbol or form.business_type.lower() != "mix":
        return codes.PARAMETERS
    contract = call.contracts.get(form.symbol.upper())
    return codes.not_existing(form.symbol) if contract is None else TradeRateQuery(contract.symbol)


def parse_trade_rates(call: Call) -> TradeRatesQuery | Refusal:
    """Read a question for all fees: refused as `parse_trade_rate`, but the symbol may be missing."""
    form = read_query(TradeRateForm, call.parameters)
    if form.business_type.lower() != "mix":
        return codes.PARAMETERS
    if not form.symbol:
        return TradeRatesQuery(None)
    contract = call.contracts.get(form.symbol.upper())
    return codes.not_existing(form.symbol) if contract is None else TradeRatesQuery(contract.symbol)
