"""What trading came to, as tables: an order, a reversal, closed positions."""

from collections.abc import Sequence
from decimal import Decimal

from rich.console import RenderableType
from rich.table import Table

from backhand.cli.printing import RowsTable, facts_table, shown, signed
from backhand.client import Leg, Reversal
from backhand.client.models import ClosedPositions, Order
from backhand.client.receipts import Difference, Receipt, ReceiptLeg

_LEG_NUMBERS = ("size", "price", "fee", "profit")


def order_table(order: Order) -> Table:
    """Show one order as it stands."""
    return facts_table(
        f"Order {order.order_id}",
        (
            ("does", f"{order.side} {shown(order.size)} {order.symbol}"),
            ("price", order.price or "market"),
            ("status", order.status),
            ("filled", f"{shown(order.filled_size)} at {shown(order.average_price)}"),
            ("fee", f"{shown(order.fee)} {order.margin_coin}"),
            ("clientOid", order.client_oid),
        ),
    )


def reversal_tables(symbol: str, done: Reversal, receipt: Receipt | None) -> list[RenderableType]:
    """
    Show both legs as they were filled, and what else there is to say of a reversal.

    Where there is no receipt, the legs are those that the client has seen: without their profit, and the
    closing one only where it was an order of the client's own.
    """
    if receipt is None:
        rows = [_seen_row("close", done.closed)] if done.closed is not None else []
        rows.append(_seen_row("open", done.opened) if done.opened is not None else _unseen_row(done))
    else:
        rows = [
            _row("close", receipt.close_leg, ""),
            _row("open", receipt.open_leg, receipt.shortfall.replace("_", " ")),
        ]
    coin = "" if receipt is None else f" ({receipt.margin_coin})"
    legs = RowsTable(
        f"Reversed {symbol}{coin}",
        ("leg", "side", *_LEG_NUMBERS, "filled", "orderId"),
        rows,
        _LEG_NUMBERS,
    )
    return [legs, facts_table("", _facts(done, receipt))]


def _row(name: str, leg: ReceiptLeg, reason: str) -> tuple[object, ...]:
    return (
        name,
        leg.side,
        leg.filled_size,
        leg.average_price,
        leg.fee,
        signed(leg.realized_profit),
        _how_much(leg.size, leg.filled_size, reason),
        leg.order_id,
    )


def _seen_row(name: str, leg: Leg) -> tuple[object, ...]:
    reason = leg.status if leg.failure is None else str(leg.failure)
    filled = _how_much(leg.size, leg.filled_size, reason)
    return (name, leg.side, leg.filled_size, leg.average_price, leg.fee, None, filled, leg.order_id)


def _unseen_row(done: Reversal) -> tuple[object, ...]:
    return ("open", None, None, None, None, None, "accepted, not shown yet", done.order_id)


def _how_much(size: Decimal, filled: Decimal, reason: str) -> str:
    """Say whether a leg was filled whole, and if not, of how much and why not."""
    if filled == size:
        return "whole"
    return f"of {shown(size)}" + (f": {reason}" if reason else "")


def _facts(done: Reversal, receipt: Receipt | None) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = []
    if receipt is not None:
        if receipt.difference is not None:
            facts.append(("against the quote", _compared(receipt.difference)))
        cancelled = [*receipt.cancelled_orders, *receipt.cancelled_triggers]
        if cancelled:
            facts.append(("cancelled", ", ".join(cancelled)))
    if done.found:
        facts.append(("answer", "lost; the venue was asked what happened"))
    if done.note:
        facts.append(("note", done.note))
    facts.append(("clientOid", done.client_oid))
    return facts


def _compared(less_quoted: Difference) -> str:
    """Say what came out other than quoted: more of it with a plus, less with a minus."""
    pairs = (
        ("closed", less_quoted.closed_size),
        ("close price", less_quoted.close_average_price),
        ("opened", less_quoted.opened_size),
        ("open price", less_quoted.open_average_price),
        ("fee", less_quoted.fee),
    )
    told = [f"{name} {_plus(moved)}" for name, moved in pairs if moved]
    return ", ".join(told) or "as quoted"


def _plus(moved: Decimal) -> str:
    return ("+" if moved > 0 else "") + shown(moved)


def closed_table(symbol: str, closed: ClosedPositions, orders: Sequence[Order | None]) -> RowsTable:
    """Show what closed positions and what could not; `orders` are those of the successes, where known."""
    rows: list[tuple[object, ...]] = [
        (one.order_id, order.filled_size, order.average_price, signed(order.total_profits), None)
        if order is not None
        else (one.order_id, None, None, None, None)
        for one, order in zip(closed.success_list, orders, strict=True)
    ]
    rows += [(None, None, None, None, f"{one.error_code} {one.error_msg}") for one in closed.failure_list]
    return RowsTable(
        f"Closed {symbol}",
        ("orderId", "size", "price", "profit", "why not"),
        rows,
        ("size", "price", "profit"),
        wrapped=("why not",),
    )
