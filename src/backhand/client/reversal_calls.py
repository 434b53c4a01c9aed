"""
The reversal: quote, reverse, find, receipt, explain.

`reverse` is sent once. When its answer is lost, the exchange is asked for its `clientOid` until it shows
the order or the time is over; only what surely did nothing is sent again:

    no connection, so no byte was sent   ─▶ sent again, a few times
    429, so it was not executed          ─▶ sent again after a second
    refused                              ─▶ `Refused`, unless an id of the caller's had run before
    40786, the id was used before        ─▶ the first one ran: look it up
    40085, a unified account             ─▶ close and open, `backhand.client.unified`
    anything else: lost, 5xx, 40010 …    ─▶ look it up; not shown in time: `OutcomeUnknown`
"""

from contextlib import suppress
from decimal import Decimal
from typing import Final

from backhand.client import routes, unified
from backhand.client.account_calls import positions
from backhand.client.errors import (
    ClientError,
    DuplicateClientOid,
    NoAnswer,
    NotFound,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    Refused,
    UnifiedAccount,
)
from backhand.client.finding import Trace, find, look
from backhand.client.instruments import Instrument, instrument_of
from backhand.client.models import HoldSide, Order, Position, Quote
from backhand.client.receipts import Explanation, Receipt
from backhand.client.refusals import refused
from backhand.client.reversal import Leg, OpenOrders, Reversal, Shortfall, Wish
from backhand.client.session import NOTE_HEADER, Flow, Session, read_ids, text_of
from backhand.client.transport import AnswerLost, HttpAnswer
from backhand.wire.requests.queries import OrderForm
from backhand.wire.requests.receipts import ExplainForm, ReceiptForm
from backhand.wire.requests.reversals import ReversalForm

#: How often a connection is tried for, and how far apart; a reversal is meant for now, not for later.
CONNECTS_MAX: Final = 3
CONNECT_PAUSE_SECONDS: Final = 0.1

#: A reversal names the position that it reverses (reversal.md A1): buy is the long.
_SIDES: Final = {None: "", "long": "buy", "short": "sell"}
DUPLICATE: Final = "40786"
#: `orderSource` of a reversal's legs (reversal.md section 4).
_SOURCES: Final = ("reverse", "trader_reverse")


def reverse(
    session: Session,
    instrument: Instrument | str,
    *,
    hold_side: HoldSide | None = None,
    size: Decimal | int | str | None = None,
    shortfall: Shortfall | None = None,
    open_orders: OpenOrders | None = None,
    worst_price: Decimal | int | str | None = None,
    max_slippage: Decimal | int | str | None = None,
    quote_id: str = "",
    client_oid: str | None = None,
    deadline_seconds: float = 10.0,
) -> Flow[Reversal]:
    """
    Close a position and open the same size on the other side; never twice.

    10 per second, 1 for copy-trading traders. On a unified account of the real exchange, which has no such
    call, this client closes and opens itself, with the same guard.

    Args:
        hold_side: The leg to reverse: needed in hedge mode, and only there.
        size: In base coin; None is all of it. In one-way mode the exchange reverses all whatever is sent.
        shortfall: This venue: what to do when the opening leg cannot be whole: keep the close ("close",
            which is what the exchange does), open what is affordable, or do nothing.
        open_orders: This venue: what to do with orders that hold part of the position.
        worst_price: This venue and unified accounts: no fill beyond it, in the quote currency.
        max_slippage: As worst_price, as a ratio of the mark price: 0.01 is 1 %.
        quote_id: This venue: have what was quoted, or better, or a refusal.
        client_oid: New for each reversal, 1 to 64 of `0-9A-Za-z_:#+- ` (30 on unified accounts); None
            makes one. An id that has reversed before gives that reversal's outcome and sends nothing new.
            This venue refuses a used id for 30 days; elsewhere it is looked up before anything is sent.
            `Client.new_client_oid` makes one to know before the call, for what a killed program sent.
        deadline_seconds: How long to look for what an answer lost would have told, from when it was lost
            (with a unified account, each leg's). The request itself has the client's `timeout_seconds`.

    Returns:
        What happened. A leg that fell short is no exception: read `opened`.

    Raises:
        TypeError, ValueError: A bad argument; nothing was sent.
        NotSent: No connection; nothing was done.
        NotSupported: The exchange would ignore a guard or a policy; nothing was sent.
        Refused: Nothing was done, and nothing before under an id of yours.
        OutcomeUnknown: The answer was lost and the exchange has not shown the order. It may have happened
            or happen later: ask `find_reversal` with the exception's `client_oid` before any other order.
        NoAnswer: What had to be asked before (about an id of yours, a guard, a unified account's position)
            was not answered; nothing was done.

    Source: bitget-v2/click-backhand; reversal.md
    """
    of = instrument_of(instrument)
    wish = Wish(
        hold_side=_checked(hold_side),
        size=size,
        shortfall=shortfall,
        open_orders=open_orders,
        worst_price=worst_price,
        max_slippage=max_slippage,
        quote_id=quote_id,
    )
    name = client_oid or session.new_client_oid()
    looked = bool(client_oid) and not session.own_venue
    if looked:
        with suppress(NotFound):
            return (yield from find_reversal(session, of, name))
    trace = Trace(routes.REVERSE.path, name, deadline_seconds)
    if wish.own_fields and not (session.own_venue or session.unified):
        yield from _see_that_it_is_understood(session, of, wish)
    if session.unified:
        return (yield from unified.reverse(session, of, wish, trace))
    try:
        answer = yield from _send(session, _form(of, wish, name), name)
        ids = read_ids(answer, name)
    except UnifiedAccount:
        session.unified = True
        return (yield from unified.reverse(session, of, wish, trace))
    except DuplicateClientOid as refusal:
        try:
            order = yield from _find_order(
                session, of, trace, f"the id was used before ({refusal.code})", used=True
            )
        except NotFound:
            raise refusal from None  # By what waits, or is of another symbol: none of this has happened.
        if order.order_source not in _SOURCES:
            raise  # It was no reversal that used the id, so none has happened.
        return (yield from _report(session, of, name, order, found=True))
    except Refused as refusal:
        # Nobody may have come to look at the id: an id that is new here needs no looking up, any other does.
        if not client_oid or looked:
            raise
        return (yield from _first(session, of, name, refusal))
    except (OutcomeUnknown, AnswerLost) as lost:
        reason = lost.reason if isinstance(lost, OutcomeUnknown) else str(lost)
        order = yield from _find_order(session, of, trace, reason)
        if order.order_source not in _SOURCES:
            raise trace.unknown(f"{reason}; the order under the id is no reversal") from lost
        return (yield from _report(session, of, name, order, found=True))
    note = answer.headers.get(NOTE_HEADER, "")
    try:
        order = yield from _find_order(session, of, trace, "acknowledged", ids.order_id)
    except OutcomeUnknown:
        return Reversal(client_oid=name, order_id=ids.order_id or "", found=False, opened=None, note=note)
    return (yield from _report(session, of, name, order, found=False, note=note))


def _first(session: Session, of: Instrument, client_oid: str, refusal: Refused) -> Flow[Reversal]:
    """Give the reversal that had run under the id before this one was refused, or raise the refusal."""
    try:
        return (yield from find_reversal(session, of, client_oid))
    except (NotSent, NoAnswer) as lost:
        reason = f"refused ({refusal}), and whether it ran before: {lost}"
        raise OutcomeUnknown(routes.REVERSE.path, client_oid, reason) from lost
    except Refused:
        raise refusal from None


def _see_that_it_is_understood(session: Session, of: Instrument, wish: Wish) -> Flow[None]:
    """Ask one question, whose answer tells whose venue and which kind of account this is."""
    try:
        yield from positions(session, of)
    except UnifiedAccount:
        session.unified = True
    if not (session.own_venue or session.unified):
        raise NotSupported(f"this exchange would ignore {', '.join(wish.own_fields)}")


def _send(session: Session, form: ReversalForm, client_oid: str) -> Flow[HttpAnswer]:
    """Send the reversal, again only while no connection is had."""
    pause = 0.0
    for attempt in range(1, CONNECTS_MAX + 1):
        try:
            return (
                yield from session.answer(routes.REVERSE, form, client_oid=client_oid, delay_seconds=pause)
            )
        except NotSent:
            pause = attempt * CONNECT_PAUSE_SECONDS
            if attempt == CONNECTS_MAX:
                raise
    raise AssertionError("the last attempt returns or raises")


def _form(of: Instrument, wish: Wish, client_oid: str) -> ReversalForm:
    return ReversalForm(
        symbol=of.symbol,
        product_type=of.product_type,
        margin_coin=of.margin_coin,
        size=_text(wish.size),
        side=_SIDES[wish.hold_side],
        trade_side="open" if wish.hold_side else "",
        client_oid=client_oid,
        shortfall=wish.shortfall or "",
        open_orders=wish.open_orders or "",
        worst_price=_text(wish.worst_price),
        max_slippage=_text(wish.max_slippage),
        quote_id=wish.quote_id,
    )


def _checked(hold_side: HoldSide | None) -> HoldSide | None:
    if hold_side not in _SIDES:
        raise ValueError(f"hold_side is {hold_side!r}, not 'long', 'short' or None")
    return hold_side


def _text(number: Decimal | int | str | None) -> str:
    return "" if number is None else text_of(number)


def _find_order(
    session: Session,
    of: Instrument,
    trace: Trace,
    reason: str,
    order_id: str | None = None,
    *,
    used: bool = False,
) -> Flow[Order]:
    """
    Look for the order under the exchange's id of it where that is known, else under ours.

    Where the id is `used`, this venue has the order to show, if it is one: what is judged can be read.
    """
    client_oid = "" if order_id else trace.client_oid
    form = OrderForm(
        symbol=of.symbol, product_type=of.product_type, order_id=order_id or "", client_oid=client_oid
    )
    final = used and session.own_venue
    return (yield from find(session, routes.ORDER, form, Order, trace, reason, absent_is_final=final))


def _report(
    session: Session, of: Instrument, client_oid: str, order: Order, *, found: bool, note: str = ""
) -> Flow[Reversal]:
    leg = _leg(client_oid, order)
    # Which leg's order a reversal is known by is not confirmed (A14), and only the close leg's reduces.
    opened: Leg | None = leg
    closed: Leg | None = None
    if order.reduce_only:
        opened, closed = (yield from _open_leg(session, of, order)), leg
    held: tuple[Position, ...] | None = None
    with suppress(ClientError):  # What happened is known without them.
        held = tuple((yield from positions(session, of)))
    return Reversal(
        client_oid=client_oid,
        order_id=order.order_id,
        found=found,
        opened=opened,
        closed=closed,
        positions=held,
        note=note,
    )


def _leg(client_oid: str, order: Order) -> Leg:
    return Leg(
        client_oid=client_oid,
        order_id=order.order_id,
        side=order.side,
        size=order.size,
        filled_size=order.filled_size,
        average_price=order.average_price,
        fee=order.fee,
        status=order.status,
    )


def _open_leg(session: Session, of: Instrument, closing: Order) -> Flow[Leg | None]:
    """Find the open leg of a reversal by its close leg, where there are receipts; else None."""
    if not session.own_venue:
        return None
    try:
        told = yield from receipt(session, order_id=closing.order_id)
        form = OrderForm(symbol=of.symbol, product_type=of.product_type, order_id=told.open_leg.order_id)
        order = yield from look(session, routes.ORDER, form, Order)
    except ClientError:
        return None  # What happened is known without it.
    return _leg(order.client_oid, order)


def find_reversal(session: Session, instrument: Instrument | str, client_oid: str) -> Flow[Reversal]:
    """
    Ask once what a reversal came to, by the id that it was sent with.

    Raises:
        NotFound: The exchange knows no such reversal, yet: it may still arrive.
        DuplicateClientOid: The id is that of an order that is no reversal.
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/order-detail; reversal.md A14
    """
    of = instrument_of(instrument)
    if not session.unified:
        form = OrderForm(symbol=of.symbol, product_type=of.product_type, client_oid=client_oid)
        try:
            order = yield from look(session, routes.ORDER, form, Order)
        except UnifiedAccount:
            session.unified = True
        else:
            if order.order_source in _SOURCES:
                return (yield from _report(session, of, client_oid, order, found=True))
            raise refused(DUPLICATE, "The clientOid is another order's", 0)
    return (yield from unified.find_reversal(session, client_oid))


def quote(
    session: Session,
    instrument: Instrument | str,
    *,
    hold_side: HoldSide | None = None,
    size: Decimal | int | str | None = None,
    shortfall: Shortfall | None = None,
    open_orders: OpenOrders | None = None,
    worst_price: Decimal | int | str | None = None,
    max_slippage: Decimal | int | str | None = None,
) -> Flow[Quote]:
    """
    Ask what a reversal would do now; it changes nothing. This venue only, 10 calls per second.

    The arguments are those of `reverse`, which takes the quote's `quote_id`.

    Raises:
        TypeError, ValueError: A bad argument; nothing was sent.
        Refused: What the reversal would be refused with; code 40404 where there are no quotes.
        NotSent, NoAnswer: See `backhand.client.errors`.
    """
    wish = Wish(
        hold_side=_checked(hold_side),
        size=size,
        shortfall=shortfall,
        open_orders=open_orders,
        worst_price=worst_price,
        max_slippage=max_slippage,
    )
    return (yield from session.call(routes.QUOTE, _form(instrument_of(instrument), wish, ""), Quote))


def receipt(session: Session, *, order_id: str = "", client_oid: str = "") -> Flow[Receipt]:
    """
    Ask for the receipt of a reversal, by either id. This venue only, 10 calls per second.

    Raises:
        NotFound: There is no such reversal.
        Refused: Code 40404 where there are no receipts.
        NotSent, NoAnswer: See `backhand.client.errors`.
    """
    form = ReceiptForm(order_id=order_id, client_oid=client_oid)
    try:
        return (yield from session.call(routes.RECEIPT, form, Receipt))
    except NotFound as absent:
        raise _advised(absent, "Check the id: no reversal of this account has it.") from None


def explain(session: Session, request_id: str) -> Flow[Explanation]:
    """
    Ask why a request was refused, with its `Refused.request_id`. This venue only, 10 calls per second.

    Raises:
        NotFound: No such refusal is remembered; the last 1 000 of the account are.
        Refused: Code 40404 where there are no explanations.
        NotSent, NoAnswer: See `backhand.client.errors`.
    """
    try:
        return (yield from session.call(routes.EXPLAIN, ExplainForm(request_id=request_id), Explanation))
    except NotFound as absent:
        advice = "Check the request id: it is that of no refusal, of another account's, or of one long ago."
        raise _advised(absent, advice) from None


def _advised(absent: NotFound, advice: str) -> NotFound:
    """Say of what was asked for by an id alone something else than to check the symbol."""
    return NotFound(absent.code, absent.text, absent.http_status, advice, absent.request_id)
