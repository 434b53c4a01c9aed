"""Questions about what happened: the receipt of a reversal, the reason of a refusal. This venue's own."""

from typing import Final

import msgspec

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form, read_order_name, read_query

#: Longest request id that is looked up; real ones have under 30 letters.
REQUEST_ID_LETTERS_MAX: Final = 64


class ReceiptForm(Form, frozen=True):
    """Query of reversal/receipt."""

    order_id: str = ""
    client_oid: str = ""


class ReceiptQuery(msgspec.Struct, frozen=True, gc=False):
    """One reversal of the caller, by the order id of either leg (which wins) or its client order id."""

    order_id: int | None
    client_oid: str | None


class ExplainForm(Form, frozen=True):
    """Query of explain."""

    request_id: str = ""


class ExplainQuery(msgspec.Struct, frozen=True, gc=False):
    """What a request of the caller's was refused for, by its `x-backhand-request-id`."""

    request_id: str


def parse_receipt(call: Call) -> ReceiptQuery | Refusal:
    """Read which reversal is meant: 40924 without any id, 40402 when one cannot be an id."""
    form = read_query(ReceiptForm, call.parameters)
    name = read_order_name(form.order_id, form.client_oid)
    return name if isinstance(name, Refusal) else ReceiptQuery(*name)


def parse_explain(call: Call) -> ExplainQuery | Refusal:
    """Read which request is meant: 400172 without an id or with one that is none."""
    request_id = read_query(ExplainForm, call.parameters).request_id
    if not request_id or len(request_id) > REQUEST_ID_LETTERS_MAX:
        return codes.PARAMETERS
    return ExplainQuery(request_id)
