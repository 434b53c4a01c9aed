"""Parameters of the v3 API's calls, which `backhand.wire` has no form for."""

from backhand.wire.fields import Form


class UnifiedSymbolForm(Form, frozen=True):
    """Query of v3 instruments and positions."""

    category: str = ""
    symbol: str = ""


class UnifiedOrderForm(Form, frozen=True):
    """Query of v3 order-info."""

    client_oid: str = ""


class UnifiedPlaceOrderForm(Form, frozen=True):
    """Body of v3 place-order: `side` is the trade's, `pos_side` is sent in hedge mode only."""

    category: str = ""
    symbol: str = ""
    qty: str = ""
    side: str = ""
    pos_side: str = ""
    order_type: str = ""
    price: str = ""
    time_in_force: str = ""
    reduce_only: str = ""
    client_oid: str = ""
