"""
Everything that can have happened, and every reason for a refusal: a closed set, frozen.

Events are what the engine returns for a command; read models and streams are folds of them. Time and
sequence stand beside the events of a command (`projections.applied.Applied`), not in each of them.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from backhand.commands import (
    Contract,
    MarginMode,
    OrderType,
    Preset,
    SelfTradePrevention,
    TimeInForce,
    TriggerBy,
    TriggerKind,
)

#: Where an order comes from: a client's request, a waiting order of its, or the venue itself.
OrderSource = Literal[
    "normal",
    "market",
    "reverse",
    "trader_reverse",
    "close",
    "modify",
    "entry",
    "trailing_entry",
    "take_profit",
    "stop_loss",
    "trailing_stop",
    "position_take_profit",
    "position_stop_loss",
    "liquidation",
    "netting",
    "adl",
    "delivery",
]
#: What a fill is part of: a trade in the book (`liquidation` and `reduction` are the holder's half of one),
#: or the venue's own settlement between two positions.
FillKind = Literal["trade", "liquidation", "reduction", "netting", "adl", "delivery"]


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
    WORSE_THAN_QUOTED = "worse_than_quoted"
    PRICE_GUARD_BROKEN = "price_guard_broken"
    NOT_BOTH_LEGS = "not_both_legs"
    NO_LIQUIDITY = "no_liquidity"
    TOO_MANY_ORDERS = "too_many_orders"
    TIER_EXCEEDED = "tier_exceeded"
    TOO_MANY_POSITIONS = "too_many_positions"
    POSITION_LIMIT_EXCEEDED = "position_limit_exceeded"
    LIMIT_BUY_BANKRUPTS = "limit_buy_bankrupts"
    LIMIT_SELL_BANKRUPTS = "limit_sell_bankrupts"
    MARKET_BUY_BANKRUPTS = "market_buy_bankrupts"
    MARKET_SELL_BANKRUPTS = "market_sell_bankrupts"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    UNKNOWN_ORDER = "unknown_order"
    NO_ORDER_TO_CANCEL = "no_order_to_cancel"
    ORDER_NOT_MODIFIABLE = "order_not_modifiable"
    ORDER_UNCHANGED = "order_unchanged"
    UNKNOWN_TRIGGER = "unknown_trigger"
    UNKNOWN_PROTECTION = "unknown_protection"
    TOO_MANY_TRIGGERS = "too_many_triggers"
    CALLBACK_OUT_OF_RANGE = "callback_out_of_range"
    NO_POSITION_TO_PROTECT = "no_position_to_protect"
    LONG_TAKE_PROFIT_TOO_LOW = "long_take_profit_too_low"
    LONG_STOP_LOSS_TOO_HIGH = "long_stop_loss_too_high"
    SHORT_TAKE_PROFIT_TOO_HIGH = "short_take_profit_too_high"
    SHORT_STOP_LOSS_TOO_LOW = "short_stop_loss_too_low"
    MARGIN_IS_CROSSED = "margin_is_crossed"
    NO_POSITION_FOR_MARGIN = "no_position_for_margin"
    MARGIN_AMOUNT_TOO_LARGE = "margin_amount_too_large"
    LEVERAGE_MISSING = "leverage_missing"
    LEVERAGE_SIDE_MISSING = "leverage_side_missing"
    LEVERAGE_OUT_OF_RANGE = "leverage_out_of_range"
    LEVERAGE_ORDERS_OPEN = "leverage_orders_open"
    LEVERAGE_MARGIN_MISSING = "leverage_margin_missing"
    MARGIN_MODE_BUSY = "margin_mode_busy"
    POSITION_MODE_BUSY = "position_mode_busy"


class CancelReason(StrEnum):
    """Why an order, or one that waits for a price, ended without being filled whole."""

    BY_CLIENT = "by_client"
    IMMEDIATE_REMAINDER = "immediate_remainder"
    FILL_OR_KILL = "fill_or_kill"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    SELF_TRADE = "self_trade"
    REDUCE_ONLY_EXCESS = "reduce_only_excess"
    DISPLACED = "displaced"
    MODIFIED = "modified"
    LIQUIDATION = "liquidation"
    DELISTED = "delisted"
    OPENING_DISABLED = "opening_disabled"
    POSITION_CLOSED = "position_closed"
    REPLACED = "replaced"
    REVERSAL = "reversal"
    SHORTFALL_MARGIN = "shortfall_margin"
    SHORTFALL_TIER = "shortfall_tier"
    SHORTFALL_DUST = "shortfall_dust"
    SHORTFALL_LIQUIDITY = "shortfall_liquidity"
    SHORTFALL_OPENING_DISABLED = "shortfall_opening_disabled"
    SHORTFALL_LOCKED = "shortfall_locked"


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
    maintenance: str = "tiered"
    position_limit: str = "ignore"


class VenueResumed(Message, frozen=True):
    """The venue went on after it had stopped."""


class ClockAdvanced(Message, frozen=True):
    """Venue time has come to this, and what was due has happened."""

    time_ms: int


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
    """Index and mark price of a symbol, and the funding rate as it would be settled now."""

    symbol: str
    index_price_e12: int
    mark_price_e12: int
    funding_rate_e8: int = 0
    next_funding_ms: int = 0


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
    stp_mode: SelfTradePrevention = "none"
    take_profit: Preset | None = None
    stop_loss: Preset | None = None


class OrderPresetsChanged(Message, frozen=True):
    """An open order brings these along from now on."""

    order_id: int
    uid: str
    symbol: str
    take_profit: Preset | None
    stop_loss: Preset | None


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
    kind: FillKind = "trade"


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


class PositionKept(Message, frozen=True):
    """A flash close could not close a position, for this reason."""

    uid: str
    symbol: str
    side: int
    reason: RejectReason
    detail: str


class TriggerPlaced(Message, frozen=True):
    """
    An order waits for a price.

    `side` is the direction of the trade it will make, `hold_side` the leg in hedge mode (0 in one-way
    mode). `size_lots` 0 is the whole position; `limit_price_ticks` 0 is at market; `trigger_price_ticks`
    0 is a trailing order that started at once. `parent_order_id` is the order that brought it along, 0
    when none did.
    """

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    kind: TriggerKind
    side: int
    hold_side: int
    reduce_only: bool
    size_lots: int
    trigger_price_ticks: int
    trigger_by: TriggerBy
    limit_price_ticks: int
    callback_rate_e8: int
    margin_mode: MarginMode
    leverage: int
    stp_mode: SelfTradePrevention = "none"
    take_profit: Preset | None = None
    stop_loss: Preset | None = None
    parent_order_id: int = 0


class TriggerChanged(Message, frozen=True):
    """A waiting order has these terms from now on."""

    order_id: int
    uid: str
    symbol: str
    size_lots: int
    trigger_price_ticks: int
    trigger_by: TriggerBy
    limit_price_ticks: int
    callback_rate_e8: int
    take_profit: Preset | None = None
    stop_loss: Preset | None = None


class TriggerFired(Message, frozen=True):
    """The price came: `placed_order_id` was placed, or, when it is 0, could not be for `reason`."""

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    price_e12: int
    placed_order_id: int
    reason: RejectReason | None = None


class TriggerCancelled(Message, frozen=True):
    """A waiting order ended before its price came."""

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    reason: CancelReason


class MarginMoved(Message, frozen=True):
    """Margin of an isolated leg changed by `amount_e16`, to `margin_e16`."""

    uid: str
    symbol: str
    side: int
    amount_e16: int
    margin_e16: int
    cause: Literal["client", "leverage", "auto"]


class AutoMarginSet(Message, frozen=True):
    """Whether an isolated leg draws margin before it is liquidated."""

    uid: str
    symbol: str
    side: int
    enabled: bool


class FundingSettled(Message, frozen=True):
    """Funding of a symbol was settled for an instant, at this rate and mark price; payments follow."""

    symbol: str
    rate_e8: int
    mark_price_e12: int
    funding_ms: int


class FundingPaid(Message, frozen=True):
    """What a position received (positive) or paid at a settlement."""

    uid: str
    symbol: str
    side: int
    position_id: int
    lots: int
    amount_e8: int
    wallet_e8: int


class LiquidationStarted(Message, frozen=True):
    """
    Maintenance margin is no longer covered: of an isolated leg, or of all crossed positions (`side` 0).

    `symbol` is that whose price brought it about; the ratio is cut at 1 where equity is gone.
    """

    uid: str
    margin_coin: str
    symbol: str
    side: int
    margin_ratio_e16: int


class PositionLiquidated(Message, frozen=True):
    """
    A position was taken over at its bankruptcy price; the fills before this event are how it was closed.

    `insurance_e8` is what the fund received (positive) or paid, `house_e8` what the house paid beyond
    it. `wallet_e8` is the holder's afterwards. A bankruptcy price of 0 or -1 ticks is none.
    """

    uid: str
    margin_coin: str
    symbol: str
    side: int
    position_id: int
    lots: int
    bankruptcy_price_ticks: int
    insurance_e8: int
    house_e8: int
    wallet_e8: int
    fund_e8: int


class DeficitCovered(Message, frozen=True):
    """An account without crossed positions owed money: the insurance fund paid, and the house the rest."""

    uid: str
    margin_coin: str
    insurance_e8: int
    house_e8: int
    wallet_e8: int
    fund_e8: int


Event = (
    Rejected
    | VenueConfigured
    | VenueResumed
    | ClockAdvanced
    | ContractListed
    | AccountOpened
    | KeyOpened
    | Transferred
    | PriceSet
    | LadderReplaced
    | OrderAccepted
    | OrderPresetsChanged
    | Fill
    | PositionClosed
    | OrderCancelled
    | PositionReversed
    | PositionKept
    | TriggerPlaced
    | TriggerChanged
    | TriggerFired
    | TriggerCancelled
    | LeverageSet
    | MarginMoved
    | AutoMarginSet
    | MarginModeSet
    | PositionModeSet
    | FundingSettled
    | FundingPaid
    | LiquidationStarted
    | PositionLiquidated
    | DeficitCovered
)
