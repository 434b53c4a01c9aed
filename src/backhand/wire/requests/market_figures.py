"""Requests that anybody may make for figures as they stand: tiers, prices, open interest, funding, fees."""

from typing import Final

import msgspec

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form, read_choice, read_digits, read_query
from backhand.wire.requests.markets import EmptyListQuery, MarketForm, public_contract, public_product

ANNOUNCEMENT_TYPES: Final = {
    name: name
    for name in (
        "",
        "latest_news",
        "coin_listings",
        "product_updates",
        "security",
        "api_trading",
        "maintenance_system_updates",
        "symbol_delisting",
    )
}


class TiersQuery(msgspec.Struct, frozen=True, gc=False):
    """The position tiers of a symbol."""

    symbol: str


class SymbolPriceQuery(msgspec.Struct, frozen=True, gc=False):
    """Last, index and mark price of a symbol."""

    symbol: str


class OpenInterestQuery(msgspec.Struct, frozen=True, gc=False):
    """What is held of a symbol on either side."""

    symbol: str


class FundingTimeQuery(msgspec.Struct, frozen=True, gc=False):
    """When funding of a symbol is settled next."""

    symbol: str


class FundingRateQuery(msgspec.Struct, frozen=True, gc=False):
    """Funding rates as they would be settled now: of a product type, or of one symbol."""

    product_type: str
    symbol: str | None


class OpenInterestLimitQuery(msgspec.Struct, frozen=True, gc=False):
    """What one account may hold: of each symbol of a product type, or of one."""

    product_type: str
    symbol: str | None


class VipFeesQuery(msgspec.Struct, frozen=True, gc=False):
    """Fee rates of the exchange's VIP levels."""


class UnionRatesQuery(msgspec.Struct, frozen=True, gc=False):
    """Past interest rates of a coin that was borrowed in union margin."""

    coin: str


class AnnouncementsForm(Form, frozen=True):
    """Query of public/annoucements; the exchange spells its path so."""

    language: str = ""
    ann_type: str = ""
    start_time: str = ""
    end_time: str = ""
    cursor: str = ""
    limit: str = ""


class CoinForm(Form, frozen=True):
    """Query of union-interest-rate-history."""

    coin: str = ""


def parse_tiers(call: Call) -> TiersQuery | Refusal:
    """Read a question for position tiers: refused as `parse_ticker`. Source: bitget-v2/get-position-tier."""
    symbol = _symbol(call)
    return symbol if isinstance(symbol, Refusal) else TiersQuery(symbol)


def parse_symbol_price(call: Call) -> SymbolPriceQuery | Refusal:
    """Read a question for prices: refused as `parse_ticker`. Source: bitget-v2/symbol-price."""
    symbol = _symbol(call)
    return symbol if isinstance(symbol, Refusal) else SymbolPriceQuery(symbol)


def parse_open_interest(call: Call) -> OpenInterestQuery | Refusal:
    """Read a question for open interest: refused as `parse_ticker`. Source: bitget-v2/open-interest."""
    symbol = _symbol(call)
    return symbol if isinstance(symbol, Refusal) else OpenInterestQuery(symbol)


def parse_funding_time(call: Call) -> FundingTimeQuery | Refusal:
    """Read a question for the next settlement: refused as `parse_ticker`. Source: bitget-v2/funding-time."""
    symbol = _symbol(call)
    return symbol if isinstance(symbol, Refusal) else FundingTimeQuery(symbol)


def parse_funding_rate(call: Call) -> FundingRateQuery | Refusal:
    """
    Read a question for running funding rates.

    Refused in this order: productType missing 400172, unknown 40019; symbol unknown 40034.
    Source: bitget-v2/current-fund-rate.
    """
    scope = _scope(call)
    return scope if isinstance(scope, Refusal) else FundingRateQuery(*scope)


def parse_open_interest_limit(call: Call) -> OpenInterestLimitQuery | Refusal:
    """Read a question for what may be held: refused as `parse_funding_rate`. Source: bitget-v2/oi-limit."""
    scope = _scope(call)
    return scope if isinstance(scope, Refusal) else OpenInterestLimitQuery(*scope)


def parse_vip_fees(call: Call) -> VipFeesQuery:
    """Read a question for the fees of VIP levels: nothing is refused."""
    del call
    return VipFeesQuery()


def parse_union_rates(call: Call) -> UnionRatesQuery | Refusal:
    """
    Read a question for interest rates.

    Refused in this order: coin missing 40019, not a coin of any contract 40034.
    Source: bitget-v2/union-interest-rate-history.
    """
    coin = read_query(CoinForm, call.parameters).coin.upper()
    if not coin:
        return codes.empty_parameter("coin")
    if not any(coin in (contract.base_coin, contract.quote_coin) for contract in call.contracts.values()):
        return codes.not_existing(coin)
    return UnionRatesQuery(coin)


def parse_announcements(call: Call) -> EmptyListQuery | Refusal:
    """
    Read a question for announcements; this venue makes none.

    Refused in this order: language missing 40019; annType unknown, a time or limit that is not a whole
    number 40020; start after end 20001. Source: market.md section 2.
    """
    form = read_query(AnnouncementsForm, call.parameters)
    if not form.language:
        return codes.empty_parameter("language")
    if read_choice(form.ann_type, ANNOUNCEMENT_TYPES) is None:
        return codes.malformed("annType")
    times: list[int | None] = []
    for name, text in (("startTime", form.start_time), ("endTime", form.end_time), ("limit", form.limit)):
        number = read_digits(text)
        if text and number is None:
            return codes.malformed(name)
        times.append(number)
    start_ms, end_ms, _ = times
    if start_ms is not None and end_ms is not None and start_ms > end_ms:
        return codes.TIMES_BACKWARDS
    return EmptyListQuery()


def _symbol(call: Call) -> str | Refusal:
    form = read_query(MarketForm, call.parameters)
    contract = public_contract(call, form.product_type, form.symbol)
    return contract if isinstance(contract, Refusal) else contract.symbol


def _scope(call: Call) -> tuple[str, str | None] | Refusal:
    """Read a product type and, if one was sent, a symbol, which then counts alone."""
    form = read_query(MarketForm, call.parameters)
    product_type = public_product(form.product_type)
    if isinstance(product_type, Refusal):
        return product_type
    if not form.symbol:
        return product_type, None
    contract = public_contract(call, form.product_type, form.symbol)
    return contract if isinstance(contract, Refusal) else (contract.product_type, contract.symbol)
