"""
Reversal on a unified account of the real exchange, whose v3 API has no call for it: close, then open.

The guard is the same as with one call: a leg whose answer is lost is looked for under its own id, the
second leg is not sent before the first is known, and it opens exactly what the first has closed. What is
not the same: another order, or another program, can come between the legs.

Nobody has run this against the real exchange. Source of the facts: its published pages of the v3 API
(place-order, order-info, current-position, instruments).
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

import msgspec

from backhand.client import routes
from backhand.client.errors import (
    ClientError,
    DuplicateClientOid,
    NotFound,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    Refused,
)
from backhand.client.finding import Trace, find, look
from backhand.client.forms import UnifiedOrderForm, UnifiedPlaceOrderForm, UnifiedSymbolForm
from backhand.client.instruments import Instrument
from backhand.client.models import ZERO, HoldSide, Model, OrderIds
from backhand.client.refusals import refused
from backhand.client.reversal import Leg, Reversal, Wish
from backhand.client.session import Flow, Session, text_of

#: What is added to the reversal's id for each leg's own.
CLOSE_SUFFIX: Final = "-c"
OPEN_SUFFIX: Final = "-o"

Side = Literal["buy", "sell"]


class UnifiedPosition(Model, frozen=True, kw_only=True):
    """One leg that is held, as v3 tells it."""

    symbol: str
    pos_side: HoldSide
    hold_mode: str = ""
    total: Decimal = ZERO
    available: Decimal = ZERO
    mark_price: Decimal | None = None


class _Positions(Model, frozen=True, kw_only=True):
    rows: list[UnifiedPosition] = msgspec.field(name="list", default_factory=list)


class _Instrument(Model, frozen=True, kw_only=True):
    symbol: str
    price_multiplier: Decimal


class _Fee(Model, frozen=True, kw_only=True):
    fee: Decimal = ZERO


class UnifiedOrder(Model, frozen=True, kw_only=True):
    """An order, as v3 tells it; the samples of its page show a paid fee as a positive number."""

    order_id: str
    client_oid: str = ""
    side: str = ""
    size: Decimal = msgspec.field(name="qty", default=ZERO)
    filled_size: Decimal = msgspec.field(name="cumExecQty", default=ZERO)
    average_price: Decimal | None = msgspec.field(name="avgPrice", default=None)
    status: str = msgspec.field(name="orderStatus", default="")
    fees: list[_Fee] = msgspec.field(name="feeDetail", default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in {"filled", "cancelled", "canceled"}


def reverse(session: Session, of: Instrument, wish: Wish, trace: Trace) -> Flow[Reversal]:
    """
    Close, then open what was closed.

    Raises:
        NotSupported, NotSent, Refused, NoAnswer: Nothing was done.
        OutcomeUnknown: A leg's answer was lost and the exchange has not shown it; no further leg was sent.
    """
    if wish.more_than_guarded:
        raise NotSupported(f"a unified account's reversal has no {', '.join(wish.more_than_guarded)}")
    position = yield from _position(session, of, wish)
    hedge = position.hold_mode == "hedge_mode"
    side: Side = "sell" if position.pos_side == "long" else "buy"
    size = position.available
    if hedge and wish.size is not None:
        size = min(size, Decimal(text_of(wish.size)))
    price = yield from _worst_price(session, of, wish, position, side)
    shared = UnifiedPlaceOrderForm(
        category=of.product_type,
        symbol=of.symbol,
        qty=text_of(size),
        side=side,
        order_type="market" if price is None else "limit",
        price="" if price is None else text_of(price),
        time_in_force="" if price is None else "ioc",
    )
    close_form = msgspec.structs.replace(
        shared,
        pos_side=position.pos_side if hedge else "",
        reduce_only="" if hedge else "yes",
        client_oid=trace.client_oid + CLOSE_SUFFIX,
    )
    closed = _leg(close_form, (yield from _place(session, close_form, trace, "close leg")))
    if not closed.filled_size:
        code, text = (
            ("22045", "Nothing was offered") if price is None else ("98004", f"No fill within {price}")
        )
        raise refused(code, text, 0)
    opposite = "short" if position.pos_side == "long" else "long"
    open_form = msgspec.structs.replace(
        shared,
        qty=text_of(closed.filled_size),
        pos_side=opposite if hedge else "",
        client_oid=trace.client_oid + OPEN_SUFFIX,
    )
    said = f"{closed.filled_size} {position.pos_side} closed, open leg"
    try:
        opened = _leg(open_form, (yield from _place(session, open_form, trace, said)))
    except (NotSent, Refused) as failure:
        opened = _failed(open_form, failure)
    ignored = "the size is ignored in one-way mode" if wish.size is not None and not hedge else ""
    return Reversal(
        client_oid=trace.client_oid,
        order_id=opened.order_id,
        found=False,
        opened=opened,
        closed=closed,
        note=ignored,
    )


def _position(session: Session, of: Instrument, wish: Wish) -> Flow[UnifiedPosition]:
    form = UnifiedSymbolForm(category=of.product_type, symbol=of.symbol)
    held = (yield from session.call(routes.UNIFIED_POSITIONS, form, _Positions)).rows
    of_symbol = [row for row in held if row.symbol == of.symbol and row.total]
    if any(row.hold_mode == "hedge_mode" for row in of_symbol):
        if wish.hold_side is None:
            raise refused("40774", "In hedge mode the reversed side must be named", 0)
        of_symbol = [row for row in of_symbol if row.pos_side == wish.hold_side]
    if not of_symbol or not of_symbol[0].available:
        raise refused("40757", "Not enough position is available.", 0)
    return of_symbol[0]


def _worst_price(
    session: Session, of: Instrument, wish: Wish, position: UnifiedPosition, side: Side
) -> Flow[Decimal | None]:
    """The limit price of both legs; from a slippage it is rounded to the step, against the reversal."""
    if wish.worst_price is not None:
        return Decimal(text_of(wish.worst_price))
    if wish.max_slippage is None:
        return None
    if position.mark_price is None:
        raise refused("", "The exchange tells no mark price to measure max_slippage from", 0)
    form = UnifiedSymbolForm(category=of.product_type, symbol=of.symbol)
    (terms,) = yield from session.call(routes.UNIFIED_INSTRUMENTS, form, tuple[_Instrument])
    slippage = Decimal(text_of(wish.max_slippage))
    away = position.mark_price * slippage
    worst = position.mark_price - away if side == "sell" else position.mark_price + away
    rounding = ROUND_CEILING if side == "sell" else ROUND_FLOOR
    steps = (worst / terms.price_multiplier).to_integral_value(rounding)
    return steps * terms.price_multiplier


def _place(session: Session, form: UnifiedPlaceOrderForm, trace: Trace, said: str) -> Flow[UnifiedOrder]:
    """Send one leg, once, and read what became of it, whether its answer came or not."""
    reason = "acknowledged"
    try:
        yield from session.call(routes.UNIFIED_PLACE_ORDER, form, OrderIds, client_oid=trace.client_oid)
    except DuplicateClientOid as duplicate:
        reason = f"the id was used before ({duplicate.code})"
    except OutcomeUnknown as lost:
        reason = lost.reason
    order_form = UnifiedOrderForm(client_oid=form.client_oid)
    order = yield from find(
        session, routes.UNIFIED_ORDER, order_form, UnifiedOrder, trace, f"{said}: {reason}"
    )
    if not order.ended:
        raise trace.unknown(f"{said}: its order has not ended")
    return order


def _leg(form: UnifiedPlaceOrderForm, order: UnifiedOrder) -> Leg:
    return Leg(
        client_oid=form.client_oid,
        order_id=order.order_id,
        side=order.side or form.side,
        size=order.size or Decimal(form.qty),
        filled_size=order.filled_size,
        average_price=order.average_price if order.filled_size else None,
        fee=-sum((fee.fee for fee in order.fees), ZERO),
        status=order.status,
    )


def _failed(form: UnifiedPlaceOrderForm, failure: ClientError) -> Leg:
    return Leg(client_oid=form.client_oid, side=form.side, size=Decimal(form.qty), failure=failure)


def find_reversal(session: Session, client_oid: str) -> Flow[Reversal]:
    """Ask for both legs once; without a close leg there was no reversal, without an open leg half of one."""
    legs: list[Leg | None] = []
    for suffix in (CLOSE_SUFFIX, OPEN_SUFFIX):
        form = UnifiedOrderForm(client_oid=client_oid + suffix)
        try:
            order = yield from look(session, routes.UNIFIED_ORDER, form, UnifiedOrder)
        except NotFound:
            if suffix == CLOSE_SUFFIX:
                raise
            legs.append(None)
        else:
            legs.append(_leg(UnifiedPlaceOrderForm(client_oid=form.client_oid, qty="0"), order))
    closed, opened = legs
    order_id = opened.order_id if opened else ""
    return Reversal(client_oid=client_oid, order_id=order_id, found=True, opened=opened, closed=closed)
