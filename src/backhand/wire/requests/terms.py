"""
The terms of orders: enumerations, sizes, prices, and the take-profit and stop-loss that an order brings.

What several requests have in common. Letters of enumerations may have any case.
"""

from typing import Final

from backhand.commands import (
    BUY,
    LONG,
    SELL,
    SHORT,
    Contract,
    Effect,
    MarginMode,
    OrderType,
    Preset,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerBy,
)
from backhand.units import DECIMAL_TEXT_MAX, decimal_places, format_decimal, parse_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import COUNT_MAX, count_lots, read_positive, read_price_ticks

SIDES: Final[dict[str, Side]] = {"buy": BUY, "sell": SELL}
#: Where a position is named: its side, or, by ccxt in one-way mode, the side that opened it.
HOLD_SIDES: Final[dict[str, Side]] = {"long": LONG, "short": SHORT, "buy": LONG, "sell": SHORT}
EFFECTS: Final[dict[str, Effect]] = {"open": "open", "close": "close"}
ORDER_TYPES: Final[dict[str, OrderType]] = {"limit": "limit", "market": "market"}
MARGIN_MODES: Final[dict[str, MarginMode]] = {"crossed": "crossed", "isolated": "isolated"}
FORCES: Final[dict[str, TimeInForce]] = {
    "": "gtc",
    "gtc": "gtc",
    "ioc": "ioc",
    "fok": "fok",
    "post_only": "post_only",
}
REDUCE_ONLY: Final = {"": False, "no": False, "yes": True}
STP_MODES: Final[dict[str, SelfTradePrevention]] = {
    "": "none",
    "none": "none",
    "cancel_taker": "cancel_taker",
    "cancel_maker": "cancel_maker",
    "cancel_both": "cancel_both",
}
TRIGGER_TYPES: Final[dict[str, TriggerBy]] = {"fill_price": "last", "mark_price": "mark"}

#: A percentage counted in 10^-6 is its ratio counted in 10^-8.
_PERCENT_PLACES: Final = 6


def read_effect(trade_side: str) -> Effect | None:
    """Read what an order does to a position; whether it counts is the engine's to say."""
    return EFFECTS.get(trade_side.lower(), "invalid") if trade_side else None


def read_lots(text: str, contract: Contract) -> int | Refusal:
    """Read an order's size: 40808 when it is none or has too many decimals, 22038 when off the step."""
    size = read_positive(text)
    if isinstance(size, Refusal):
        return size
    if decimal_places(text) > contract.size_places:
        return codes.bad_number(f"size checkBDScale error value={text} checkScale={contract.size_places}")
    lots = count_lots(size, contract)
    return codes.off_size_step(format_decimal(contract.lot_e8, 8)) if lots is None else lots


def is_zero(text: str) -> bool:
    """Tell whether text is a zero, however it is written."""
    return parse_decimal(text, DECIMAL_TEXT_MAX) == 0


def read_execute_price(text: str, contract: Contract, name: str) -> int | Refusal | None:
    """Read the price of an order that waits: absent or 0 executes at market, which is None."""
    return None if not text or is_zero(text) else read_price_ticks(text, contract, name)


def read_preset(
    trigger_price: str,
    execute_price: str,
    contract: Contract,
    names: tuple[str, str],
    trigger_by: TriggerBy = "mark",
) -> Preset | Refusal | None:
    """
    Read a take-profit or stop-loss that an order brings: absent or 0 is none.

    An execute price without a trigger price 400172, prices as elsewhere. `names` are those of both fields.
    """
    if not trigger_price or is_zero(trigger_price):
        return None if not execute_price or is_zero(execute_price) else codes.PARAMETERS
    trigger = read_price_ticks(trigger_price, contract, names[0])
    if isinstance(trigger, Refusal):
        return trigger
    limit = read_execute_price(execute_price, contract, names[1])
    return limit if isinstance(limit, Refusal) else Preset(trigger, limit, trigger_by)


def read_callback(trails: bool, text: str, name: str) -> int | Refusal:
    """
    Read how far, in per cent, a trailing order lets the price come back, as a ratio in e8; others have none.

    Missing 400172, no number of at most 6 decimals 40020; cut at COUNT_MAX.
    """
    if not trails:
        return 0
    return read_percent(text, name) if text else codes.PARAMETERS


def read_percent(text: str, name: str) -> int | Refusal:
    """Read a percentage as a ratio in e8, cut at COUNT_MAX: 40020 when it is none of at most 6 decimals."""
    rate_e8 = parse_decimal(text, _PERCENT_PLACES)
    return codes.malformed(name) if rate_e8 is None else max(-COUNT_MAX, min(rate_e8, COUNT_MAX))
