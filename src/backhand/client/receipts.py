"""
What this venue tells afterwards: the receipt of a reversal, the explanation of a refusal.

Numbers and times are as in `models`.
"""

from decimal import Decimal

import msgspec

from backhand.client.models import HoldSide, Model


class ReceiptFill(Model, frozen=True, kw_only=True):
    """One fill of a leg; `realized_profit` is without its fee."""

    trade_id: str
    price: Decimal
    size: Decimal
    fee: Decimal
    realized_profit: Decimal


class ReceiptLeg(Model, frozen=True, kw_only=True):
    """
    One leg as it was filled; `side` is that of the trade, `average_price` None when nothing was traded.

    `fills` are the oldest 1 000, sums are of all.
    """

    order_id: str
    client_oid: str
    side: str
    size: Decimal
    filled_size: Decimal
    average_price: Decimal | None = None
    fee: Decimal
    realized_profit: Decimal
    fills: list[ReceiptFill]


class QuotedFigures(Model, frozen=True, kw_only=True):
    """What was quoted; no average price for a leg that was not to trade, a liquidation price of 0 is none."""

    closed_size: Decimal
    close_average_price: Decimal | None = None
    opened_size: Decimal
    open_average_price: Decimal | None = None
    fee: Decimal
    liquidation_price: Decimal


class Difference(Model, frozen=True, kw_only=True):
    """What happened less what was quoted; no price where either leg did not trade."""

    closed_size: Decimal
    close_average_price: Decimal | None = None
    opened_size: Decimal
    open_average_price: Decimal | None = None
    fee: Decimal


class Receipt(Model, frozen=True, kw_only=True):
    """
    What a reversal did, durably.

    `sequence` is its place in the journal, `record_hash` that of the journal's record that holds it, "" where
    the venue keeps no journal. `quoted` and `difference` are None without a quote. `shortfall` says why less
    was opened than closed, "" when it was not; `note` which fields were sent and did not count.
    """

    order_id: str
    client_oid: str
    symbol: str
    product_type: str
    margin_coin: str
    sequence: int
    record_hash: str = ""
    time_ms: int = msgspec.field(name="time")
    reversed_side: HoldSide = msgspec.field(name="reversed")
    close_leg: ReceiptLeg
    open_leg: ReceiptLeg
    realized_profit: Decimal
    fee: Decimal
    cancelled_orders: list[str]
    cancelled_triggers: list[str]
    shortfall: str = ""
    note: str = ""
    quoted: QuotedFigures | None = None
    difference: Difference | None = None


class ExplainedRefusal(Model, frozen=True, kw_only=True):
    """
    One refusal by the rules, and what it was judged by.

    `code` and `message` are what was answered, `reason` is the rule's own name, `detail` what it adds.
    `facts` are figures of the state as it was, by the venue's names, numbers as text.
    """

    code: str
    message: str
    reason: str
    detail: str = ""
    command: str
    sequence: int
    time_ms: int = msgspec.field(name="time")
    facts: dict[str, str]


class Explanation(Model, frozen=True, kw_only=True):
    """Why a request was refused; a batch can have been refused several times."""

    request_id: str
    refusals: list[ExplainedRefusal]
