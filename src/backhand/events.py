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
    LockedSize,
    Maintenance,
    MarginMode,
    OneWaySide,
    OneWaySize,
    OrderType,
    PositionLimit,
    Preset,
    ReturnedLeg,
    SelfTradePrevention,
    ShortOfMargin,
    TimeInForce,
    TimestampWindow,
    TriggerBy,
    TriggerKind,
    WhenFlat,
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
#: A field of a reversal that can be sent and not count.
ReversalField = Literal["size", "side", "effect", "worst_price", "slippage"]


class RejectReason(StrEnum):
    """Why the engine refuses a command. Codes and texts for the wire are in `wire/codes.py`."""

    #: The venue has another id already.
    VENUE_ALREADY_CONFIGURED = "venue_already_configured"
    #: No client's account has this uid; the house is no client.
    UNKNOWN_ACCOUNT = "unknown_account"
    #: An account with this uid is open already.
    ACCOUNT_EXISTS = "account_exists"
    #: This API key is in use already.
    KEY_EXISTS = "key_exists"
    #: No listed contract is margined in this coin.
    UNKNOWN_COIN = "unknown_coin"
    #: The amount is zero.
    INVALID_AMOUNT = "invalid_amount"
    #: More is withdrawn than may leave the account; the detail is the most that may.
    INSUFFICIENT_FUNDS = "insufficient_funds"
    #: The contract's terms contradict themselves or what is listed; the detail says how.
    INVALID_CONTRACT = "invalid_contract"
    #: Tick or lot would change while somebody holds or orders the symbol.
    CONTRACT_IN_USE = "contract_in_use"
    #: The ladder's levels are too many, unordered, crossed or not positive; the detail says which.
    INVALID_LADDER = "invalid_ladder"
    #: A price, or how long it is good for, is missing where it is needed or not positive.
    INVALID_PRICE = "invalid_price"
    #: No contract of this symbol is listed.
    UNKNOWN_SYMBOL = "unknown_symbol"
    #: No listed contract is of this product type.
    UNKNOWN_PRODUCT_TYPE = "unknown_product_type"
    #: The symbol's status lets nobody trade it now.
    SYMBOL_NOT_TRADING = "symbol_not_trading"
    #: The symbol takes closing orders only.
    OPENING_DISABLED = "opening_disabled"
    #: The symbol has no price yet.
    NO_INDEX_PRICE = "no_index_price"
    #: Hedge mode, and nothing says whether the order opens or closes.
    EFFECT_MISSING = "effect_missing"
    #: Hedge mode, and what was sent says neither open nor close.
    EFFECT_INVALID = "effect_invalid"
    #: Hedge mode, and nothing says which leg to reverse.
    SIDE_MISSING = "side_missing"
    #: What was sent for the side names none.
    SIDE_INVALID = "side_invalid"
    #: The order names another margin mode than the symbol has, and the symbol is in use.
    MARGIN_MODE_MISMATCH = "margin_mode_mismatch"
    #: The client order id is in use, was in the last 30 days, or looks like a generated one.
    DUPLICATE_CLIENT_OID = "duplicate_client_oid"
    #: The size is no multiple of the lot; the detail is what was sent.
    SIZE_OFF_GRID = "size_off_grid"
    #: The size is below the contract's least; the detail is that least.
    SIZE_TOO_SMALL = "size_too_small"
    #: The size is beyond what one order may have; the detail is that bound.
    SIZE_TOO_LARGE = "size_too_large"
    #: An opening order is worth less than the contract's least; the detail is that least.
    VALUE_TOO_SMALL = "value_too_small"
    #: A buy's limit is above the band around mark; the detail is the band's edge.
    PRICE_ABOVE_BAND = "price_above_band"
    #: A sell's limit is below the band around mark; the detail is the band's edge.
    PRICE_BELOW_BAND = "price_below_band"
    #: There is nothing to close on that side.
    NO_POSITION_TO_CLOSE = "no_position_to_close"
    #: Resting closing orders hold the whole leg, and are to stay.
    NOTHING_AVAILABLE_TO_CLOSE = "nothing_available_to_close"
    #: One-way mode: a reduce-only order is larger than the position.
    REDUCE_ONLY_TOO_LARGE = "reduce_only_too_large"
    #: There is nothing to reverse on that side.
    NO_POSITION_TO_REVERSE = "no_position_to_reverse"
    #: The quote is too old to be committed.
    QUOTE_EXPIRED = "quote_expired"
    #: The outcome would be worse than quoted; the detail says in what.
    WORSE_THAN_QUOTED = "worse_than_quoted"
    #: Nothing, or with `strict` too little, is offered within the price guard; the detail is the guard.
    PRICE_GUARD_BROKEN = "price_guard_broken"
    #: Both legs cannot be filled whole, and `strict` wants both or neither; the detail says why.
    NOT_BOTH_LEGS = "not_both_legs"
    #: The book holds nothing within the band for a market order or a reversal.
    NO_LIQUIDITY = "no_liquidity"
    #: The symbol or product type holds as many open orders as it may; the detail is the bound.
    TOO_MANY_ORDERS = "too_many_orders"
    #: The position, with what would open, is beyond the tier of the leverage in use.
    TIER_EXCEEDED = "tier_exceeded"
    #: The product type holds as many positions as it may; the detail is the bound.
    TOO_MANY_POSITIONS = "too_many_positions"
    #: The position would be more than its share of open interest.
    POSITION_LIMIT_EXCEEDED = "position_limit_exceeded"
    #: A buy that closes has a limit beyond the bankruptcy price, which is the detail.
    LIMIT_BUY_BANKRUPTS = "limit_buy_bankrupts"
    #: A sell that closes has a limit beyond the bankruptcy price, which is the detail.
    LIMIT_SELL_BANKRUPTS = "limit_sell_bankrupts"
    #: No price is good enough for a buy at market to close this position.
    MARKET_BUY_BANKRUPTS = "market_buy_bankrupts"
    #: No price is good enough for a sell at market to close this position.
    MARKET_SELL_BANKRUPTS = "market_sell_bankrupts"
    #: Too little is free for what would open, or the margin ratio would be beyond 0.9.
    INSUFFICIENT_MARGIN = "insufficient_margin"
    #: No open order of the symbol has this id.
    UNKNOWN_ORDER = "unknown_order"
    #: Nothing that was named is open or waits.
    NO_ORDER_TO_CANCEL = "no_order_to_cancel"
    #: The order has filled in part, or is a closing one that takes no presets.
    ORDER_NOT_MODIFIABLE = "order_not_modifiable"
    #: What was sent changes nothing.
    ORDER_UNCHANGED = "order_unchanged"
    #: No waiting order of the symbol has this id.
    UNKNOWN_TRIGGER = "unknown_trigger"
    #: No waiting take-profit or stop-loss of the symbol has this id.
    UNKNOWN_PROTECTION = "unknown_protection"
    #: As many orders wait in the symbol as may; the detail is the bound.
    TOO_MANY_TRIGGERS = "too_many_triggers"
    #: A trailing order's way back is not above 0 and at most 10 %.
    CALLBACK_OUT_OF_RANGE = "callback_out_of_range"
    #: There is no position on that side to protect.
    NO_POSITION_TO_PROTECT = "no_position_to_protect"
    #: It would trigger at once: it is not above the price in the detail.
    LONG_TAKE_PROFIT_TOO_LOW = "long_take_profit_too_low"
    #: It would trigger at once: it is not below the price in the detail.
    LONG_STOP_LOSS_TOO_HIGH = "long_stop_loss_too_high"
    #: It would trigger at once: it is not below the price in the detail.
    SHORT_TAKE_PROFIT_TOO_HIGH = "short_take_profit_too_high"
    #: It would trigger at once: it is not above the price in the detail.
    SHORT_STOP_LOSS_TOO_LOW = "short_stop_loss_too_low"
    #: Margin moves and auto-margin are for isolated legs.
    MARGIN_IS_CROSSED = "margin_is_crossed"
    #: There is no position on that side.
    NO_POSITION_FOR_MARGIN = "no_position_for_margin"
    #: More is moved than is free, or than the leg can spare; the detail is the most.
    MARGIN_AMOUNT_TOO_LARGE = "margin_amount_too_large"
    #: No leverage was sent.
    LEVERAGE_MISSING = "leverage_missing"
    #: Isolated margin in hedge mode, and nothing says which leg's leverage.
    LEVERAGE_SIDE_MISSING = "leverage_side_missing"
    #: The leverage is not within the contract's range; the detail is what was sent.
    LEVERAGE_OUT_OF_RANGE = "leverage_out_of_range"
    #: The symbol has open orders.
    LEVERAGE_ORDERS_OPEN = "leverage_orders_open"
    #: The position's tier does not allow as much leverage.
    LEVERAGE_ABOVE_TIER = "leverage_above_tier"
    #: Lower leverage needs more margin than is free.
    LEVERAGE_MARGIN_MISSING = "leverage_margin_missing"
    #: The symbol has positions, open orders or orders that wait.
    MARGIN_MODE_BUSY = "margin_mode_busy"
    #: The product type has positions, open orders or orders that wait; the detail is where.
    POSITION_MODE_BUSY = "position_mode_busy"


class CancelReason(StrEnum):
    """Why an order, or one that waits for a price, ended without being filled whole."""

    #: The client cancelled it.
    BY_CLIENT = "by_client"
    #: What an immediate order could not fill.
    IMMEDIATE_REMAINDER = "immediate_remainder"
    #: It could not be filled whole at once.
    FILL_OR_KILL = "fill_or_kill"
    #: It would have taken, and must not.
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    #: It would have met an order of its own account.
    SELF_TRADE = "self_trade"
    #: The position it would close holds less than it asks for.
    REDUCE_ONLY_EXCESS = "reduce_only_excess"
    #: Its account could not have borne its fill any more.
    MARGIN_GUARD = "margin_guard"
    #: A newer closing order took what it held of the position.
    DISPLACED = "displaced"
    #: Another order took its place.
    MODIFIED = "modified"
    #: Its account or leg is being liquidated.
    LIQUIDATION = "liquidation"
    #: Its contract was taken off.
    DELISTED = "delisted"
    #: Its contract takes closing orders only from now on.
    OPENING_DISABLED = "opening_disabled"
    #: The position that it protected is gone.
    POSITION_CLOSED = "position_closed"
    #: A newer order for the whole position took its place.
    REPLACED = "replaced"
    #: A reversal needed what it held of the position.
    REVERSAL = "reversal"
    #: A reversal's open leg: too little margin.
    SHORTFALL_MARGIN = "shortfall_margin"
    #: A reversal's open leg: beyond the tier of the leverage in use.
    SHORTFALL_TIER = "shortfall_tier"
    #: A reversal's open leg: less than the contract's least size or value.
    SHORTFALL_DUST = "shortfall_dust"
    #: A reversal's leg: the book held no more within its bounds.
    SHORTFALL_LIQUIDITY = "shortfall_liquidity"
    #: A reversal's open leg: the symbol takes closing orders only.
    SHORTFALL_OPENING_DISABLED = "shortfall_opening_disabled"
    #: A reversal's leg: resting orders hold the rest of the position, and were to be left alone.
    SHORTFALL_LOCKED = "shortfall_locked"
    #: A reversal's open leg: it would be more than the contract's share of open interest.
    SHORTFALL_POSITION_LIMIT = "shortfall_position_limit"


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
    one_way_size: OneWaySize
    maintenance: Maintenance
    position_limit: PositionLimit
    one_way_side: OneWaySide
    locked_size: LockedSize
    short_of_margin: ShortOfMargin
    returned_leg: ReturnedLeg
    when_flat: WhenFlat
    timestamp_window: TimestampWindow


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

    `opened_lots` below `closed_lots` has its reason in `shortfall`. `returned_order_id` is the leg that the
    client's order id belongs to. `ignored` names what was sent and did not count, a price guard among it
    where another bound is nearer.
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
    cancelled_trigger_ids: tuple[int, ...]
    returned_order_id: int
    ignored: tuple[ReversalField, ...] = ()


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
    """
    The price came: `placed_order_id` was placed, or, when it is 0, could not be for `reason`.

    `detail` is the value the reason is about, as in `Rejected`.
    """

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    price_e12: int
    placed_order_id: int
    reason: RejectReason | None = None
    detail: str = ""


class TriggerCancelled(Message, frozen=True):
    """A waiting order ended before its price came."""

    order_id: int
    client_oid: str
    uid: str
    symbol: str
    reason: CancelReason


class MarginMoved(Message, frozen=True):
    """
    Margin of an isolated leg changed by `amount_e16`, to `margin_e16`.

    It moves within the wallet, which stays at `wallet_e8`.
    """

    uid: str
    symbol: str
    side: int
    amount_e16: int
    margin_e16: int
    cause: Literal["client", "leverage", "auto"]
    position_id: int = 0
    wallet_e8: int = 0


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
    it: the holder's wallet changed by the opposite of `insurance_e8 - house_e8`, to `wallet_e8`. A bankruptcy
    price of 0 or -1 ticks is none.
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
    hedge_mode: bool = False


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
