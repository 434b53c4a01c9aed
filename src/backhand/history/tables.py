"""
The tables of the read models: each kind of row, and what it is looked up by.

A table keeps whole rows as JSON in its last column, `row`, and beside it, as columns of their own, only the
fields that questions select, sort and search by. Amounts exceed SQLite's integers and nothing searches them;
a reader gets its rows back without naming fields; and a row costs a fifth of the parameters (ADR 2).

A further read model is a row and a fold in `projections`, a `Table` here, a line in `writes.Folds`, and a
question in `reads`.

Each index costs as much as the row itself, so there is one by symbol and none by product type: a page of a
product type is put together from the pages of its symbols. Ids grow with time, so order by
(created_at_ms, id) is order by id, and an index that ends in both serves time spans and pages alike: every
index of SQLite ends in the table's key.
"""

from collections.abc import Collection, Iterable
from itertools import chain
from operator import attrgetter
from typing import Final, Generic, TypeVar

import msgspec

from backhand.commands import Contract
from backhand.projections.bills import BillRow
from backhand.projections.funding import FundingRow
from backhand.projections.kept_candles import CandleRow
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.reversals import ReversalRow
from backhand.projections.trades import TradeRow
from backhand.projections.triggers import TriggerRow

#: Rows in one statement; what is left over goes in ever smaller ones. Larger statements were not faster.
STATEMENT_ROWS: Final = (256, 32, 4, 1)

Row = TypeVar("Row", bound=msgspec.Struct)
Value = int | str


class Table(Generic[Row]):
    """
    Where one kind of row is kept.

    Args:
        keys: Fields of the row that are columns. Plain int and str only: all else would take SQLite's
            slow path of adapters.
        primary_key: Those of them that tell rows apart.
        create: The table and its indexes.
        on_conflict: What happens to a row whose primary key is there already; an error if nothing is said.
    """

    def __init__(
        self,
        name: str,
        row: type[Row],
        *,
        keys: tuple[str, ...],
        primary_key: tuple[str, ...],
        create: str,
        on_conflict: str = "",
    ) -> None:
        self.name = name
        self.row = row
        self.keys = keys
        self.primary_key = primary_key
        self.create = create
        self._key_values = attrgetter(*keys)
        self._decoder = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        columns = (*keys, "row")
        one = f"({', '.join('?' * len(columns))})"
        into = f"INSERT INTO {name} ({', '.join(columns)}) VALUES "  # noqa: S608  # Names of ours only.
        self._inserts = {count: f"{into}{', '.join([one] * count)} {on_conflict}" for count in STATEMENT_ROWS}

    def inserts(self, rows: Collection[Row]) -> Iterable[tuple[str, list[Value]]]:
        """Give the statements that write rows, many in each, with their parameters."""
        encode, key_values = _ENCODER.encode, self._key_values
        values = [(*key_values(row), encode(row).decode()) for row in rows]
        start = 0
        for count, statement in self._inserts.items():
            while len(values) - start >= count:
                yield statement, list(chain.from_iterable(values[start : start + count]))
                start += count

    def rows(self, text: str) -> list[Row]:
        """Read rows from one JSON text."""
        return self._decoder.decode(text)


_ENCODER: Final = msgspec.json.Encoder()

CONTRACTS: Final = Table(
    "contracts",
    Contract,
    keys=("symbol", "product_type"),
    primary_key=("symbol",),
    create="""
    CREATE TABLE contracts (
        symbol TEXT PRIMARY KEY,
        product_type TEXT NOT NULL,
        row TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    on_conflict="ON CONFLICT (symbol) DO UPDATE SET row = excluded.row",
)

ORDERS: Final = Table(
    "orders",
    OrderRow,
    keys=("order_id", "uid", "client_oid", "symbol", "created_at_ms", "status", "source"),
    primary_key=("order_id",),
    create="""
    CREATE TABLE orders (
        order_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        client_oid TEXT NOT NULL,
        symbol TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        status TEXT NOT NULL,
        source TEXT NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX orders_by_client_oid ON orders (uid, client_oid);
    CREATE INDEX orders_by_symbol ON orders (uid, symbol, created_at_ms);
    CREATE INDEX orders_open ON orders (uid, created_at_ms) WHERE status IN ('live', 'partially_filled');
    """,
    on_conflict="ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, row = excluded.row",
)

FILLS: Final = Table(
    "fills",
    FillRow,
    keys=("trade_id", "order_id", "uid", "symbol", "created_at_ms"),
    primary_key=("trade_id", "order_id"),
    create="""
    CREATE TABLE fills (
        trade_id INTEGER NOT NULL,
        order_id INTEGER NOT NULL,
        uid TEXT NOT NULL,
        symbol TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        row TEXT NOT NULL,
        PRIMARY KEY (trade_id, order_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX fills_by_order ON fills (order_id);
    CREATE INDEX fills_by_symbol ON fills (uid, symbol, created_at_ms);
    """,
)

CLOSED_POSITIONS: Final = Table(
    "closed_positions",
    ClosedPositionRow,
    keys=("position_id", "uid", "symbol", "closed_at_ms"),
    primary_key=("position_id",),
    create="""
    CREATE TABLE closed_positions (
        position_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        symbol TEXT NOT NULL,
        closed_at_ms INTEGER NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX closed_positions_by_symbol ON closed_positions (uid, symbol, closed_at_ms);
    """,
)

BILLS: Final = Table(
    "bills",
    BillRow,
    keys=("bill_id", "uid", "product_type", "coin", "kind", "created_at_ms"),
    primary_key=("bill_id",),
    create="""
    CREATE TABLE bills (
        bill_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        product_type TEXT NOT NULL,
        coin TEXT NOT NULL,
        kind TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX bills_by_kind ON bills (uid, product_type, kind, created_at_ms);
    """,
)

TRIGGERS: Final = Table(
    "triggers",
    TriggerRow,
    keys=("order_id", "uid", "client_oid", "symbol", "kind", "created_at_ms", "status"),
    primary_key=("order_id",),
    create="""
    CREATE TABLE triggers (
        order_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        client_oid TEXT NOT NULL,
        symbol TEXT NOT NULL,
        kind TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        status TEXT NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX triggers_by_client_oid ON triggers (uid, client_oid);
    CREATE INDEX triggers_by_symbol ON triggers (uid, symbol, created_at_ms);
    CREATE INDEX triggers_open ON triggers (uid, created_at_ms) WHERE status = 'live';
    """,
    on_conflict="ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, row = excluded.row",
)

PUBLIC_TRADES: Final = Table(
    "public_trades",
    TradeRow,
    keys=("trade_id", "symbol", "created_at_ms"),
    primary_key=("trade_id",),
    create="""
    CREATE TABLE public_trades (
        trade_id INTEGER PRIMARY KEY,
        symbol TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    CREATE INDEX public_trades_by_symbol ON public_trades (symbol, created_at_ms);
    """,
)

FUNDING: Final = Table(
    "funding",
    FundingRow,
    keys=("symbol", "funding_ms"),
    primary_key=("symbol", "funding_ms"),
    create="""
    CREATE TABLE funding (
        symbol TEXT NOT NULL,
        funding_ms INTEGER NOT NULL,
        row TEXT NOT NULL,
        PRIMARY KEY (symbol, funding_ms)
    ) STRICT, WITHOUT ROWID;
    """,
)

CANDLES: Final = Table(
    "candles",
    CandleRow,
    keys=("symbol", "price_kind", "interval", "open_ms"),
    primary_key=("symbol", "price_kind", "interval", "open_ms"),
    create="""
    CREATE TABLE candles (
        symbol TEXT NOT NULL,
        price_kind TEXT NOT NULL,
        interval TEXT NOT NULL,
        open_ms INTEGER NOT NULL,
        row TEXT NOT NULL,
        PRIMARY KEY (symbol, price_kind, interval, open_ms)
    ) STRICT, WITHOUT ROWID;
    """,
    on_conflict="ON CONFLICT (symbol, price_kind, interval, open_ms) DO UPDATE SET row = excluded.row",
)

REVERSALS: Final = Table(
    "reversals",
    ReversalRow,
    keys=("open_order_id", "uid"),
    primary_key=("open_order_id",),
    # By a client order id a reversal is found through its orders.
    create="""
    CREATE TABLE reversals (
        open_order_id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        row TEXT NOT NULL
    ) STRICT;
    """,
)

TABLES: Final = (
    CONTRACTS,
    ORDERS,
    FILLS,
    CLOSED_POSITIONS,
    BILLS,
    TRIGGERS,
    PUBLIC_TRADES,
    FUNDING,
    CANDLES,
    REVERSALS,
)
