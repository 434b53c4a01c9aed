"""
Requests of copy-trading traders: there is no copy trading here, and each of them says so.

Who is not a trader hears that first, as on the exchange; a trader, that there is nothing to change.
"""

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import Call, Form, read_body


class TraderForm(Form, frozen=True):
    """What a trader's request names; whatever it says, it is refused."""

    tracking_no: str = ""
    symbol: str = ""
    product_type: str = ""


def parse_trader_change(call: Call) -> Refusal:
    """Refuse: wrong format 40409; then as a question. Source: rest-private.md section 7."""
    form = read_body(TraderForm, call.parameters)
    return form if isinstance(form, Refusal) else parse_trader_question(call)


def parse_trader_question(call: Call) -> Refusal:
    """Refuse a question, whatever it asks: not a trader 31001; a trader 40022."""
    return codes.NO_COPY_TRADING if call.copy_trader else codes.NOT_A_TRADER
