"""The reversal and its quote: their bodies, read."""

from collections.abc import Mapping
from typing import Final

import msgspec

from backhand.commands import INVALID_SIDE, Contract, OpenOrders, ReversePosition, Shortfall
from backhand.units import E8, parse_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import (
    Call,
    Form,
    client_oid_fits,
    count_lots,
    is_empty_text,
    read_body,
    read_choice,
    read_contract,
    read_names,
    read_positive,
    read_price_ticks,
)
from backhand.wire.quotes import Quote, held_to, open_quote
from backhand.wire.requests.terms import SIDES, read_effect

SHORTFALLS: Final[Mapping[str, Shortfall]] = {
    "": "auto",
    "close": "close",
    "largest": "largest",
    "strict": "strict",
}
OPEN_ORDERS: Final[Mapping[str, OpenOrders]] = {
    "": "auto",
    "auto": "auto",
    "exclude": "exclude",
    "include": "include",
    "cancelall": "cancel_all",
}
#: Our own fields, in small letters: no name of Bitget's comes near one of them.
OWN_FIELDS: Final[Mapping[str, str]] = {
    name.lower(): name for name in ("shortfall", "openOrders", "worstPrice", "maxSlippage", "quoteId")
}
_WANTED: Final[Mapping[str, str]] = {
    "shortfall": "one of close, largest, strict",
    "openOrders": "one of auto, exclude, include, cancelAll",
    "worstPrice": "a price on the contract's tick",
    "maxSlippage": "a ratio from 0 to 1, at most 8 decimals",
    "quoteId": "a quote's",
}


class ReversalForm(Form, frozen=True):
    """Body of click-backhand; the fields after `client_oid` are this venue's own (DESIGN section 5)."""

    symbol: str = ""
    product_type: str = ""
    margin_coin: str = ""
    size: str = ""
    side: str = ""
    trade_side: str = ""
    client_oid: str = ""
    shortfall: str = ""
    open_orders: str = ""
    worst_price: str = ""
    max_slippage: str = ""
    quote_id: str = ""


#: Reads a body whose names are all known, whatever their values.
_KNOWN: Final = msgspec.json.Decoder(
    msgspec.defstruct(
        "Known",
        [(name, msgspec.Raw, msgspec.Raw(b"")) for name in ReversalForm.__struct_fields__],
        rename="camel",
        forbid_unknown_fields=True,
    )
)


class ReversalQuery(msgspec.Struct, frozen=True, gc=False):
    """What a reversal would do now."""

    command: ReversePosition


def parse_reversal(call: Call) -> ReversePosition | Refusal:
    """
    Read a reversal.

    Refused in this order: wrong format 40409; symbol, productType or marginCoin missing 400172; product
    type unknown 400172; symbol unknown 40034, of another product 22012; margin coin wrong 40778; size not
    a positive number 40808; clientOid malformed 40305; then our own fields: one of them misspelt in case
    or underscores or sent as "" 400172, shortfall, openOrders, worstPrice, maxSlippage not of their kind
    400172, quoteId not of this account and symbol 98002. A size off the contract's grid, side and tradeSide
    go to the engine, which knows whether they count, and so does what a quote holds a reversal to.
    Source: bitget-v2/click-backhand; reversal.md A1 to A20.
    """
    form = read_body(ReversalForm, call.parameters)
    if isinstance(form, Refusal):
        return form
    if not (form.symbol and form.product_type and form.margin_coin):
        return codes.PARAMETERS
    contract = read_contract(call, form.symbol, form.product_type, form.margin_coin)
    if isinstance(contract, Refusal):
        return contract
    size_lots = None
    size_off_grid = None
    # An empty size is a bot's empty variable, not a wish to reverse everything.
    if form.size or is_empty_text(call.parameters, "size"):
        size = read_positive(form.size)
        if isinstance(size, Refusal):
            return size
        size_lots = count_lots(size, contract)
        size_off_grid = form.size if size_lots is None else None
    if form.client_oid and not client_oid_fits(form.client_oid):
        return codes.CLIENT_OID_INVALID
    lost = _lost_field(call.parameters)
    if lost is not None:
        return lost
    shortfall = read_choice(form.shortfall, SHORTFALLS)
    if shortfall is None:
        return _illegal("shortfall", form.shortfall)
    open_orders = read_choice(form.open_orders, OPEN_ORDERS)
    if open_orders is None:
        return _illegal("openOrders", form.open_orders)
    worst_price_ticks = None
    if form.worst_price:
        ticks = read_price_ticks(form.worst_price, contract)
        if isinstance(ticks, Refusal):
            return _illegal("worstPrice", form.worst_price)
        worst_price_ticks = ticks
    slippage_max_e8 = parse_decimal(form.max_slippage, 8) if form.max_slippage else None
    if form.max_slippage and (slippage_max_e8 is None or not 0 <= slippage_max_e8 <= E8):
        return _illegal("maxSlippage", form.max_slippage)
    quote = _quote(call, contract, form.quote_id) if form.quote_id else None
    if isinstance(quote, Refusal):
        return quote
    command = ReversePosition(
        uid=call.uid,
        symbol=contract.symbol,
        side=SIDES.get(form.side.lower(), INVALID_SIDE) if form.side else None,
        effect=read_effect(form.trade_side),
        size_lots=size_lots,
        size_off_grid=size_off_grid,
        client_oid=form.client_oid or None,
        shortfall=shortfall,
        open_orders=open_orders,
        worst_price_ticks=worst_price_ticks,
        slippage_max_e8=slippage_max_e8,
    )
    return command if quote is None else held_to(command, quote, open_orders_sent=bool(form.open_orders))


def _lost_field(body: bytes) -> Refusal | None:
    """
    Refuse one of our own fields that would go unnoticed: nearly spelt right, or sent as "".

    Somebody meant a guard by it, and a reversal without the guard is another one.
    """
    if b'""' not in body:
        # Nearly every request ends here, with names that are all known: a tenth of reading the whole of it.
        try:
            _KNOWN.decode(body)
        except msgspec.MsgspecError:
            pass  # Some are not, and perhaps meant for one of ours.
        else:
            return None
    for sent in read_names(body):
        name = OWN_FIELDS.get(sent.lower().replace("_", ""))
        if name is not None and sent != name:
            return codes.misnamed(sent, name)
        if name is not None and is_empty_text(body, name):
            return _illegal(name, '""')
    return None


def _illegal(name: str, value: str) -> Refusal:
    return codes.illegal(name, value, _WANTED[name])


def _quote(call: Call, contract: Contract, quote_id: str) -> Quote | Refusal:
    """Open a quote, or say why it is none of this reversal's."""
    quote = open_quote(quote_id, call.quote_key)
    if quote is None:
        return codes.QUOTE_FORGED
    if quote.uid != call.uid:
        return codes.QUOTE_OF_ANOTHER_ACCOUNT
    if quote.symbol != contract.symbol:
        return codes.QUOTE_OF_ANOTHER_SYMBOL
    return quote


def parse_quote(call: Call) -> ReversalQuery | Refusal:
    """Read what is to be quoted: a reversal, refused as one would be; a `quoteId` in it is looked at too."""
    command = parse_reversal(call)
    return command if isinstance(command, Refusal) else ReversalQuery(command)
