"""Requests about what an account could do: open how much, be liquidated where; and its place in line."""

from typing import Final

import msgspec

from backhand.commands import OrderType, Side
from backhand.units import DECIMAL_TEXT_MAX, E8, format_decimal, parse_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    count_lots,
    read_choice,
    read_contract,
    read_digits,
    read_positive,
    read_price_ticks,
    read_product_type,
    read_query,
)
from backhand.wire.requests.accounts import HOLD_SIDES, ProductForm
from backhand.wire.requests.terms import ORDER_TYPES

LEVERAGE_USUAL: Final = 20
#: Amounts of margin are cut here: more than any coin's supply, and it keeps the arithmetic small.
AMOUNT_MAX_E8: Final = 10**26


class OpenCountQuery(msgspec.Struct, frozen=True, gc=False):
    """How much a margin would open of a symbol, whatever else the account holds."""

    symbol: str
    margin_e8: int
    price_ticks: int
    leverage: int


class MaxOpenQuery(msgspec.Struct, frozen=True, gc=False):
    """How much the account could open of a symbol now; `price_ticks` None is at market."""

    symbol: str
    side: Side
    order_type: OrderType
    price_ticks: int | None


class LiquidationPriceQuery(msgspec.Struct, frozen=True, gc=False):
    """Where a leg would be liquidated after these further lots; `price_ticks` None is at market."""

    symbol: str
    side: Side
    lots: int
    price_ticks: int | None


class IsolatedSymbolsQuery(msgspec.Struct, frozen=True, gc=False):
    """The symbols of a product type whose margin mode is isolated."""

    product_type: str


class AdlRankQuery(msgspec.Struct, frozen=True, gc=False):
    """Where the legs of a product type stand in line to be deleveraged."""

    product_type: str


class OpenCountForm(Form, frozen=True):
    """Query of account/open-count."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    open_amount: str = ""
    open_price: str = ""
    leverage: str = ""


class OpenForm(Form, frozen=True):
    """Query of account/max-open and account/liq-price."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    pos_side: str = ""
    order_type: str = ""
    open_amount: str = ""
    open_price: str = ""


def parse_open_count(call: Call) -> OpenCountQuery | Refusal:
    """
    Read a question for what a margin would open.

    Refused in this order: a field but leverage missing 400172; product type 400172; symbol 40034, 22012;
    margin coin 40778; openAmount no positive number 40020; openPrice 40020, off the tick 45115; leverage
    no whole number 40020, outside of the contract's 43050. Source: bitget-v2/get-est-open-count.
    """
    form = read_query(OpenCountForm, call.parameters)
    if not (form.symbol and form.product_type and form.margin_coin and form.open_amount and form.open_price):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    amount = parse_decimal(form.open_amount, DECIMAL_TEXT_MAX)
    if amount is None or amount <= 0:
        return codes.malformed("openAmount")
    price_ticks = read_price_ticks(form.open_price, contract)
    if isinstance(price_ticks, Refusal):
        return price_ticks
    leverage = read_digits(form.leverage) if form.leverage else min(LEVERAGE_USUAL, contract.leverage_max)
    if leverage is None:
        return codes.malformed("leverage")
    if not contract.leverage_min <= leverage <= contract.leverage_max:
        return codes.LEVERAGE_OUT_OF_RANGE
    margin_e8 = min(amount // (10**DECIMAL_TEXT_MAX // E8), AMOUNT_MAX_E8)
    return OpenCountQuery(contract.symbol, margin_e8, price_ticks, leverage)


class _Opening(msgspec.Struct, frozen=True, gc=False):
    """What max-open and liq-price have in common."""

    symbol: str
    side: Side
    order_type: OrderType
    price_ticks: int | None


def parse_max_open(call: Call) -> MaxOpenQuery | Refusal:
    """
    Read a question for what can be opened.

    Refused in this order: symbol, productType, marginCoin, posSide or orderType missing 400172; product
    type 400172; symbol 40034, 22012; margin coin 40778; posSide or orderType unknown 400172; openPrice of
    a limit order missing 400172, unreadable 40020, off the tick 45115. Source: bitget-v2/get-max-openable.
    """
    opening = _read_opening(call, read_query(OpenForm, call.parameters))
    if isinstance(opening, Refusal):
        return opening
    return MaxOpenQuery(opening.symbol, opening.side, opening.order_type, opening.price_ticks)


def parse_liquidation_price(call: Call) -> LiquidationPriceQuery | Refusal:
    """
    Read a question for a liquidation price; `openAmount` is the further size in base coin.

    Refused as `parse_max_open`, then openAmount missing 400172, no positive number 40808, off the size
    step 22038. Source: bitget-v2/get-liq-price.
    """
    form = read_query(OpenForm, call.parameters)
    opening = _read_opening(call, form)
    if isinstance(opening, Refusal):
        return opening
    if not form.open_amount:
        return codes.PARAMETERS
    size = read_positive(form.open_amount)
    if isinstance(size, Refusal):
        return size
    lots = count_lots(size, call.contracts[opening.symbol])
    if lots is None:
        return codes.off_size_step(format_decimal(call.contracts[opening.symbol].lot_e8, 8))
    return LiquidationPriceQuery(opening.symbol, opening.side, lots, opening.price_ticks)


def _read_opening(call: Call, form: OpenForm) -> _Opening | Refusal:
    if not (form.symbol and form.product_type and form.margin_coin and form.pos_side and form.order_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    side = read_choice(form.pos_side, HOLD_SIDES)
    if side is None:
        return codes.PARAMETERS
    order_type = read_choice(form.order_type, ORDER_TYPES)
    if order_type is None:
        return codes.ORDER_TYPE_ILLEGAL
    if order_type == "market":
        return _Opening(contract.symbol, side, order_type, None)
    if not form.open_price:
        return codes.PARAMETERS
    price_ticks = read_price_ticks(form.open_price, contract)
    if isinstance(price_ticks, Refusal):
        return price_ticks
    return _Opening(contract.symbol, side, order_type, price_ticks)


def parse_isolated_symbols(call: Call) -> IsolatedSymbolsQuery | Refusal:
    """Read a question for isolated symbols: product type 400172. Source: bitget-v2/isolated-symbols."""
    product_type = read_product_type(read_query(ProductForm, call.parameters).product_type)
    return product_type if isinstance(product_type, Refusal) else IsolatedSymbolsQuery(product_type)


def parse_adl_rank(call: Call) -> AdlRankQuery | Refusal:
    """Read a question for places in line: product type 400172. Source: bitget-v2/adl-rank."""
    product_type = read_product_type(read_query(ProductForm, call.parameters).product_type)
    return product_type if isinstance(product_type, Refusal) else AdlRankQuery(product_type)
