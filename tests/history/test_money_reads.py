"""Bills, waiting orders, public trades, settlements and candles: what is asked of their tables."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.history import BillFilter, CandleFilter, TradeFilter, TriggerFilter, market_reads, reads
from backhand.history.schema import open_history
from backhand.history.writes import Folds, Rows, write
from backhand.projections.bills import BILL_KINDS
from backhand.projections.candles import CANDLES_KEPT, CandlesFold, rolled_up
from backhand.projections.intervals import DAY_MS, INTERVALS
from tests.examples import examples
from tests.history.plans import plan_of
from tests.history.stored import VENUE
from tests.projections.tape import FIRST_ID, START_MS, TRIGGER_KINDS, seeded_tape

TAPE = seeded_tape(4, 2_000)
TIMES = st.integers(START_MS - 2, TAPE.time_ms + 2)
UIDS = st.sampled_from(["1", "2", "3", "0", "nobody"])
SPAN: dict[str, st.SearchStrategy[Any]] = {
    "start_ms": st.one_of(st.just(0), TIMES),
    "end_ms": st.one_of(st.just(2**63 - 1), st.just(10**40), TIMES),
    "id_less_than": st.one_of(
        st.just(2**63 - 1),
        st.integers(FIRST_ID - 3, FIRST_ID + 3_000),
        st.sampled_from([-1, 0, 10**40]),
    ),
    "limit": st.sampled_from([100, 100, 3, 1, 0, 1_000]),
}
PRODUCTS = st.sampled_from(["USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES"])


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Everything that the tape makes, as written."""
    return Folds().fold(TAPE.applied)


@pytest.fixture(scope="module")
def connection(rows: Rows) -> Iterator[sqlite3.Connection]:
    with closing(open_history(None, VENUE).connection) as connection:
        write(connection, rows)
        yield connection


@given(
    uid=UIDS,
    wanted=st.builds(
        BillFilter,
        product_type=PRODUCTS,
        kinds=st.one_of(
            st.just(BILL_KINDS),
            st.lists(st.sampled_from(BILL_KINDS), min_size=1, max_size=3, unique=True).map(tuple),
        ),
        coin=st.sampled_from([None, None, "USDT", "BTC"]),
        **SPAN,
    ),
)
@examples(200)
def test_bills_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, uid: str, wanted: BillFilter
) -> None:
    """Bills: newest first over all kinds, every filter applied, cut to the page."""
    expected = [
        bill
        for bill in reversed(rows.bills)
        if bill.uid == uid
        and bill.product_type == wanted.product_type
        and bill.kind in wanted.kinds
        and wanted.coin in (None, bill.coin)
        and wanted.start_ms <= bill.created_at_ms <= wanted.end_ms
        and bill.bill_id < wanted.id_less_than
    ]
    assert expected[: min(wanted.limit, 100)] == reads.bills(connection, uid, wanted)


@given(
    uid=UIDS,
    wanted=st.builds(
        TriggerFilter,
        product_type=PRODUCTS,
        symbol=st.sampled_from([None, "BTCUSDT", "BTCUSD"]),
        kinds=st.lists(st.sampled_from(TRIGGER_KINDS), min_size=1, unique=True).map(tuple),
        statuses=st.sampled_from([(), ("executed", "failed", "cancelled"), ("cancelled",)]),
        **SPAN,
    ),
)
@examples(200)
def test_waiting_orders_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, uid: str, wanted: TriggerFilter
) -> None:
    """Waiting orders, and those that still wait: newest first, every filter applied, cut to the page."""
    expected = [
        row
        for row in reversed(rows.triggers.values())
        if row.uid == uid
        and row.product_type == wanted.product_type
        and wanted.symbol in (None, row.symbol)
        and row.kind in wanted.kinds
        and (not wanted.statuses or row.status in wanted.statuses)
        and wanted.start_ms <= row.created_at_ms <= wanted.end_ms
        and row.order_id < wanted.id_less_than
    ]
    assert expected[: min(wanted.limit, 100)] == reads.triggers(connection, uid, wanted)
    live = [row for row in expected if row.is_open]
    assert live[: min(wanted.limit, 100)] == reads.open_triggers(connection, uid, wanted)


def test_every_waiting_order_is_found_by_id_and_by_nobody_else(
    connection: sqlite3.Connection, rows: Rows
) -> None:
    """One resolves for its own account only, by its id and, the newest of a name, by its client's."""
    newest = {(row.uid, row.client_oid): row for row in rows.triggers.values()}
    for row in rows.triggers.values():
        assert row == reads.trigger_by_id(connection, row.uid, row.order_id)
        assert reads.trigger_by_id(connection, f"{row.uid}x", row.order_id) is None
    for (uid, client_oid), row in newest.items():
        assert row == reads.trigger_by_client_oid(connection, uid, client_oid)
    for missing in (-1, 0, 2**63, 10**40):
        assert reads.trigger_by_id(connection, "1", missing) is None


def test_some_orders_are_found_together(connection: sqlite3.Connection, rows: Rows) -> None:
    """What waiting orders placed is fetched at once, and only what is the account's own."""
    mine = [order for order in rows.orders.values() if order.uid == "1"][:5]
    ids = [order.order_id for order in rows.orders.values()][:40]
    found = reads.orders_by_ids(connection, "1", ids)
    assert {order.order_id for order in mine} <= {order.order_id for order in found}
    assert {"1"} == {order.uid for order in found}


@given(wanted=st.builds(TradeFilter, symbol=st.sampled_from(["BTCUSDT", "ETHUSDT", "DOGEUSDT"]), **SPAN))
@examples(200)
def test_public_trades_are_those_that_a_plain_filter_leaves(
    connection: sqlite3.Connection, rows: Rows, wanted: TradeFilter
) -> None:
    """Public trades: newest first, every filter applied, a thousand at most."""
    expected = [
        trade
        for trade in reversed(rows.trades)
        if trade.symbol == wanted.symbol
        and wanted.start_ms <= trade.created_at_ms <= wanted.end_ms
        and trade.trade_id < wanted.id_less_than
    ]
    assert expected[: wanted.limit] == market_reads.public_trades(connection, wanted)


@pytest.mark.parametrize(("skipped", "limit"), [(0, 100), (0, 3), (2, 4), (10_000, 5)])
def test_settlements_are_paged_newest_first(
    connection: sqlite3.Connection, rows: Rows, skipped: int, limit: int
) -> None:
    """Pages follow on each other; one past the end is empty."""
    newest = [row for row in reversed(rows.funding) if row.symbol == "ETHUSDT"]
    assert len(newest) > 6
    assert newest[skipped : skipped + limit] == market_reads.funding(connection, "ETHUSDT", skipped, limit)


@given(
    st.sampled_from(["BTCUSDT", "ETHUSDT", "DOGEUSDT"]),
    st.sampled_from(["last", "mark", "index"]),
    st.sampled_from(list(INTERVALS)),
    st.one_of(st.none(), TIMES),
    st.sampled_from([CANDLES_KEPT, 5, 1, 0]),
)
@examples(200)
def test_candles_are_those_of_all_minutes(
    connection: sqlite3.Connection, symbol: str, kind: Any, name: str, time_ms: int | None, limit: int
) -> None:
    """Any interval: the newest candles that open before a time, made of every minute there was."""
    interval = INTERVALS[name]
    before_ms = 2**63 - 1 if time_ms is None else interval.open_ms(time_ms)
    fold = CandlesFold()
    minutes = {
        candle.open_ms: candle
        for one in TAPE.applied
        for candle in fold.fold(one)
        if (candle.symbol, candle.price_kind) == (symbol, kind)
    }
    all_candles = rolled_up(minutes.values(), interval)
    expected = [candle for candle in all_candles if candle.open_ms < before_ms]
    wanted = CandleFilter(symbol=symbol, price_kind=kind, interval=name, before_ms=before_ms, limit=limit)
    assert expected[len(expected) - min(limit, len(expected)) :] == market_reads.candles(connection, wanted)


BILLS_BY_KIND = "bills_by_kind (uid=? AND product_type=? AND kind=? AND created_at_ms>? AND created_at_ms<?)"
TIMED: dict[str, Any] = {
    "start_ms": START_MS,
    "end_ms": START_MS + DAY_MS,
    "id_less_than": FIRST_ID + 500,
}
BILLS = BillFilter(product_type="USDT-FUTURES", **TIMED)
FUNDING_BILLS = BillFilter(product_type="USDT-FUTURES", kinds=("funding",))
TRIGGERS = TriggerFilter(product_type="USDT-FUTURES", kinds=("stop_loss",), **TIMED)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (
            lambda c: reads.bills(c, "1", BILLS),
            BILLS_BY_KIND,
        ),
        (
            lambda c: reads.bills(c, "1", FUNDING_BILLS),
            BILLS_BY_KIND,
        ),
        (lambda c: reads.trigger_by_id(c, "1", FIRST_ID), "triggers USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            lambda c: reads.trigger_by_client_oid(c, "1", "c1"),
            "triggers_by_client_oid (uid=? AND client_oid=?)",
        ),
        (lambda c: reads.open_triggers(c, "1", TRIGGERS), "triggers_open (uid=? AND created_at_ms>?"),
        (
            lambda c: reads.triggers(c, "1", TRIGGERS),
            "triggers_by_symbol (uid=? AND symbol=? AND created_at_ms>?",
        ),
        (reads.open_triggers_of_all, "SCAN triggers USING INDEX triggers_open"),
        (lambda c: reads.orders_by_ids(c, "1", [1, 2]), "orders USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            lambda c: market_reads.public_trades(c, TradeFilter(symbol="BTCUSDT", **TIMED)),
            "public_trades_by_symbol (symbol=? AND created_at_ms>?",
        ),
        (
            lambda c: market_reads.funding(c, "BTCUSDT", 0, 20),
            "funding USING PRIMARY KEY (symbol=?)",
        ),
        (
            lambda c: market_reads.candles(
                c, CandleFilter(symbol="BTCUSDT", price_kind="last", interval="1H", before_ms=5)
            ),
            "candles USING PRIMARY KEY (symbol=? AND price_kind=? AND interval=? AND open_ms<?)",
        ),
        (
            market_reads.newest_candles_of_all,
            "candles USING PRIMARY KEY (symbol=? AND price_kind=? AND interval=?)",
        ),
        (reads.last_bill_id, "SEARCH bills"),
    ],
)
def test_no_question_walks_through_a_table(
    connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object], index: str
) -> None:
    """Every statement searches by the index that was made for it, and none sorts more than pages."""
    plan = plan_of(connection, ask)
    assert any(index in step for step in plan.steps), plan.steps
    assert [] == plan.walks, plan.steps
    assert not plan.sorted_at & plan.found_at(index), plan.steps
