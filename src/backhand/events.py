"""
Everything that can have happened, and every reason for a refusal: a closed set, frozen.

Events are what the engine returns for a command; read models and streams are folds of them. Time and
sequence stand beside the events of a command (`projections.applied.Applied`), not in each of them.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from backhand.commands import Contract, MarginMode, OrderType, TimeInForce

OrderSource = Literal["normal", "market", "reverse", "trader_reverse"]


class RejectReason(StrEnum):
    """Why the engine refuses a command. Codes and texts for the wire are in `wire/codes.py`."""

    VENUE_ALREADY_CONFIGURED = "venue_already_configured"
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_EXISTS = "account_exists"
    KEY_EXISTS = "key_exists"
    UNKNOWN_COIN = "unknown_coin"
    INVALID_AMOUNT = "invalid_amount"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_CONTRACT = "invalid_contract"
    CONTRACT_IN_USE = "contract_in_use"
    INVALID_LADDER = "invalid_ladder"
    INVALID_PRICE = "invalid_price"
    UNKNOWN_SYMBOL = "unknown_symbol"
    UNKNOWN_PRODUCT_TYPE = "unknown_product_type"
    SYMBOL_NOT_TRADING = "symbol_not_trading"
    OPENING_DISABLED = "opening_disabled"
    NO_INDEX_PRICE = "no_index_price"
    EFFECT_MISSING = "effect_missing"
    EFFECT_INVALID = "effect_invalid"
    SIDE_MISSING = "side_missing"
    SIDE_INVALID = "side_invalid"
    MARGIN_MODE_MISMATCH = "margin_mode_mismatch"
    DUPLICATE_CLIENT_OID = "duplicate_client_oid"
    SIZE_OFF_GRID = "size_off_grid"
    SIZE_TOO_SMALL = "size_too_small"
    SIZE_TOO_LARGE = "size_too_large"
    VALUE_TOO_SMALL = "value_too_small"
    PRICE_ABOVE_BAND = "price_above_band"
    PRICE_BELOW_BAND = "price_below_band"
    NO_POSITION_TO_CLOSE = "no_position_to_close"
    NOTHING_AVAILABLE_TO_CLOSE = "nothing_available_to_close"
    REDUCE_ONLY_TOO_LARGE = "reduce_only_too_large"
    NO_POSITION_TO_REVERSE = "no_position_to_reverse"
    NO_LIQUIDITY = "no_liquidity"
    TOO_MANY_ORDERS = "too_many_orders"
    TIER_EXCEEDED = "tier_exceeded"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    UNKNOWN_ORDER = "unknown_order"
    LEVERAGE_MISSING = "leverage_missing"
    LEVERAGE_SIDE_MISSING = "leverage_side_missing"
    LEVERAGE_OUT_OF_RANGE = "leverage_out_of_range"
    LEVERAGE_ORDERS_OPEN = "leverage_orders_open"
    LEVERAGE_MARGIN_MISSING = "leverage_margin_missing"
    MARGIN_MODE_BUSY = "margin_mode_busy"
    POSITION_MODE_BUSY = "position_mode_busy"


class CancelReason(StrEnum):
    """Why an order ended without being filled whole."""

    BY_CLIENT = "by_client"
    IMMEDIATE_REMAINDER = "immediate_remainder"
    FILL_OR_KILL = "fill_or_kill"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    SELF_TRADE = "self_trade"
    REDUCE_ONLY_EXCESS = "reduce_only_excess"
    DISPLACED = "displaced"
    REVERSAL = "reversal"
    SHORTFALL_MARGIN = "shortfall_margin"
    SHORTFALL_TIER = "shortfall_tier"
    SHORTFALL_DUST = "shortfall_dust"
    SHORTFALL_LIQUIDITY = "shortfall_liquidity"
    SHORTFALL_OPENING_DISABLED = "shortfall_opening_disabled"


class Message(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of every event: frozen, comparable, tagged with its class name."""


class Rejected(Message, frozen=True):
    """
    The command changed nothing, and this is the first reason that applies.

    `detail` is the value the reason is about (a symbol, a minimum), never a secret.
    """

    reason: RejectReason
    detail: str = ""


class VenueConfigured(Message, frozen=True):
    """The venue has its identity and switches."""

    venue_id: str
    one_way_size: str


class ContractListed(Message, frozen=True):
    """A contract has these terms from now on."""

    contract: Contract


class AccountOpened(Message, frozen=True):
    """An account exists."""

    uid: str
    copy_trader: bool
    hedge_mode: bool
    margin_mode: MarginMode
    leverage: int


class KeyOpened(Message, frozen=True):
    """An API key is valid."""

    uid: str
    api_key: str
    permissions: tuple[str, ...]


class Transferred(Message, frozen=True):
    """Money entered (positive) or left the venue."""

    uid: str
    coin: str
    amount_e8: int
    wallet_e8: int


class PriceSet(Message, frozen=True):
    """Index and mark price of a symbol."""

    symbol: str
    index_price_e12: int
    mark_price_e12: int


class LadderReplaced(Message, frozen=True):
    """The house's resting levels of a symbol, (price_ticks, size_lots), best first, before fills."""

    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class OrderAccepted(Message, frozen=True):
    """
    An order has an id.

    `side` is the direction of the trade in both modes; `hold_side` the position it belongs to in
    hedge mode (1 long, -1 short), 0 in one-way mode. `reduce_only` is true for closes of both modes.
    """

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    side: int
    hold_side: int
    reduce_only: bool
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: int
    size_lots: int
    margin_mode: MarginMode
    leverage: int
    source: OrderSource


class Fill(Message, frozen=True):
    """
    One order's half of a trade: a trade makes two fills with the same `trade_id`, the taker's first.

    `fee_e8` is what was charged (positive), `profit_e8` the realised price profit posted to the
    wallet. `position_*` describe the position after the fill (`position_side` 0 when flat),
    `order_open_lots` what is left of the order: 0 means filled. `is_close` tells whether the fill
    reduced a position; a one-way fill through zero closes and opens, and counts as a close.
    """

    trade_id: int
    order_id: int
    uid: str
    symbol: str
    side: int
    is_taker: bool
    price_ticks: int
    size_lots: int
    order_open_lots: int
    fee_e8: int
    profit_e8: int
    is_close: bool
    position_id: int
    position_side: int
    position_lots: int
    position_average_price_e12: int
    wallet_e8: int


class PositionClosed(Message, frozen=True):
    """
    A position came down to zero: its whole life in figures, values in quote e20.

    Average prices are opened_value / opened size and closed_value / closed size.
    """

    position_id: int
    uid: str
    symbol: str
    side: int
    hedge_mode: bool
    margin_mode: MarginMode
    opened_at_ms: int
    opened_lots: int
    closed_lots: int
    opened_value_e20: int
    closed_value_e20: int
    profit_e8: int
    open_fee_e8: int
    close_fee_e8: int
    funding_e8: int


class OrderCancelled(Message, frozen=True):
    """An order ended with `open_lots` unfilled."""

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    reason: CancelReason
    open_lots: int


class PositionReversed(Message, frozen=True):
    """
    A reversal happened: both legs stand in the fills before this event.

    `opened_lots` below `closed_lots` has its reason in `shortfall`. `size_ignored` tells that a size
    was sent and did not count (reversal.md A6).
    """

    uid: str
    symbol: str
    from_side: int
    close_order_id: int
    open_order_id: int
    client_oid: str
    closed_lots: int
    opened_lots: int
    shortfall: CancelReason | None
    cancelled_order_ids: tuple[int, ...]
    size_ignored: bool


class LeverageSet(Message, frozen=True):
    """The leverages of a symbol for an account."""

    uid: str
    symbol: str
    margin_mode: MarginMode
    crossed: int
    isolated_long: int
    isolated_short: int


class MarginModeSet(Message, frozen=True):
    """The margin mode of a symbol for an account."""

    uid: str
    symbol: str
    margin_mode: MarginMode
    crossed: int
    isolated_long: int
    isolated_short: int


class PositionModeSet(Message, frozen=True):
    """One-way or hedge mode of a product type for an account."""

    uid: str
    product_type: str
    hedge_mode: bool


Event = (
    Rejected
    | VenueConfigured
    | ContractListed
    | AccountOpened
    | KeyOpened
    | Transferred
    | PriceSet
    | LadderReplaced
    | OrderAccepted
    | Fill
    | PositionClosed
    | OrderCancelled
    | PositionReversed
    | LeverageSet
    | MarginModeSet
    | PositionModeSet
)
