"""Requests that anybody may make: time, contracts, prices, order book, and what ccxt asks at its start."""

from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    DEMO_PRODUCT_TYPES,
    PAGE_ROWS_MAX,
    PRODUCT_TYPES,
    Call,
    Form,
    read_choice,
    read_digits,
    read_query,
)

#: precision -> how many digits are merged away.
PRECISIONS: Final = {"": 0, "scale0": 0, "scale1": 1, "scale2": 2, "scale3": 3}


class ServerTimeQuery(msgspec.Struct, frozen=True, gc=False):
    """The venue's time."""


class EmptyListQuery(msgspec.Struct, frozen=True, gc=False):
    """A list of something that this venue has none of: spot coins and the like."""


class ContractsQuery(msgspec.Struct, frozen=True, gc=False):
    """Contracts of a product type (demo types have none), or the one that was named."""

    product_type: str
    symbol: str | None


class TickerQuery(msgspec.Struct, frozen=True, gc=False):
    """The ticker of one symbol; it is answered as a list of one."""

    symbol: str


class TickersQuery(msgspec.Struct, frozen=True, gc=False):
    """The tickers of a product type; demo types have none."""

    product_type: str


class DepthQuery(msgspec.Struct, frozen=True, gc=False):
    """The order book of a symbol: at most `levels_max` levels a side, 10^merged_digits ticks a level."""

    symbol: str
    merged_digits: int
    levels_max: int


class NoForm(Form, frozen=True):
    """No parameters."""


class MarketForm(Form, frozen=True):
    """Query of contracts, ticker and tickers."""

    product_type: str = ""
    symbol: str = ""


class DepthForm(Form, frozen=True):
    """Query of merge-depth."""

    product_type: str = ""
    symbol: str = ""
    precision: str = ""
    limit: str = ""


def parse_server_time(call: Call) -> ServerTimeQuery:
    """Read a question for the time: nothing is refused."""
    del call
    return ServerTimeQuery()


def parse_empty_list(call: Call) -> EmptyListQuery:
    """Read a question whose answer is always empty: nothing is refused."""
    del call
    return EmptyListQuery()


def parse_unified_settings(call: Call) -> Refusal:
    """Refuse the v3 probe: an answer would make ccxt use the v3 API for everything. Source: auth.md."""
    del call
    return codes.CLASSIC_ACCOUNT


def public_product(text: str) -> str | Refusal:
    """Read a product type as public reads do: 400172 when missing, 40019 with the value when unknown."""
    if not text:
        return codes.PARAMETERS
    product_type = text.upper()
    if product_type not in PRODUCT_TYPES and product_type not in DEMO_PRODUCT_TYPES:
        return codes.empty_parameter(text)
    return product_type


def public_contract(call: Call, product_type: str, symbol: str) -> Contract | Refusal:
    """Find a contract by its symbol alone, as the real venue does when the product type is another."""
    if not product_type:
        return codes.PARAMETERS
    if not symbol:
        return codes.empty_parameter("symbol")
    product = public_product(product_type)
    if isinstance(product, Refusal):
        return product
    contract = call.contracts.get(symbol.upper())
    return codes.not_existing(symbol) if contract is None else contract


def parse_contracts(call: Call) -> ContractsQuery | Refusal:
    """
    Read a question for contracts.

    Refused in this order: productType missing 400172, unknown 40019; symbol unknown 40034.
    Source: bitget-v2/get-contract-config; market.md sections 1 and 3.
    """
    form = read_query(MarketForm, call.parameters)
    product_type = public_product(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    if not form.symbol:
        return ContractsQuery(product_type, None)
    contract = public_contract(call, form.product_type, form.symbol)
    return contract if isinstance(contract, Refusal) else ContractsQuery(product_type, contract.symbol)


def parse_ticker(call: Call) -> TickerQuery | Refusal:
    """
    Read a question for a ticker.

    Refused in this order: productType missing 400172; symbol missing 40019; productType unknown 40019;
    symbol unknown 40034. Source: bitget-v2/get-ticker; market.md section 1.
    """
    form = read_query(MarketForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    return contract if isinstance(contract, Refusal) else TickerQuery(contract.symbol)


def parse_tickers(call: Call) -> TickersQuery | Refusal:
    """Read a question for all tickers: productType missing 400172, unknown 40019."""
    product_type = public_product(read_query(MarketForm, call.parameters).product_type)
    return product_type if isinstance(product_type, Refusal) else TickersQuery(product_type)


def parse_depth(call: Call) -> DepthQuery | Refusal:
    """
    Read a question for the order book.

    Refused as `parse_ticker`, then an unknown precision and a limit that is no positive whole number
    40020. Limits are cut at 100; `max` is 100. Source: bitget-v2/merge-depth; market.md section 6.
    """
    form = read_query(DepthForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    if isinstance(contract, Refusal):
        return contract
    merged_digits = read_choice(form.precision, PRECISIONS)
    if merged_digits is None:
        return codes.malformed("precision")
    if form.limit.lower() in ("", "max"):
        return DepthQuery(contract.symbol, merged_digits, PAGE_ROWS_MAX)
    limit = read_digits(form.limit)
    if not limit:
        return codes.malformed("limit")
    return DepthQuery(contract.symbol, merged_digits, min(limit, PAGE_ROWS_MAX))
