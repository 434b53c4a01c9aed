"""
What the calls answer, typed: numbers as `Decimal`, times as milliseconds since 1970 (UTC).

Sizes are in base coin, prices in the quote currency, money in the margin coin, rates and ratios plain
(0.01 is 1 %). Fees are negative when paid. What the exchange leaves out, or sends as "" or null, is the
field's default. Source: rest-private.md, market.md.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

ZERO = Decimal(0)

HoldSide = Literal["long", "short"]
MarginMode = Literal["crossed", "isolated"]
PositionMode = Literal["one_way_mode", "hedge_mode"]


class Model(msgspec.Struct, frozen=True, rename="camel"):
    """Base of every answer: immutable, compared by value."""


class ServerTime(Model, frozen=True, kw_only=True):
    """The exchange's clock."""

    time_ms: int = msgspec.field(name="serverTime")


class Contract(Model, frozen=True, kw_only=True):
    """
    The terms of a contract.

    A price is a multiple of `price_step` and has `price_places` decimals, a size of `size_step` and has
    `size_places`. `value_min` is in USDT; fees are rates of the value.
    """

    symbol: str
    base_coin: str
    quote_coin: str
    support_margin_coins: list[str]
    maker_fee_rate: Decimal
    taker_fee_rate: Decimal
    size_min: Decimal = msgspec.field(name="minTradeNum")
    value_min: Decimal = msgspec.field(name="minTradeUSDT", default=ZERO)
    price_end_step: Decimal
    price_places: int = msgspec.field(name="pricePlace")
    size_places: int = msgspec.field(name="volumePlace")
    size_step: Decimal = msgspec.field(name="sizeMultiplier")
    status: str = msgspec.field(name="symbolStatus", default="")
    leverage_min: Decimal | None = msgspec.field(name="minLever", default=None)
    leverage_max: Decimal | None = msgspec.field(name="maxLever", default=None)
    limit_size_max: Decimal | None = msgspec.field(name="maxOrderQty", default=None)
    market_size_max: Decimal | None = msgspec.field(name="maxMarketOrderQty", default=None)
    funding_interval_hours: int | None = msgspec.field(name="fundInterval", default=None)

    @property
    def price_step(self) -> Decimal:
        """The distance between two prices."""
        return self.price_end_step.scaleb(-self.price_places)


class Ticker(Model, frozen=True, kw_only=True):
    """Prices now; None where there is none yet. Volumes are of 24 hours, `funding_rate` is per interval."""

    symbol: str
    last_price: Decimal | None = msgspec.field(name="lastPr", default=None)
    bid_price: Decimal | None = msgspec.field(name="bidPr", default=None)
    bid_size: Decimal | None = msgspec.field(name="bidSz", default=None)
    ask_price: Decimal | None = msgspec.field(name="askPr", default=None)
    ask_size: Decimal | None = msgspec.field(name="askSz", default=None)
    high_price_24h: Decimal | None = msgspec.field(name="high24h", default=None)
    low_price_24h: Decimal | None = msgspec.field(name="low24h", default=None)
    base_volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    index_price: Decimal | None = None
    mark_price: Decimal | None = None
    funding_rate: Decimal | None = None
    open_interest: Decimal = msgspec.field(name="holdingAmount", default=ZERO)
    time_ms: int = msgspec.field(name="ts")


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One price level of a book, and the size that is offered at it."""

    price: Decimal
    size: Decimal


class Book(Model, frozen=True, kw_only=True):
    """The order book, best levels first."""

    asks: list[Level]
    bids: list[Level]
    time_ms: int = msgspec.field(name="ts")


class Account(Model, frozen=True, kw_only=True):
    """
    One margin coin's balances, in that coin; settings are of the symbol that was asked for, else None.

    `available` can open positions, `max_transfer_out` can leave, `account_equity` includes unrealised
    profit at mark.
    """

    margin_coin: str
    locked: Decimal = ZERO
    available: Decimal
    crossed_max_available: Decimal = ZERO
    isolated_max_available: Decimal = ZERO
    max_transfer_out: Decimal = ZERO
    account_equity: Decimal
    usdt_equity: Decimal = ZERO
    unrealized_profit: Decimal = msgspec.field(name="unrealizedPL", default=ZERO)
    crossed_risk_rate: Decimal = ZERO
    crossed_leverage: int | None = msgspec.field(name="crossedMarginLeverage", default=None)
    isolated_long_leverage: int | None = msgspec.field(name="isolatedLongLever", default=None)
    isolated_short_leverage: int | None = msgspec.field(name="isolatedShortLever", default=None)
    margin_mode: MarginMode | None = None
    pos_mode: PositionMode | None = None
    asset_mode: str = ""


class Position(Model, frozen=True, kw_only=True):
    """
    One leg that is held; in one-way mode there is at most one, with a `hold_side` too.

    `total` = `available` (can be closed) + `locked` (held by orders that close). `realized_profit` is
    without fees and funding. `liquidation_price` None or <= 0: none. `created_at_ms` is
    when it was opened.
    """

    symbol: str
    margin_coin: str
    hold_side: HoldSide
    total: Decimal
    available: Decimal
    locked: Decimal = ZERO
    open_price_avg: Decimal
    mark_price: Decimal | None = None
    margin_size: Decimal = ZERO
    leverage: Decimal | None = None
    margin_mode: str = ""
    pos_mode: str = ""
    unrealized_profit: Decimal = msgspec.field(name="unrealizedPL", default=ZERO)
    realized_profit: Decimal = msgspec.field(name="achievedProfits", default=ZERO)
    liquidation_price: Decimal | None = None
    margin_ratio: Decimal | None = None
    break_even_price: Decimal | None = None
    created_at_ms: int | None = msgspec.field(name="cTime", default=None)
    updated_at_ms: int | None = msgspec.field(name="uTime", default=None)


class Leverages(Model, frozen=True, kw_only=True):
    """The leverages of a symbol after set_leverage or set_margin_mode."""

    symbol: str
    margin_coin: str
    long_leverage: Decimal | None = None
    short_leverage: Decimal | None = None
    cross_margin_leverage: Decimal | None = None
    margin_mode: str = ""


class PositionModeSet(Model, frozen=True, kw_only=True):
    """The position mode of a product type after set_position_mode."""

    pos_mode: str = ""


class OrderIds(Model, frozen=True, kw_only=True):
    """
    Which order a call was about.

    `order_id` is None for a reduce-only order that pushed older ones out; ask for it by `client_oid`.
    """

    order_id: str | None = None
    client_oid: str = ""


class Order(Model, frozen=True, kw_only=True):
    """
    One order.

    `side` is the trade's direction in one-way mode and the position's in hedge mode (a long is closed by
    "buy"); `price` is None for market orders, `average_price` while nothing is filled. `filled_size` is in
    base coin, `filled_value` in the quote currency, `total_profits` is realised without fees.
    """

    order_id: str
    client_oid: str = ""
    symbol: str
    side: str
    trade_side: str = ""
    pos_side: str = ""
    order_type: str
    force: str = ""
    price: Decimal | None = None
    size: Decimal
    filled_size: Decimal = msgspec.field(name="baseVolume", default=ZERO)
    filled_value: Decimal = msgspec.field(name="quoteVolume", default=ZERO)
    average_price: Decimal | None = msgspec.field(name="priceAvg", default=None)
    fee: Decimal = ZERO
    total_profits: Decimal = ZERO
    margin_coin: str = ""
    margin_mode: str = ""
    leverage: Decimal | None = None
    pos_mode: str = ""
    order_source: str = ""
    cancel_reason: str = ""
    created_at_ms: int | None = msgspec.field(name="cTime", default=None)
    updated_at_ms: int | None = msgspec.field(name="uTime", default=None)
    state_text: str = msgspec.field(name="state", default="")
    status_text: str = msgspec.field(name="status", default="")
    reduce_only_text: str = msgspec.field(name="reduceOnly", default="")

    @property
    def status(self) -> str:
        """One of `live`, `partially_filled`, `filled`, `canceled`."""
        return self.state_text or self.status_text

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in {"filled", "canceled", "cancelled"}

    @property
    def reduce_only(self) -> bool:
        """Whether it may only make a position smaller."""
        return self.reduce_only_text.upper() == "YES"


class OrderPage(Model, frozen=True, kw_only=True):
    """A page of orders, newest first; `end_id` goes into `id_less_than` for the next one."""

    orders: list[Order] = msgspec.field(name="entrustedList", default_factory=list)
    end_id: str | None = None


class FeeDetail(Model, frozen=True, kw_only=True):
    """A fill's fee in one coin."""

    fee_coin: str = ""
    total_fee: Decimal = ZERO


class Fill(Model, frozen=True, kw_only=True):
    """One fill; `profit` is what it realised without fees, `trade_scope` is taker or maker."""

    trade_id: str
    order_id: str
    symbol: str
    side: str
    trade_side: str = ""
    price: Decimal
    size: Decimal = msgspec.field(name="baseVolume")
    value: Decimal = msgspec.field(name="quoteVolume", default=ZERO)
    profit: Decimal = ZERO
    fee_detail: list[FeeDetail] = []
    trade_scope: str = ""
    created_at_ms: int | None = msgspec.field(name="cTime", default=None)

    @property
    def fee(self) -> Decimal:
        """The fee, in the margin coin, negative when paid."""
        return sum((detail.total_fee for detail in self.fee_detail), ZERO)


class FillPage(Model, frozen=True, kw_only=True):
    """A page of fills, newest first; `end_id` goes into `id_less_than` for the next one."""

    fills: list[Fill] = msgspec.field(name="fillList", default_factory=list)
    end_id: str | None = None


class Closed(Model, frozen=True, kw_only=True):
    """One order that close_positions sent, or why it could not."""

    order_id: str = ""
    client_oid: str = ""
    symbol: str = ""
    error_code: str = ""
    error_msg: str = ""


class ClosedPositions(Model, frozen=True, kw_only=True):
    """What close_positions sent, and what it could not."""

    success_list: list[Closed] = []
    failure_list: list[Closed] = []


class HeldSizes(Model, frozen=True, kw_only=True):
    """What is held of a symbol."""

    long: Decimal
    short: Decimal


class QuotedLeg(Model, frozen=True, kw_only=True):
    """One leg of a quote: `side` of the trade; prices are None when nothing would be traded."""

    side: str
    size: Decimal
    average_price: Decimal | None = None
    worst_price: Decimal | None = None
    fee: Decimal = ZERO


class Quote(Model, frozen=True, kw_only=True):
    """
    What a reversal would do now; reverse with `quote_id` to have this or better, or a refusal.

    It expires on the venue's clock. `sequence` counts the venue's commands. `shortfall` says why
    the open leg would be smaller than the close leg, "" when it would not.
    """

    quote_id: str
    sequence: int
    expires_at_ms: int = msgspec.field(name="expiresAt")
    symbol: str
    product_type: str
    margin_coin: str
    mark_price: Decimal | None = None
    before: HeldSizes
    after: HeldSizes
    close_leg: QuotedLeg
    open_leg: QuotedLeg
    realized_profit: Decimal
    margin_needed: Decimal
    margin_free: Decimal
    margin_ratio: Decimal
    liquidation_price: Decimal
    cancelled_orders: list[str] = []
    cancelled_triggers: list[str] = []
    shortfall: str = ""
    outcome: str = ""


def present(value: Any) -> Any:  # noqa: ANN401 (JSON is of any type)
    """Leave out what the exchange sent as "" or null: to it that is the same as not sending it."""
    if isinstance(value, dict):
        return {name: present(item) for name, item in value.items() if item is not None and item != ""}
    if isinstance(value, list):
        return [present(item) for item in value]
    return value
