"""The receipt of a reversal, for both kinds of venue: rows and the hash of the journal's record, printed."""

from backhand.projections.reversals import LegRows, ReceiptRows
from backhand.wire.responses.receipts import (
    QuotedView,
    ReceiptAnswer,
    ReceiptFillView,
    ReceiptLegView,
    ReceiptView,
    receipt_answer,
)


def receipt_of(found: ReceiptRows, record_hash: bytes) -> ReceiptAnswer:
    """Print a receipt; `record_hash` is b"" where no journal is kept."""
    row, order = found.reversal, found.open_leg.order
    quoted = row.quoted
    view = ReceiptView(
        symbol=order.symbol,
        product_type=order.product_type,
        margin_coin=order.margin_coin,
        returned_order_id=row.returned_order_id,
        sequence=row.sequence,
        record_hash=record_hash,
        time_ms=order.created_at_ms,
        from_side=row.from_side,
        close_leg=_leg_view(found.close_leg),
        open_leg=_leg_view(found.open_leg),
        shortfall="" if row.shortfall is None else row.shortfall.value,
        order_ids=row.cancelled_order_ids,
        trigger_ids=row.cancelled_trigger_ids,
        ignored=row.ignored,
        quoted=None
        if quoted is None
        else QuotedView(
            quoted.closed_size_e8,
            quoted.close_average_e12,
            quoted.opened_size_e8,
            quoted.open_average_e12,
            quoted.fee_e8,
            quoted.liquidation_price_e12,
        ),
    )
    return receipt_answer(view)


def _leg_view(leg: LegRows) -> ReceiptLegView:
    order = leg.order
    return ReceiptLegView(
        order_id=order.order_id,
        client_oid=order.client_oid,
        side=order.side,
        size_e8=order.size_e8,
        filled_size_e8=order.filled_size_e8,
        average_price_e12=order.average_price_e12,
        fee_e8=order.fee_e8,
        profit_e8=order.profit_e8,
        fills=[
            ReceiptFillView(fill.trade_id, fill.price_e12, fill.size_e8, fill.fee_e8, fill.profit_e8)
            for fill in leg.fills
        ],
    )
