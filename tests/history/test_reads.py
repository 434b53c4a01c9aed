import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.history import FillFilter, OrderFilter, PositionFilter, reads
from backhand.history.schema import open_history
from backhand.history.writes import Folds, write
from backhand.projections.applied import Applied
from backhand.projections.orders import FillRow, OrderRow, OrdersFold
from backhand.projections.positions import ClosedPositionRow, ClosedPositionsFold
from backhand.projections.tickers import DAY_MS
from tests.examples import examples
from tests.history.plans import plan_of
from tests.history.stored import VENUE
from tests.projections.tape import FIRST_ID, START_MS, Tape, seeded_tape

TAPE = seeded_tape(3, 1_500)
TIMES = st.integers(START_MS - 2, TAPE.time_ms + 2)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "product_type": st.sampled_from(["USDT-FUTURES", "USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES"]),
    "symbol": st.sampled_from([None, "BTCUSDT", "ETHUSDT", "BTCUSD", "DOGEUSDT"]),
    "start_ms": st.one_of(st.just(0), TIMES),
    "end_ms": st.one_of(st.just(2**63 - 1), st.just(10**40), TIMES),
    "id_less_than": st.one_of(
        st.just(2**63 - 1),
        st.integers(FIRST_ID - 3, FIRST_ID + 5_000),
        st.sampled_from([-1, 0, FIRST_ID, 10**40]),
    ),
    "limit": st.sampled_from([100, 100, 3, 1, 0, 1_000]),
}
UIDS = st.sampled_from(["1", "2", "3", "0", "nobody"])
ORDER_FILTERS = st.builds(
    OrderFilter,
    sources=st.sampled_from([(), (), ("reverse",), ("normal", "market")]),
    order_type=st.sampled_from([None, None, "limit", "market"]),
    side=st.sampled_from([None, None, 1, -1]),
    statuses=st.sampled_from([(), ("filled", "cancelled"), ("live",), ("live", "partially_filled")]),
    **COMMON,
)
FILL_FILTERS = st.builds(
    FillFilter,
    order_id=st.one_of(st.none(), st.integers(FIRST_ID, FIRST_ID + 500), st.just(10**40)),
    **COMMON,
)
POSITION_FILTERS = st.builds(PositionFilter, **COMMON)


def filled(applied: list[Applied]) -> sqlite3.Connection:
    connection = open_history(None, VENUE).connection
    write(connection, Folds().fold(applied))
    return connection


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(filled(TAPE.applied)) as connection:
        yield connection


@pytest.fixture(scope="module")
def rows() -> tuple[list[OrderRow], list[FillRow], list[ClosedPositionRow]]:
    """All rows, newest first, from the folds alone."""
    orders_fold, positions_fold = OrdersFold(), ClosedPositionsFold()
    orders: dict[int, OrderRow] = {}
    fills: list[FillRow] = []
    positions: list[ClosedPositionRow] = []
    for one in TAPE.applied:
        changes = orders_fold.fold(one)
        orders |= {order.order_id: order for order in changes.orders}
        fills += changes.fills
        positions += positions_fold.fold(one)
    return list(orders.values())[::-1], fills[::-1], positions[::-1]


T = TypeVar("T")
Rows = tuple[list[OrderRow], list[FillRow], list[ClosedPositionRow]]


def page(found: list[T], limit: int) -> list[T]:
    return found[: min(limit, 100)]


@given(uid=UIDS, wanted=ORDER_FILTERS)
@examples(300)
def test_orders_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, uid: str, wanted: OrderFilter
) -> None:
    """Orders and open orders: newest first, every filter applied, cut to the page."""
    expected = [
        order
        for order in rows[0]
        if order.uid == uid
        and order.product_type == wanted.product_type
        and wanted.symbol in (None, order.symbol)
        and (not wanted.sources or order.source in wanted.sources)
        and wanted.order_type in (None, order.order_type)
        and wanted.side in (None, order.side)
        and (not wanted.statuses or order.status in wanted.statuses)
        and wanted.start_ms <= order.created_at_ms <= wanted.end_ms
        and order.order_id < wanted.id_less_than
    ]
    assert page(expected, wanted.limit) == reads.orders(connection, uid, wanted)
    still_open = [order for order in expected if order.is_open]
    assert page(still_open, wanted.limit) == reads.open_orders(connection, uid, wanted)


@given(uid=UIDS, wanted=FILL_FILTERS)
@examples(300)
def test_fills_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, uid: str, wanted: FillFilter
) -> None:
    """Fills: newest first, every filter applied, cut to the page."""
    expected = [
        fill
        for fill in rows[1]
        if fill.uid == uid
        and fill.product_type == wanted.product_type
        and wanted.symbol in (None, fill.symbol)
        and wanted.order_id in (None, fill.order_id)
        and wanted.start_ms <= fill.created_at_ms <= wanted.end_ms
        and fill.trade_id < wanted.id_less_than
    ]
    assert page(expected, wanted.limit) == reads.fills(connection, uid, wanted)


@given(uid=UIDS, wanted=POSITION_FILTERS)
@examples(150)
def test_closed_positions_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, uid: str, wanted: PositionFilter
) -> None:
    """Closed positions: newest first, every filter applied, cut to the page."""
    expected = [
        position
        for position in rows[2]
        if position.uid == uid
        and position.product_type == wanted.product_type
        and wanted.symbol in (None, position.symbol)
        and wanted.start_ms <= position.closed_at_ms <= wanted.end_ms
        and position.position_id < wanted.id_less_than
    ]
    assert page(expected, wanted.limit) == reads.closed_positions(connection, uid, wanted)


def test_every_order_is_found_by_id_and_by_nobody_else(connection: sqlite3.Connection, rows: Rows) -> None:
    """An order resolves for its own account only."""
    for order in rows[0]:
        assert order == reads.order_by_id(connection, order.uid, order.order_id)
        assert reads.order_by_id(connection, f"{order.uid}x", order.order_id) is None
    for missing in (-1, 0, FIRST_ID + 10**6, 2**63, 10**40):
        assert reads.order_by_id(connection, "1", missing) is None


def test_the_newest_order_with_a_client_oid_wins(connection: sqlite3.Connection, rows: Rows) -> None:
    """Client order ids may come again after their time; the latest is the one that is meant."""
    newest: dict[tuple[str, str], OrderRow] = {}
    for order in rows[0]:
        newest.setdefault((order.uid, order.client_oid), order)
    assert len(newest) < len(rows[0])
    for (uid, client_oid), order in newest.items():
        assert order == reads.order_by_client_oid(connection, uid, client_oid)
    assert reads.order_by_client_oid(connection, "1", "unheard of") is None


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.integers(-(10**30), 10**30))
@examples(50)
def test_rows_come_back_as_they_were(client_oid: str, amount: int) -> None:
    """Any text and amounts of any size survive the file."""
    tape = Tape()
    order = tape.accept(client_oid=client_oid, price_ticks=abs(amount), size_lots=abs(amount) + 1)
    tape.step(order, tape.fill(order.order_id, 1, abs(amount), fee_e8=amount, profit_e8=-amount))
    fold = OrdersFold()
    fold.fold(tape.applied[0])
    expected = fold.fold(tape.applied[1])
    with closing(filled(tape.applied)) as connection:
        wanted = FillFilter(product_type="USDT-FUTURES")
        assert expected.orders == [reads.order_by_client_oid(connection, "1", client_oid)]
        assert expected.fills == reads.fills(connection, "1", wanted)


def test_pages_reach_every_order_of_one_instant() -> None:
    """With a clock that stands still, pages that continue below an id still show each order once."""
    tape = Tape()
    for _ in range(250):
        tape.step(tape.accept(order_type="market"))
    with closing(filled(tape.applied)) as connection:
        seen: list[int] = []
        wanted = OrderFilter(product_type="USDT-FUTURES")
        while found := reads.orders(connection, "1", wanted):
            seen += [order.order_id for order in found]
            wanted = msgspec.structs.replace(wanted, id_less_than=seen[-1])
    assert [FIRST_ID + 2 * count for count in reversed(range(250))] == seen


def test_both_sides_of_a_trade_with_oneself_are_on_one_page() -> None:
    """Pages that continue below a trade id show each fill once, whatever their size and whoever trades."""
    tape = Tape()
    for uids in (("1", "1"), ("1", "2"), ("1", "1"), ("2", "2"), ("1", "1"), ("1", "1")):
        one, other = (tape.accept(uid) for uid in uids)
        fill = tape.fill(one.order_id, 10)
        tape.step(one, other, fill, tape.other_side(fill, other))
    with closing(filled(tape.applied)) as connection:
        for limit in (1, 2, 3, 4, 100):
            seen: list[FillRow] = []
            wanted = FillFilter(product_type="USDT-FUTURES", limit=limit)
            while found := reads.fills(connection, "1", wanted):
                assert len(found) <= limit + 1
                seen += found
                wanted = msgspec.structs.replace(wanted, id_less_than=seen[-1].trade_id)
            assert 9 == len(seen) == len({(row.trade_id, row.order_id) for row in seen})


def test_pages_reach_every_position_whichever_was_opened_first() -> None:
    """A leg that is held while others come and go is closed after them, and shown and paged so."""
    tape = Tape()
    held, *others, last = (tape.close_position() for _ in range(5))
    for position in (*others, held, last):
        tape.step(position, after_ms=5)
    closed = [position.position_id for position in (last, held, *reversed(others))]
    with closing(filled(tape.applied)) as connection:
        for limit in (1, 2, 3, 100):
            seen: list[int] = []
            wanted = PositionFilter(product_type="USDT-FUTURES", limit=limit)
            while found := reads.closed_positions(connection, "1", wanted):
                seen += [row.position_id for row in found]
                wanted = msgspec.structs.replace(wanted, id_less_than=seen[-1])
            assert closed == seen


TIMED = OrderFilter(
    product_type="USDT-FUTURES",
    sources=("reverse",),
    statuses=("filled",),
    start_ms=START_MS,
    end_ms=START_MS + DAY_MS,
    id_less_than=FIRST_ID + 500,
)
TIMED_FILLS = FillFilter(
    product_type="USDT-FUTURES", start_ms=START_MS, end_ms=START_MS + DAY_MS, id_less_than=FIRST_ID + 500
)

TIMED_POSITIONS = PositionFilter(
    product_type="USDT-FUTURES", start_ms=START_MS, end_ms=START_MS + DAY_MS, id_less_than=FIRST_ID + 500
)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda c: reads.order_by_id(c, "1", FIRST_ID), "orders USING INTEGER PRIMARY KEY (rowid=?)"),
        (lambda c: reads.order_by_client_oid(c, "1", "c1"), "orders_by_client_oid (uid=? AND client_oid=?)"),
        (
            lambda c: reads.orders(c, "1", TIMED),
            "orders_by_symbol (uid=? AND symbol=? AND created_at_ms>? AND created_at_ms<?)",
        ),
        (
            lambda c: reads.orders(c, "1", msgspec.structs.replace(TIMED, symbol="BTCUSDT")),
            "orders_by_symbol (uid=? AND symbol=? AND created_at_ms>? AND created_at_ms<?)",
        ),
        (lambda c: reads.open_orders(c, "1", TIMED), "orders_open (uid=? AND created_at_ms>?"),
        (lambda c: reads.open_orders_of(c, "1"), "orders_open (uid=?)"),
        (lambda c: reads.open_triggers_of(c, "1"), "triggers_open (uid=?)"),
        (
            lambda c: reads.fills(c, "1", TIMED_FILLS),
            "fills_by_symbol (uid=? AND symbol=? AND created_at_ms>? AND (created_at_ms,trade_id)<(?,?))",
        ),
        (
            lambda c: reads.fills(c, "1", msgspec.structs.replace(TIMED_FILLS, order_id=FIRST_ID)),
            "fills_by_order (order_id=? AND trade_id<?)",
        ),
        (
            lambda c: reads.closed_positions(c, "1", TIMED_POSITIONS),
            "closed_positions_by_symbol (uid=? AND symbol=? AND closed_at_ms>? AND closed_at_ms<?)",
        ),
        (reads.open_orders_of_all, "SCAN orders USING INDEX orders_open"),
    ],
)
def test_no_question_walks_through_a_table(
    connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object], index: str
) -> None:
    """Every statement searches by the index that was made for it, and none sorts more than pages."""
    plan = plan_of(connection, ask)
    assert any(index in step for step in plan.steps), plan.steps
    assert [] == plan.walks, plan.steps
    # A sort puts together the pages of a product type's symbols; nothing is sorted to find one of them.
    assert not plan.sorted_at & plan.found_at(index), plan.steps
