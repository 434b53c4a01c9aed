"""The receipt of a reversal and the explanation of a refusal, printed."""

from collections.abc import Sequence

import msgspec

from backhand.commands import LONG
from backhand.events import ReversalField
from backhand.units import format_decimal
from backhand.wire.responses.reversals import ignored_note


class ReceiptFillView(msgspec.Struct, frozen=True, gc=False):
    """One fill of a leg."""

    trade_id: int
    price_e12: int
    size_e8: int
    fee_e8: int
    profit_e8: int


class ReceiptLegView(msgspec.Struct, frozen=True, gc=False):
    """One leg: what was asked of it, and the sums of its fills. `side` is the direction of the trade."""

    order_id: int
    client_oid: str
    side: int
    size_e8: int
    filled_size_e8: int
    average_price_e12: int
    fee_e8: int
    profit_e8: int
    fills: Sequence[ReceiptFillView]


class QuotedView(msgspec.Struct, frozen=True, gc=False):
    """What was quoted; a liquidation price of 0 is none."""

    closed_size_e8: int
    close_average_e12: int
    opened_size_e8: int
    open_average_e12: int
    fee_e8: int
    liquidation_price_e12: int


class ReceiptView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a receipt is printed from."""

    symbol: str
    product_type: str
    margin_coin: str
    returned_order_id: int
    sequence: int
    record_hash: bytes
    time_ms: int
    from_side: int
    close_leg: ReceiptLegView
    open_leg: ReceiptLegView
    shortfall: str
    order_ids: tuple[int, ...]
    trigger_ids: tuple[int, ...]
    ignored: tuple[ReversalField, ...]
    quoted: QuotedView | None


class ReceiptFill(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One fill."""

    trade_id: str
    price: str
    size: str
    fee: str
    realized_profit: str


class ReceiptLeg(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One leg: prices are "" when nothing was traded; at most 1 000 fills, while sums are of all."""

    order_id: str
    client_oid: str
    side: str
    size: str
    filled_size: str
    average_price: str
    fee: str
    realized_profit: str
    fills: list[ReceiptFill]


class QuotedFigures(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Figures as quoted, prices "" for a leg that was not to trade; liquidation price "0" for none."""

    closed_size: str
    close_average_price: str
    opened_size: str
    open_average_price: str
    fee: str
    liquidation_price: str


class Difference(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What happened less what was quoted; a price is "" where either leg did not trade."""

    closed_size: str
    close_average_price: str
    opened_size: str
    open_average_price: str
    fee: str


class ReceiptAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """
    What a reversal did, durably.

    `sequence` is its place in the journal, `recordHash` (SHA-256) the journal's record that holds it, which
    stands for everything before it. `quoted` and `difference` are null without a quote.
    """

    order_id: str
    client_oid: str
    symbol: str
    product_type: str
    margin_coin: str
    sequence: str
    record_hash: str
    time: str
    reversed: str
    close_leg: ReceiptLeg
    open_leg: ReceiptLeg
    realized_profit: str
    fee: str
    cancelled_orders: list[str]
    cancelled_triggers: list[str]
    shortfall: str
    note: str
    quoted: QuotedFigures | None
    difference: Difference | None


class Explained(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One refusal by the rules: what was answered, the rule's own name, and the figures it was judged by."""

    code: str
    message: str
    reason: str
    detail: str
    command: str
    sequence: str
    time: str
    facts: dict[str, str]


class ExplainAnswer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a request was refused for; a batch can have been refused several times."""

    request_id: str
    refusals: list[Explained]


def receipt_answer(view: ReceiptView) -> ReceiptAnswer:
    """Print a receipt."""
    close, opened = view.close_leg, view.open_leg
    returned = close if view.returned_order_id == close.order_id else opened
    fee_e8 = close.fee_e8 + opened.fee_e8
    return ReceiptAnswer(
        order_id=str(returned.order_id),
        client_oid=returned.client_oid,
        symbol=view.symbol,
        product_type=view.product_type,
        margin_coin=view.margin_coin,
        sequence=str(view.sequence),
        record_hash=view.record_hash.hex(),
        time=str(view.time_ms),
        reversed="long" if view.from_side == LONG else "short",
        close_leg=_leg(close),
        open_leg=_leg(opened),
        realized_profit=_amount(close.profit_e8 + opened.profit_e8),
        fee=_amount(-fee_e8),
        cancelled_orders=[str(order_id) for order_id in view.order_ids],
        cancelled_triggers=[str(order_id) for order_id in view.trigger_ids],
        shortfall=view.shortfall,
        note=ignored_note(view.ignored) or "",
        quoted=None if view.quoted is None else _quoted(view.quoted),
        difference=None if view.quoted is None else _difference(view.quoted, close, opened, fee_e8),
    )


def _leg(leg: ReceiptLegView) -> ReceiptLeg:
    return ReceiptLeg(
        order_id=str(leg.order_id),
        client_oid=leg.client_oid,
        side="buy" if leg.side == LONG else "sell",
        size=_amount(leg.size_e8),
        filled_size=_amount(leg.filled_size_e8),
        average_price=_price(leg.average_price_e12),
        fee=_amount(-leg.fee_e8),
        realized_profit=_amount(leg.profit_e8),
        fills=[
            ReceiptFill(
                str(fill.trade_id),
                _price(fill.price_e12),
                _amount(fill.size_e8),
                _amount(-fill.fee_e8),
                _amount(fill.profit_e8),
            )
            for fill in leg.fills
        ],
    )


def _quoted(quoted: QuotedView) -> QuotedFigures:
    return QuotedFigures(
        closed_size=_amount(quoted.closed_size_e8),
        close_average_price=_price(quoted.close_average_e12),
        opened_size=_amount(quoted.opened_size_e8),
        open_average_price=_price(quoted.open_average_e12),
        fee=_amount(-quoted.fee_e8),
        liquidation_price=format_decimal(quoted.liquidation_price_e12, 12),
    )


def _difference(quoted: QuotedView, close: ReceiptLegView, opened: ReceiptLegView, fee_e8: int) -> Difference:
    return Difference(
        closed_size=_amount(close.filled_size_e8 - quoted.closed_size_e8),
        close_average_price=_moved(close.average_price_e12, quoted.close_average_e12),
        opened_size=_amount(opened.filled_size_e8 - quoted.opened_size_e8),
        open_average_price=_moved(opened.average_price_e12, quoted.open_average_e12),
        fee=_amount(quoted.fee_e8 - fee_e8),
    )


def _amount(amount_e8: int) -> str:
    return format_decimal(amount_e8, 8)


def _price(price_e12: int) -> str:
    return format_decimal(price_e12, 12) if price_e12 else ""


def _moved(now_e12: int, quoted_e12: int) -> str:
    return format_decimal(now_e12 - quoted_e12, 12) if now_e12 and quoted_e12 else ""
