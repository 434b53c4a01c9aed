"""
Requests that read orders and fills: by id, by filter, page by page.

A page is `limit` rows with ids below `id_less_than`, newest first, created within [start_ms, end_ms].
"""

from collections.abc import Mapping
from itertools import product
from typing import Final, Literal, get_args

import msgspec

from backhand.commands import BUY, SELL, OrderType
from backhand.events import OrderSource
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    ID_MAX,
    PAGE_ROWS_MAX,
    Call,
    Form,
    read_choice,
    read_contract,
    read_digits,
    read_order_name,
    read_product_type,
    read_query,
)
from backhand.wire.responses.orders import order_source_text

DAY_MS: Final = 86_400_000
#: The widest window that one request may ask for.
WINDOW_MS_MAX: Final = 90 * DAY_MS
#: Three months are never longer, so a client that computed "three months ago" on its own clock passes.
LOOK_BACK_MS_MAX: Final = 92 * DAY_MS

OpenStatus = Literal["live", "partially_filled"]
OPEN_STATUSES: Final[dict[str, OpenStatus]] = {"live": "live", "partially_filled": "partially_filled"}


class Page(msgspec.Struct, frozen=True, gc=False):
    """Which rows of a list: None where nothing was sent. Times are inclusive."""

    limit: int = PAGE_ROWS_MAX
    id_less_than: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None


class OrderQuery(msgspec.Struct, frozen=True, gc=False):
    """One order of the caller, by its id (which wins) or its client order id."""

    symbol: str
    order_id: int | None
    client_oid: str | None


class OpenOrdersQuery(msgspec.Struct, frozen=True, gc=False):
    """Open orders of a product type; `status` None means both."""

    product_type: str
    symbol: str | None
    order_id: int | None
    client_oid: str | None
    status: OpenStatus | None
    page: Page


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where orders came from: any of some sources, of one type and side unless None."""

    sources: tuple[OrderSource, ...]
    order_type: OrderType | None
    side: int | None

    def includes(self, source: OrderSource, order_type: OrderType, side: int) -> bool:
        """Tell whether an order came from here."""
        return source in self.sources and self.order_type in (None, order_type) and self.side in (None, side)


def _origins() -> dict[str, Origin]:
    """What each text of `orderSource` in answers stands for, in lower case."""
    found: dict[str, list[tuple[OrderSource, OrderType, int]]] = {}
    sources: tuple[OrderSource, ...] = get_args(OrderSource)
    order_types: tuple[OrderType, ...] = get_args(OrderType)
    for source, order_type, side in product(sources, order_types, (BUY, SELL)):
        text = order_source_text(source, side, order_type).lower()
        found.setdefault(text, []).append((source, order_type, side))
    return {
        text: Origin(
            tuple(dict.fromkeys(source for source, _, _ in all_of)),
            all_of[0][1] if len({order_type for _, order_type, _ in all_of}) == 1 else None,
            all_of[0][2] if len({side for _, _, side in all_of}) == 1 else None,
        )
        for text, all_of in found.items()
    }


ORIGINS: Final[Mapping[str, Origin]] = _origins()
#: An order source that nothing here has finds nothing.
NO_ORIGIN: Final = Origin((), None, None)


class OrderHistoryQuery(msgspec.Struct, frozen=True, gc=False):
    """Orders of a product type that have ended; `origin` None means any."""

    product_type: str
    symbol: str | None
    order_id: int | None
    client_oid: str | None
    origin: Origin | None
    page: Page


class FillsQuery(msgspec.Struct, frozen=True, gc=False):
    """Fills of a product type; `page.id_less_than` is a trade id."""

    product_type: str
    symbol: str | None
    order_id: int | None
    page: Page


class PageForm(Form, frozen=True):
    """The parameters that every list shares."""

    start_time: str = ""
    end_time: str = ""
    id_less_than: str = ""
    limit: str = ""


class PageRules(msgspec.Struct, frozen=True, gc=False):
    """
    What one list allows: rows when no limit was sent, and the widest window.

    A window that is wider is refused with `too_wide`.
    """

    rows: int = PAGE_ROWS_MAX
    window_ms_max: int = WINDOW_MS_MAX
    too_wide: Refusal = codes.WINDOW_TOO_WIDE


USUAL_PAGE: Final = PageRules()


def read_page(form: PageForm, now_ms: int, rules: PageRules = USUAL_PAGE) -> Page | Refusal:
    """
    Read which rows of a list are wanted.

    Refused in this order: a limit, id or time that is not a whole number 40020; start after end 40707;
    window above 90 days 40705 (or what `rules` say); start more than three months ago 40704. A limit above
    100 counts as 100. Source: rest-private.md section 1.
    """
    numbers: list[int | None] = []
    for name, text in (
        ("limit", form.limit),
        ("idLessThan", form.id_less_than),
        ("startTime", form.start_time),
        ("endTime", form.end_time),
    ):
        number = read_digits(text)
        if text and number is None:
            return codes.malformed(name)
        numbers.append(None if number is None else min(number, ID_MAX))
    limit, id_less_than, start_ms, end_ms = numbers
    if limit == 0:
        return codes.malformed("limit")
    if start_ms is not None:
        if end_ms is not None and start_ms > end_ms:
            return codes.WINDOW_BACKWARDS
        if end_ms is not None and end_ms - start_ms > rules.window_ms_max:
            return rules.too_wide
        if start_ms < now_ms - LOOK_BACK_MS_MAX:
            return codes.WINDOW_TOO_OLD
    return Page(min(limit or rules.rows, PAGE_ROWS_MAX), id_less_than, start_ms, end_ms)


class OrderForm(Form, frozen=True):
    """Query of order/detail."""

    symbol: str = ""
    product_type: str = ""
    order_id: str = ""
    client_oid: str = ""


def parse_order(call: Call) -> OrderQuery | Refusal:
    """
    Read a question for one order.

    Refused in this order: symbol or productType missing 400172; product type 400172; symbol 40034, 22012;
    no id at all 40924; an id that cannot be one 40402. Source: bitget-v2/order-detail.
    """
    form = read_query(OrderForm, call.parameters)
    if not (form.symbol and form.product_type):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, "")
    if isinstance(contract, Refusal):
        return contract
    name = read_order_name(form.order_id, form.client_oid)
    if isinstance(name, Refusal):
        return name
    return OrderQuery(contract.symbol, *name)


class Scope(msgspec.Struct, frozen=True, gc=False):
    """What every list of orders or fills is narrowed to."""

    product_type: str
    symbol: str | None
    order_id: int | None
    client_oid: str | None


def read_scope(call: Call, product_type: str, symbol: str, order_id: str, client_oid: str) -> Scope | Refusal:
    """Read what a list is narrowed to: 400172 for the product type, 40034, 22012 for the symbol, 40402."""
    product = read_product_type(product_type)
    if isinstance(product, Refusal):
        return product
    if symbol:
        contract = read_contract(call, symbol, product, "")
        if isinstance(contract, Refusal):
            return contract
        symbol = contract.symbol
    if not (order_id or client_oid):
        return Scope(product, symbol or None, None, None)
    name = read_order_name(order_id, client_oid)
    if isinstance(name, Refusal):
        return name
    return Scope(product, symbol or None, *name)


class OpenOrdersForm(PageForm, frozen=True):
    """Query of orders-pending."""

    product_type: str = ""
    symbol: str = ""
    order_id: str = ""
    client_oid: str = ""
    status: str = ""


def parse_open_orders(call: Call) -> OpenOrdersQuery | Refusal:
    """
    Read a question for open orders.

    Refused in this order: product type missing or unknown 400172; symbol 40034, 22012; an id that cannot
    be one 40402; status 400172; paging as `read_page`. Source: bitget-v2/orders-pending.
    """
    form = read_query(OpenOrdersForm, call.parameters)
    scope = read_scope(call, form.product_type, form.symbol, form.order_id, form.client_oid)
    if isinstance(scope, Refusal):
        return scope
    status = read_choice(form.status, OPEN_STATUSES)
    if form.status and status is None:
        return codes.PARAMETERS
    page = read_page(form, call.now_ms)
    if isinstance(page, Refusal):
        return page
    return OpenOrdersQuery(scope.product_type, scope.symbol, scope.order_id, scope.client_oid, status, page)


class OrderHistoryForm(PageForm, frozen=True):
    """Query of orders-history."""

    product_type: str = ""
    symbol: str = ""
    order_id: str = ""
    client_oid: str = ""
    order_source: str = ""


def parse_order_history(call: Call) -> OrderHistoryQuery | Refusal:
    """
    Read a question for orders that have ended; an order source that nothing here has finds nothing.

    Refused in this order: as `parse_open_orders`, without the status. Source: bitget-v2/orders-history.
    """
    form = read_query(OrderHistoryForm, call.parameters)
    scope = read_scope(call, form.product_type, form.symbol, form.order_id, form.client_oid)
    if isinstance(scope, Refusal):
        return scope
    page = read_page(form, call.now_ms)
    if isinstance(page, Refusal):
        return page
    return OrderHistoryQuery(
        scope.product_type,
        scope.symbol,
        scope.order_id,
        scope.client_oid,
        ORIGINS.get(form.order_source.lower(), NO_ORIGIN) if form.order_source else None,
        page,
    )


class FillsForm(PageForm, frozen=True):
    """Query of fills."""

    product_type: str = ""
    symbol: str = ""
    order_id: str = ""


def parse_fills(call: Call) -> FillsQuery | Refusal:
    """
    Read a question for fills.

    Refused in this order: as `parse_open_orders`, without the status. Source: bitget-v2/fills.
    """
    return read_fills(call, USUAL_PAGE)


def read_fills(call: Call, rules: PageRules) -> FillsQuery | Refusal:
    """Read a question for fills whose page follows these rules."""
    form = read_query(FillsForm, call.parameters)
    scope = read_scope(call, form.product_type, form.symbol, form.order_id, "")
    if isinstance(scope, Refusal):
        return scope
    page = read_page(form, call.now_ms, rules)
    if isinstance(page, Refusal):
        return page
    return FillsQuery(scope.product_type, scope.symbol, scope.order_id, page)
