"""
Everything a client, an operator or the clock may ask of the venue: a closed set, frozen.

A command is what the journal stores, so its fields are self-contained integers and short text: no
wire names, no state, no time of its own (a batch is stamped once, see `journal.record`). Syntax,
signatures and rate limits are judged before a command exists; everything else is judged by the engine.
"""

from typing import Final, Literal

import msgspec

Side = Literal[1, -1]
BUY: Final[Literal[1]] = 1
SELL: Final[Literal[-1]] = -1
LONG: Final[Literal[1]] = 1
SHORT: Final[Literal[-1]] = -1
#: Stands in a side field when text was sent that names no side: the engine decides whether it matters.
INVALID_SIDE: Final[Literal[0]] = 0

Effect = Literal["open", "close", "invalid"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["gtc", "ioc", "fok", "post_only"]
MarginMode = Literal["crossed", "isolated"]
ContractStatus = Literal["listed", "normal", "maintain", "limit_open", "restricted", "off"]
#: What becomes of a reversal whose open leg cannot be as large as the close leg (DESIGN section 5).
#: `auto` is what the venue's switch `short_of_margin` says.
Shortfall = Literal["auto", "close", "largest", "strict"]
#: What becomes of resting orders that hold part of the position: spec A10, or one of the others.
OpenOrders = Literal["auto", "exclude", "include", "cancel_all"]
SelfTradePrevention = Literal["none", "cancel_taker", "cancel_maker", "cancel_both"]
#: The venue's switches for what is not known of the real exchange; see `ConfigureVenue`.
OneWaySize = Literal["ignore", "honour"]
Maintenance = Literal["tiered", "flat"]
PositionLimit = Literal["ignore", "enforce"]
OneWaySide = Literal["ignore", "strict"]
LockedSize = Literal["leave", "cancel"]
ShortOfMargin = Literal["close", "largest"]
ReturnedLeg = Literal["open", "close"]
WhenFlat = Literal["not_enough", "no_position"]
TimestampWindow = Literal["wall", "venue"]
#: What a price is compared with: that of the last trade, or the mark price.
TriggerBy = Literal["last", "mark"]
#: What an order may bring along.
PresetKind = Literal["take_profit", "stop_loss"]
#: Orders that wait for a price. The first two stand for themselves; the others protect a position and end
#: with it, the last two the whole of it.
TriggerKind = Literal[
    "entry",
    "trailing_entry",
    "take_profit",
    "stop_loss",
    "trailing_stop",
    "position_take_profit",
    "position_stop_loss",
]

#: The account that provides liquidity on the venue's own behalf.
HOUSE_UID: Final = "0"


class Message(
    msgspec.Struct, frozen=True, gc=False, tag=True, forbid_unknown_fields=True, omit_defaults=True
):
    """
    Base of every command: frozen, comparable, tagged with its class name.

    What has its default is not written: half of a journal would be defaults.
    """


class Tier(msgspec.Struct, frozen=True, gc=False):
    """
    One row of a contract's position tiers; a value exactly on `end_value_e8` belongs to this tier.

    `end_value_e8` is in the quote currency. Source: Get Position Tier; contracts.md section 7.
    """

    end_value_e8: int
    leverage_max: int
    maintenance_rate_e8: int


class Contract(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """
    The terms of one perpetual contract. Sizes count base coin, also for inverse contracts.

    A lot is the size step (`lot_e8` base coin), a tick the price step (`tick_e12` quote currency).
    `inverse` contracts are margined and settled in their base coin. Source: Get Contract Config;
    contracts.md section 1.
    """

    symbol: str
    product_type: str
    base_coin: str
    quote_coin: str
    margin_coin: str
    inverse: bool
    lot_e8: int
    size_places: int
    tick_e12: int
    price_places: int
    price_end_step: int
    size_lots_min: int
    limit_size_lots_max: int
    market_size_lots_max: int
    value_min_e8: int
    maker_fee_rate_e8: int
    taker_fee_rate_e8: int
    buy_band_rate_e8: int
    sell_band_rate_e8: int
    fee_up_rate_e8: int
    open_cost_up_rate_e8: int
    leverage_min: int
    leverage_max: int
    position_limit_rate_e8: int
    symbol_orders_max: int
    product_orders_max: int
    positions_max: int
    funding_interval_hours: int
    tiers: tuple[Tier, ...]
    status: ContractStatus = "normal"
    funding_rate_min_e8: int = -300_000
    funding_rate_max_e8: int = 300_000


class ConfigureVenue(Message, frozen=True):
    """
    Set what holds for the whole venue: the first command of every journal.

    What follows `seed` is the table of switches for what is not known of the real exchange: a name, its
    values, and the decided one as default.

    `one_way_size`: ignore the size of a one-way reversal, or honour it (reversal.md A6).
    `one_way_side`: ignore its side, or refuse one that is not opposite to the position (A5).
    `locked_size`: leave what closing orders hold out of a hedge reversal, or cancel them, oldest first (A10).
    `short_of_margin`: close alone, or open the largest size that can be paid for (A13).
    `returned_leg`: whose order id is answered, and takes the client's (A14).
    `when_flat`: which of two reasons refuses a reversal of nothing (A15).
    `maintenance`: tiered slice by slice, or the position's tier for all of it (contracts.md section 7).
    `position_limit`: ignore a contract's share of open interest, or enforce it (same section).
    `timestamp_window`: signatures are checked against the wall clock, and not at all while the venue's is
    another, or always against the venue's.
    """

    venue_id: str
    seed: int | None = None
    one_way_size: OneWaySize = "ignore"
    maintenance: Maintenance = "tiered"
    position_limit: PositionLimit = "ignore"
    one_way_side: OneWaySide = "ignore"
    locked_size: LockedSize = "leave"
    short_of_margin: ShortOfMargin = "close"
    returned_leg: ReturnedLeg = "open"
    when_flat: WhenFlat = "not_enough"
    timestamp_window: TimestampWindow = "wall"


class ResumeVenue(Message, frozen=True):
    """
    The venue went on after it had stopped: given once at each start on a journal that has a past.

    Prices of live sources are absent from here on, and the next of each symbol must pass a band before it
    liquidates anybody (contracts.md section 10).
    """


class AdvanceClock(Message, frozen=True):
    """
    Let the time of this batch do what it does: settle funding, move marks.

    The time is the batch's stamp. Instants of funding that lie between the last command and this one are
    settled one after the other.
    """


class ListContract(Message, frozen=True):
    """
    List a contract that the venue does not have yet, or give a listed one these terms.

    Its `status` closes it for opening or takes it off, with what that does to orders and positions.
    """

    contract: Contract


class OpenAccount(Message, frozen=True):
    """Open an account; settings hold for every product type and symbol until changed."""

    uid: str
    copy_trader: bool = False
    hedge_mode: bool = False
    margin_mode: MarginMode = "crossed"
    leverage: int = 20


class OpenKey(Message, frozen=True):
    """Give an account a further API key. Secret material arrives sealed (DESIGN D14)."""

    uid: str
    api_key: str
    sealed_secret: bytes
    passphrase_hash: bytes
    permissions: tuple[str, ...] = ("read", "trade")


class Transfer(Message, frozen=True):
    """Deposit `amount_e8` of a coin, or withdraw it when negative."""

    uid: str
    coin: str
    amount_e8: int


class SetPrice(Message, frozen=True):
    """
    Set a symbol's index price and, when given, hold its mark price at a value of the operator's.

    `good_for_ms` is how long a price of a live source may be used; None for one that never goes stale.
    """

    symbol: str
    index_price_e12: int
    mark_price_e12: int | None = None
    good_for_ms: int | None = None


class ReplaceLadder(Message, frozen=True):
    """
    Replace the house's whole ladder for a symbol, and its prices when given, in one step.

    Levels are (price_ticks, size_lots), best first. Levels that cross resting orders trade as taker.
    `good_for_ms` as in `SetPrice`. Afterwards the house takes `taken_lots` of its own best level, buying when
    positive, so that a market in which nobody trades has a last price: only where that level's first order
    is its own and larger, so that no client's order is passed over or filled.
    """

    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    index_price_e12: int | None = None
    mark_price_e12: int | None = None
    good_for_ms: int | None = None
    taken_lots: int = 0


class Preset(msgspec.Struct, frozen=True, gc=False):
    """
    A take-profit or stop-loss that an order brings along; it waits from the order's first fill on.

    `limit_price_ticks` None executes at market.
    """

    trigger_price_ticks: int
    limit_price_ticks: int | None = None
    trigger_by: TriggerBy = "mark"


class PlaceOrder(Message, frozen=True):
    """
    Ask for an order.

    `side` is the direction of the trade in one-way mode and of the position concerned in hedge mode
    (buy = the long position), as on the wire; `effect` is what was sent for opening or closing, None
    when nothing was sent. `price_ticks` is None for market orders.
    """

    uid: str
    symbol: str
    side: Side
    order_type: OrderType
    size_lots: int
    price_ticks: int | None = None
    time_in_force: TimeInForce = "gtc"
    effect: Effect | None = None
    reduce_only: bool = False
    margin_mode: MarginMode | None = None
    client_oid: str | None = None
    stp_mode: SelfTradePrevention = "none"
    take_profit: Preset | None = None
    stop_loss: Preset | None = None


class CancelOrder(Message, frozen=True):
    """Cancel an open order, named by its id (which wins) or its client order id."""

    uid: str
    symbol: str
    order_id: int | None = None
    client_oid: str | None = None


class CancelOrders(Message, frozen=True):
    """Cancel all open orders of a product type, or of one symbol of it."""

    uid: str
    product_type: str
    symbol: str | None = None


class ModifyOrder(Message, frozen=True):
    """
    Change an open limit order that nothing has filled yet.

    A new size or price makes another order, named `new_client_oid`, in its place and ends this one; both
    are sent or neither. Presets alone (`presets_sent`) change on the order as it stands; one that is None
    is taken away. Source: Modify Order; rest-private.md section 5.
    """

    uid: str
    symbol: str
    order_id: int | None = None
    client_oid: str | None = None
    new_client_oid: str | None = None
    size_lots: int | None = None
    price_ticks: int | None = None
    presets_sent: bool = False
    take_profit: Preset | None = None
    stop_loss: Preset | None = None


class ClosePositions(Message, frozen=True):
    """
    Close positions at market: of a product type, or of one symbol, and in hedge mode of one side.

    Each is closed as a market order would: what the book does not take stays open.
    """

    uid: str
    product_type: str
    symbol: str | None = None
    side: Side | None = None


class PlaceTrigger(Message, frozen=True):
    """
    Ask for an order that waits for a price.

    `side`, `effect`, `reduce_only` and `margin_mode` of the entry kinds are those of `PlaceOrder`; of the
    protecting kinds `side` is the leg's (1 long, -1 short) in both position modes. `size_lots` None means
    the whole position, which only the position kinds have. `limit_price_ticks` None executes at market.
    `trigger_price_ticks` None starts a trailing kind at once; its `callback_rate_e8` is the way back from
    the best price since then that triggers it.
    """

    uid: str
    symbol: str
    kind: TriggerKind
    side: Side
    trigger_by: TriggerBy = "mark"
    trigger_price_ticks: int | None = None
    size_lots: int | None = None
    limit_price_ticks: int | None = None
    callback_rate_e8: int = 0
    effect: Effect | None = None
    reduce_only: bool = False
    margin_mode: MarginMode | None = None
    client_oid: str | None = None
    stp_mode: SelfTradePrevention = "none"
    take_profit: Preset | None = None
    stop_loss: Preset | None = None


class ModifyTrigger(Message, frozen=True):
    """
    Change a waiting order; None leaves a value as it is, a limit price of 0 executes at market.

    `protecting` tells which of both groups of kinds is meant. Presets change together (`presets_sent`), but
    for one that `kept_preset` names.
    """

    uid: str
    symbol: str
    protecting: bool
    order_id: int | None = None
    client_oid: str | None = None
    trigger_price_ticks: int | None = None
    trigger_by: TriggerBy | None = None
    size_lots: int | None = None
    limit_price_ticks: int | None = None
    callback_rate_e8: int | None = None
    presets_sent: bool = False
    take_profit: Preset | None = None
    stop_loss: Preset | None = None
    kept_preset: PresetKind | None = None


class CancelTrigger(Message, frozen=True):
    """Cancel a waiting order, named by its id (which wins) or its client order id."""

    uid: str
    symbol: str
    order_id: int | None = None
    client_oid: str | None = None


class CancelTriggers(Message, frozen=True):
    """Cancel the waiting orders of some kinds in a product type, or in one symbol of it."""

    uid: str
    product_type: str
    kinds: tuple[TriggerKind, ...]
    symbol: str | None = None


class ReversalBounds(msgspec.Struct, frozen=True, gc=False):
    """
    What a reversal was quoted as; one that would be worse in any of these is refused.

    `from_side` is the position's, averages are of each leg's fills, 0 without any. A liquidation price of 0
    is none; it is cut to what a journal's 64 bits hold. `left_lots` is what stays of the position: with
    another, it is not the position that was quoted. Nor is it with another id, or when anything has been
    closed since: `past_lots` is what had been closed of it, so that a part can be committed once.

    `cancels_hash` is `orders_hash` of the orders that it cancels, and `expires_ms` is venue time. A default
    is not judged: bounds of older journals lack the last four.
    """

    from_side: int
    closed_lots: int
    close_average_e12: int
    opened_lots: int
    open_average_e12: int
    fee_e8: int
    liquidation_price_e12: int
    left_lots: int
    position_id: int = 0
    past_lots: int = 0
    cancels_hash: int | None = None
    expires_ms: int | None = None


class ReversePosition(Message, frozen=True):
    """
    Close a position and open the same size on the other side, as one step.

    `side` names the position to reverse in hedge mode (1 long, -1 short); None when not sent,
    INVALID_SIDE when what was sent names none. `size_lots` None means the whole position. When the
    sent size is a positive number that does not fit the contract's grid, `size_lots` is None and
    `size_off_grid` holds its text: it matters only where a size counts.

    No fill of either leg is beyond `worst_price_ticks`, nor further from the mark than `slippage_max_e8`
    of it. Source of these and of the policies: DESIGN section 5.
    """

    uid: str
    symbol: str
    side: Literal[1, -1, 0] | None = None
    effect: Effect | None = None
    size_lots: int | None = None
    size_off_grid: str | None = None
    client_oid: str | None = None
    shortfall: Shortfall = "auto"
    open_orders: OpenOrders = "auto"
    worst_price_ticks: int | None = None
    slippage_max_e8: int | None = None
    bounds: ReversalBounds | None = None


class SetLeverage(Message, frozen=True):
    """
    Set the leverage of a symbol, as sent; the engine knows what it means in the account's modes.

    `leverage` without `hold_side` is for crossed margin and for one-way isolated; with it, for one leg
    of a hedged isolated symbol. `long_leverage` and `short_leverage` win over `leverage`; under crossed
    margin the first of them that was sent counts. Source: Change Leverage; rest-private.md section 3.
    """

    uid: str
    symbol: str
    leverage: int | None = None
    hold_side: Side | None = None
    long_leverage: int | None = None
    short_leverage: int | None = None


class MoveMargin(Message, frozen=True):
    """Add margin to an isolated leg, or take some out when `amount_e8` is negative."""

    uid: str
    symbol: str
    side: Side
    amount_e8: int


class SetAutoMargin(Message, frozen=True):
    """Have an isolated leg draw margin from the account before it is liquidated, or no longer."""

    uid: str
    symbol: str
    side: Side
    enabled: bool


class SetMarginMode(Message, frozen=True):
    """Set the margin mode of a symbol; only while it is flat and without orders."""

    uid: str
    symbol: str
    margin_mode: MarginMode


class SetPositionMode(Message, frozen=True):
    """Set one-way or hedge mode for a product type; only while it is flat and without orders."""

    uid: str
    product_type: str
    hedge_mode: bool


Command = (
    ConfigureVenue
    | ResumeVenue
    | AdvanceClock
    | ListContract
    | OpenAccount
    | OpenKey
    | Transfer
    | SetPrice
    | ReplaceLadder
    | PlaceOrder
    | CancelOrder
    | CancelOrders
    | ModifyOrder
    | ClosePositions
    | ReversePosition
    | PlaceTrigger
    | ModifyTrigger
    | CancelTrigger
    | CancelTriggers
    | SetLeverage
    | MoveMargin
    | SetAutoMargin
    | SetMarginMode
    | SetPositionMode
)
