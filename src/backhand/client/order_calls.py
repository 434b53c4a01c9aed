"""Calls about orders: place, cancel, close, and what became of them."""

from decimal import Decimal
from typing import Literal

from backhand.client import routes
from backhand.client.instruments import Instrument, ProductType, instrument_of
from backhand.client.models import (
    ClosedPositions,
    FillPage,
    HoldSide,
    MarginMode,
    Order,
    OrderIds,
    OrderPage,
)
from backhand.client.session import Flow, Session, read_ids, text_of, unanswered
from backhand.client.transport import AnswerLost
from backhand.wire.requests.changes import ClosePositionsForm
from backhand.wire.requests.orders import CancelOrderForm, PlaceOrderForm
from backhand.wire.requests.queries import FillsForm, OpenOrdersForm, OrderForm, OrderHistoryForm

Side = Literal["buy", "sell"]
TradeSide = Literal["open", "close"]
TimeInForce = Literal["gtc", "ioc", "fok", "post_only"]


def place_order(
    session: Session,
    instrument: Instrument | str,
    side: Side,
    size: Decimal | int | str,
    *,
    price: Decimal | int | str | None = None,
    trade_side: TradeSide | None = None,
    force: TimeInForce = "gtc",
    reduce_only: bool = False,
    margin_mode: MarginMode = "crossed",
    client_oid: str | None = None,
) -> Flow[OrderIds]:
    """
    Place an order. 10 calls per second, 1 for copy-trading traders.

    Args:
        side: One-way mode: the trade's direction. Hedge mode: the position's; a long is closed by "buy".
        size: In base coin.
        price: In the quote currency; None makes it a market order.
        trade_side: Needed in hedge mode, and only there.
        force: Of a limit order: how long it lives.
        reduce_only: One-way mode: it may only make the position smaller.
        margin_mode: That of the contract, unless it is flat and without orders.
        client_oid: 1 to 64 of `0-9A-Za-z_:#+- `, new for each order; None makes one.

    Raises:
        NotSent, Refused: Nothing was done.
        OutcomeUnknown: The answer was lost. Ask `order` with the exception's `client_oid`, and do not
            place it again before you know.

    Source: bitget-v2/place-order; rest-private.md section 5
    """
    of = instrument_of(instrument)
    name = client_oid or session.new_client_oid()
    form = PlaceOrderForm(
        symbol=of.symbol,
        product_type=of.product_type,
        margin_mode=margin_mode,
        margin_coin=of.margin_coin,
        size=text_of(size),
        price="" if price is None else text_of(price),
        side=side,
        trade_side=trade_side or "",
        order_type="market" if price is None else "limit",
        force="" if price is None else force,
        client_oid=name,
        reduce_only="YES" if reduce_only else "",
    )
    answer = yield from session.answer(routes.PLACE_ORDER, form, client_oid=name)
    try:
        return read_ids(answer, name)
    except AnswerLost as lost:
        raise unanswered(routes.PLACE_ORDER, name, lost) from lost


def cancel_order(
    session: Session, instrument: Instrument | str, *, order_id: str = "", client_oid: str = ""
) -> Flow[OrderIds]:
    """
    Cancel an order, by either id; the order id wins. 10 calls per second.

    Raises:
        NotSent, Refused: Nothing was done; `NotFound` also for an order that has ended.
        OutcomeUnknown: The answer was lost. Cancelling again is safe.

    Source: bitget-v2/cancel-order; rest-private.md section 5
    """
    of = instrument_of(instrument)
    form = CancelOrderForm(
        symbol=of.symbol,
        product_type=of.product_type,
        margin_coin=of.margin_coin,
        order_id=order_id,
        client_oid=client_oid,
    )
    return (yield from session.call(routes.CANCEL_ORDER, form, OrderIds, client_oid=client_oid))


def close_positions(
    session: Session,
    instrument: Instrument | str | None = None,
    *,
    product_type: ProductType = "USDT-FUTURES",
    hold_side: HoldSide | None = None,
) -> Flow[ClosedPositions]:
    """
    Close what is held of a contract, or of all of a product type, at market. 1 call per second.

    Args:
        hold_side: Hedge mode: the leg; None closes both.

    Raises:
        NotSent, Refused: Nothing was done; `NothingHeld` when there is nothing.
        OutcomeUnknown: The answer was lost. Read the positions; closing again is safe.

    Source: bitget-v2/flash-close-position; rest-private.md section 5
    """
    of = None if instrument is None else instrument_of(instrument)
    form = ClosePositionsForm(
        product_type=product_type if of is None else of.product_type,
        symbol="" if of is None else of.symbol,
        hold_side=hold_side or "",
    )
    return (yield from session.call(routes.CLOSE_POSITIONS, form, ClosedPositions))


def order(
    session: Session, instrument: Instrument | str, *, order_id: str = "", client_oid: str = ""
) -> Flow[Order]:
    """
    Ask what became of one order, by either id. 10 calls per second.

    Raises:
        NotFound: There is none. Right after an `OutcomeUnknown` that is no proof: it may still arrive.
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/order-detail; rest-private.md section 5
    """
    of = instrument_of(instrument)
    form = OrderForm(symbol=of.symbol, product_type=of.product_type, order_id=order_id, client_oid=client_oid)
    return (yield from session.call(routes.ORDER, form, Order))


def open_orders(
    session: Session,
    instrument: Instrument | str | None = None,
    *,
    product_type: ProductType = "USDT-FUTURES",
    id_less_than: str = "",
    limit: int = 100,
) -> Flow[OrderPage]:
    """
    List orders that are not filled yet, newest first, 100 at most. 10 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/orders-pending; rest-private.md sections 1 and 5
    """
    of = None if instrument is None else instrument_of(instrument)
    form = OpenOrdersForm(
        product_type=product_type if of is None else of.product_type,
        symbol="" if of is None else of.symbol,
        id_less_than=id_less_than,
        limit=str(limit),
    )
    return (yield from session.call(routes.OPEN_ORDERS, form, OrderPage))


def order_history(
    session: Session,
    instrument: Instrument | str | None = None,
    *,
    product_type: ProductType = "USDT-FUTURES",
    order_source: str = "",
    id_less_than: str = "",
    limit: int = 100,
) -> Flow[OrderPage]:
    """
    List orders that have ended, newest first, 100 at most. 10 calls per second.

    Args:
        order_source: Only these, such as "reverse" for the legs of reversals.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/orders-history; rest-private.md sections 1 and 5
    """
    of = None if instrument is None else instrument_of(instrument)
    form = OrderHistoryForm(
        product_type=product_type if of is None else of.product_type,
        symbol="" if of is None else of.symbol,
        order_source=order_source,
        id_less_than=id_less_than,
        limit=str(limit),
    )
    return (yield from session.call(routes.ORDER_HISTORY, form, OrderPage))


def fills(
    session: Session,
    instrument: Instrument | str,
    *,
    order_id: str = "",
    id_less_than: str = "",
    limit: int = 100,
) -> Flow[FillPage]:
    """
    List the account's fills of a contract, or of one order, newest first, 100 at most. 10 calls per second.

    Raises:
        NotSent, Refused, NoAnswer: See `backhand.client.errors`.

    Source: bitget-v2/fills; rest-private.md section 5
    """
    of = instrument_of(instrument)
    form = FillsForm(
        product_type=of.product_type,
        symbol=of.symbol,
        order_id=order_id,
        id_less_than=id_less_than,
        limit=str(limit),
    )
    return (yield from session.call(routes.FILLS, form, FillPage))
