"""Answers that anybody may read for figures as they stand: tiers, prices, open interest, funding, fees."""

from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.units import format_decimal, format_fixed


class TierRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One position tier; units are quote currency."""

    symbol: str
    level: str
    start_unit: str
    end_unit: str
    leverage: str
    keep_margin_rate: str


class SymbolPriceRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Prices of a symbol; `price` is the last one, "" before the first trade."""

    symbol: str
    price: str
    index_price: str
    mark_price: str
    ts: str


class OpenInterestRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What is held of a symbol on either side, in base coin."""

    symbol: str
    size: str


class OpenInterestAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of market/open-interest."""

    open_interest_list: list[OpenInterestRow]
    ts: str


class FundingTimeRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """When funding is settled next; the period is in hours."""

    symbol: str
    next_funding_time: str
    rate_period: str


class FundingRateRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The funding rate as it would be settled now; the interval is in hours."""

    symbol: str
    funding_rate: str
    funding_rate_interval: str
    next_update: str
    min_funding_rate: str
    max_funding_rate: str


class OpenInterestLimitRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What one account, and one group of main and sub-accounts, may hold; in quote currency."""

    symbol: str
    notional_value: str
    total_notional_value: str


class VipFeeRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Fee rates of one VIP level of the exchange; "" where nobody published the figure."""

    level: str
    deal_amount: str
    asset_amount: str
    taker_fee_rate: str
    maker_fee_rate: str
    btc_withdraw_amount: str
    usdt_withdraw_amount: str


class UnionRatesAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of union-interest-rate-history: nothing is ever borrowed here."""

    coin: str
    history_interest_rate_list: list[str]


class TradeRateAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of common/trade-rate."""

    maker_fee_rate: str
    taker_fee_rate: str


class SymbolTradeRateRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Fee rates of one symbol, as in common/all-trade-rate."""

    symbol: str
    maker_fee_rate: str
    taker_fee_rate: str


#: The levels above 0 in words of vip-fee-rate; level 0 is the contract's own rates. Source: market.md 9.
VIP_FEES: Final = (
    VipFeeRow("1", "5000000", "30000", "0.0006", "0.00019", "300", "4000000"),
    VipFeeRow("2", "10000000", "50000", "0.0004", "0.00016", "", ""),
    VipFeeRow("3", "20000000", "250000", "0.000375", "0.00014", "", ""),
    VipFeeRow("4", "50000000", "750000", "0.00035", "0.00012", "", ""),
    VipFeeRow("5", "100000000", "2000000", "0.00032", "0.0001", "", ""),
    VipFeeRow("6", "300000000", "5000000", "0.0003", "0.00008", "", ""),
    VipFeeRow("7", "1000000000", "10000000", "0.0002", "0", "", ""),
)
#: Decimals of a maintenance rate; more are shown where a rate has more.
KEEP_MARGIN_PLACES: Final = 4


def tier_rows(contract: Contract) -> list[TierRow]:
    """Print a contract's tiers, lowest first. Source: bitget-v2/get-position-tier; market.md section 4."""
    rows: list[TierRow] = []
    start_e8 = 0
    for level, tier in enumerate(contract.tiers, 1):
        rows.append(
            TierRow(
                contract.symbol,
                str(level),
                format_decimal(start_e8, 8),
                format_decimal(tier.end_value_e8, 8),
                str(tier.leverage_max),
                _keep_margin_rate(tier.maintenance_rate_e8),
            )
        )
        start_e8 = tier.end_value_e8
    return rows


def _keep_margin_rate(rate_e8: int) -> str:
    short = format_fixed(rate_e8, 8, KEEP_MARGIN_PLACES)
    exact = format_decimal(rate_e8, 8)
    return exact if len(exact) > len(short) else short


def symbol_price_row(
    contract: Contract, last_price_e12: int, index_price_e12: int, mark_price_e12: int, time_ms: int
) -> SymbolPriceRow:
    """Print a symbol's prices. Source: bitget-v2/symbol-price."""
    return SymbolPriceRow(
        contract.symbol,
        format_fixed(last_price_e12, 12, contract.price_places) if last_price_e12 else "",
        format_decimal(index_price_e12, 12),
        format_decimal(mark_price_e12, 12),
        str(time_ms),
    )


def open_interest_answer(symbol: str, size_e8: int, time_ms: int) -> OpenInterestAnswer:
    """Print what is held of a symbol. Source: bitget-v2/open-interest."""
    return OpenInterestAnswer([OpenInterestRow(symbol, format_decimal(size_e8, 8))], str(time_ms))


def funding_time_row(contract: Contract, next_funding_ms: int) -> FundingTimeRow:
    """Print when funding is settled next. Source: bitget-v2/funding-time."""
    return FundingTimeRow(contract.symbol, str(next_funding_ms), str(contract.funding_interval_hours))


def funding_rate_row(contract: Contract, rate_e8: int, next_funding_ms: int) -> FundingRateRow:
    """Print the running funding rate. Source: bitget-v2/current-fund-rate."""
    return FundingRateRow(
        contract.symbol,
        format_decimal(rate_e8, 8),
        str(contract.funding_interval_hours),
        str(next_funding_ms),
        format_decimal(contract.funding_rate_min_e8, 8),
        format_decimal(contract.funding_rate_max_e8, 8),
    )


def open_interest_limit_row(contract: Contract) -> OpenInterestLimitRow:
    """Print what one account may hold: up to the end of the last tier. Source: bitget-v2/oi-limit."""
    value = format_decimal(contract.tiers[-1].end_value_e8, 8)
    return OpenInterestLimitRow(contract.symbol, value, value)


def union_rates_answer(coin: str) -> UnionRatesAnswer:
    """Answer that no interest was ever charged for a coin."""
    return UnionRatesAnswer(coin, [])


def trade_rate_answer(contract: Contract) -> TradeRateAnswer:
    """Print what trading a symbol costs. Source: bitget-v2/get-trade-rate."""
    return TradeRateAnswer(
        format_decimal(contract.maker_fee_rate_e8, 8), format_decimal(contract.taker_fee_rate_e8, 8)
    )


def trade_rate_rows(contracts: Sequence[Contract]) -> list[SymbolTradeRateRow]:
    """Print what trading each symbol costs. Source: bitget-v2/get-all-trade-rate."""
    rates = [(contract.symbol, trade_rate_answer(contract)) for contract in contracts]
    return [SymbolTradeRateRow(symbol, rate.maker_fee_rate, rate.taker_fee_rate) for symbol, rate in rates]
