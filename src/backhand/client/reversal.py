"""What a reversal is asked for with, and what it comes to: for both ways of doing it."""

from decimal import Decimal
from typing import Literal

import msgspec

from backhand.client.errors import ClientError
from backhand.client.models import HoldSide, Position

Shortfall = Literal["close", "largest", "strict"]
OpenOrders = Literal["auto", "exclude", "include", "cancelAll"]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A reversal as the caller wants it; None leaves a choice to the exchange."""

    hold_side: HoldSide | None = None
    size: Decimal | int | str | None = None
    shortfall: Shortfall | None = None
    open_orders: OpenOrders | None = None
    worst_price: Decimal | int | str | None = None
    max_slippage: Decimal | int | str | None = None
    quote_id: str = ""

    @property
    def more_than_guarded(self) -> tuple[str, ...]:
        """The parts of it that only this venue can do."""
        own = (("shortfall", self.shortfall), ("open_orders", self.open_orders), ("quote_id", self.quote_id))
        return tuple(name for name, value in own if value)

    @property
    def own_fields(self) -> tuple[str, ...]:
        """The parts of it that the exchange's own reversal call would ignore without a word."""
        guards = (("worst_price", self.worst_price), ("max_slippage", self.max_slippage))
        return (*self.more_than_guarded, *(name for name, value in guards if value is not None))


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """
    One leg of a reversal.

    Sizes are in base coin, `average_price` is None when nothing was filled, `fee` is negative when paid.
    `status` is that of its order; a leg that was not accepted has no order, and its `failure` says why.
    """

    client_oid: str
    order_id: str = ""
    side: str
    size: Decimal
    filled_size: Decimal = Decimal(0)
    average_price: Decimal | None = None
    fee: Decimal = Decimal(0)
    status: str = ""
    failure: ClientError | None = None


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """
    A reversal that has happened, and what it came to.

    Attributes:
        client_oid: Its id: `find_reversal` and `receipt` know it under this one.
        order_id: The exchange's id of it, which is the opening leg's order where not told otherwise.
        found: Whether its answer was lost and it was found under its `client_oid`.
        opened: The opening leg; filled less than its size when margin, tier or book fell short. None when
            the exchange has acknowledged the reversal and did not show the order in time, or has shown
            the closing leg alone.
        closed: The closing leg, where this client sent it itself (unified accounts) or the exchange knows
            the reversal by it (this venue's `returned_leg = close`); otherwise the `receipt` has it.
        positions: What was held of the symbol afterwards; None when that could not be read in time.
        note: What the venue has to say about it, such as that a size was ignored.
    """

    client_oid: str
    order_id: str
    found: bool
    opened: Leg | None
    closed: Leg | None = None
    positions: tuple[Position, ...] | None = None
    note: str = ""
