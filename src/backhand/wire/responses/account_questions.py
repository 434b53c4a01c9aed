"""Answers about what an account could do: account/open-count, max-open, liq-price, isolated-symbols."""

import msgspec

from backhand.units import format_decimal


class OpenCountAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of account/open-count, in base coin."""

    size: str


class MaxOpenAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of account/max-open, in base coin."""

    max_open: str


class LiquidationPriceAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Answer of account/liq-price; "0" where there is none."""

    liq_price: str


class IsolatedSymbolRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One symbol whose margin mode is isolated."""

    symbol: str
    margin_mode: str = "isolated"


def open_count_answer(size_e8: int) -> OpenCountAnswer:
    """Answer what a margin would open. Source: bitget-v2/get-est-open-count."""
    return OpenCountAnswer(format_decimal(size_e8, 8))


def max_open_answer(size_e8: int) -> MaxOpenAnswer:
    """Answer what can be opened. Source: bitget-v2/get-max-openable."""
    return MaxOpenAnswer(format_decimal(size_e8, 8))


def liquidation_price_answer(price_e16: int) -> LiquidationPriceAnswer:
    """Answer where a leg would be liquidated. Source: bitget-v2/get-liq-price."""
    return LiquidationPriceAnswer(format_decimal(max(price_e16, 0), 16))
