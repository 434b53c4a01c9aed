"""
Reading the parameters of a call.

JSON bodies and query strings into forms of plain text, and text into symbols, sizes, prices, identifiers
and times. A form is a struct whose fields are text, "" when absent: missing, null and empty are the same
to every endpoint. JSON numbers become the text of exactly the number that was written, never a float.
Nothing here raises for any input: what cannot be read becomes a refusal.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from backhand.commands import Contract
from backhand.units import DECIMAL_TEXT_MAX, format_decimal, parse_decimal
from backhand.wire import codes
from backhand.wire.codes import Refusal

PRODUCT_TYPES: Final = ("USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES")
#: Demo twins that ccxt still asks for; they have no contracts here.
DEMO_PRODUCT_TYPES: Final = ("SUSDT-FUTURES", "SCOIN-FUTURES", "SUSDC-FUTURES")

#: Counts of lots and ticks are cut here: far beyond every contract's limits, so the answer is the same,
#: and a 40-digit size still fits the 64 bits of a journal record.
COUNT_MAX: Final = 10**18
#: Base coin that no size exceeds: more is a mistake in the number, not a large position.
SIZE_MAX: Final = 10**18
#: Identifiers are 19 digits; anything above cannot exist and would not fit SQLite.
ID_MAX: Final = 2**63 - 1
#: The longest run of digits that can be an identifier or a time.
ID_DIGITS_MAX: Final = 19
PAGE_ROWS_MAX: Final = 100

#: What turns 10^-8 and 10^-12 into the 10^-DECIMAL_TEXT_MAX in which texts are read: exact for every text.
_FINE_PER_E8: Final[int] = 10 ** (DECIMAL_TEXT_MAX - 8)
_FINE_PER_E12: Final[int] = 10 ** (DECIMAL_TEXT_MAX - 12)

_CLIENT_OID: Final = re.compile(r"[0-9A-Za-z_:#+\- ]{1,64}")
_VALUES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_TEXT: Final = msgspec.json.Decoder(str)
#: What a list or object reads as: no parameter accepts it, so each refuses it with its own code.
_NESTED: Final = {b"[": "[...]", b"{": "{...}"}
_WORDS: Final = {b"n": "", b"t": "true", b"f": "false"}


class Call(msgspec.Struct, frozen=True, gc=False):
    """
    One call to read: who asks, its parameters as received, and what the venue lists.

    `parameters` is the body of a POST and the query string of a GET. `uid` is "" for public calls.
    `quote_key` is what the venue's quotes are made with.
    `client_clock_ms` is what clients' clocks should show; None while the venue's own clock is one that they
    cannot follow.
    """

    uid: str
    parameters: bytes
    contracts: Mapping[str, Contract]
    now_ms: int
    quote_key: bytes = b""
    copy_trader: bool = False
    client_clock_ms: int | None = None


class Form(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of every request struct: fields are text, "" when absent, named as on the wire in camel case."""


F = TypeVar("F", bound=Form)
V = TypeVar("V")


def read_body(shape: type[F], body: bytes) -> F | Refusal:
    """
    Read a JSON object; unknown fields are ignored, of a field sent twice the last counts.

    Not JSON, not an object, no body at all, broken text or endless nesting: 40409.
    """
    # A name that is no text is nobody's field, so reading the fields alone would not notice it.
    if body.isascii():
        try:
            form: F = _form_decoder(shape).decode(body)
        except (msgspec.MsgspecError, RecursionError):
            pass  # A value is no text, or the body is broken: the slower reading below decides.
        else:
            return form
    try:
        values = _VALUES.decode(body)
        return shape(*[json_text(values.get(name)) for name in shape.__struct_encode_fields__])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return codes.WRONG_FORMAT


@cache
def _form_decoder(shape: type[F]) -> "msgspec.json.Decoder[F]":
    return msgspec.json.Decoder(shape)


def is_empty_text(body: bytes, name: str) -> bool:
    """Tell whether a readable body sends a field as "", where that must not pass for not sending it."""
    if b'""' not in body:
        return False
    raw = _VALUES.decode(body).get(name)
    return raw is not None and bytes(raw) == b'""'


def read_names(body: bytes) -> list[str]:
    """List the names of a readable body's fields."""
    return list(_VALUES.decode(body))


def read_objects(shape: type[F], body: bytes, name: str) -> list[F] | Refusal | None:
    """
    Read a list of objects in a readable body, each like a body of its own; None when there is none.

    Anything else under that name: 40020.
    """
    raw = _VALUES.decode(body).get(name)
    if raw is None or bytes(raw) == b"null":
        return None
    names = shape.__struct_encode_fields__
    try:
        return [shape(*[json_text(values.get(field)) for field in names]) for values in _OBJECTS.decode(raw)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return codes.malformed(name)


def read_query(shape: type[F], query: bytes) -> F:
    """
    Read a query string: percent-encoding is undone, and `+` is a plus sign.

    The official SDK sends a `+` as it is and signs it so; that HTML forms mean a space by it helps nobody.
    Source: auth.md section 3; differences: docs/deviations.md#orders-and-accounts (ACC-6)
    """
    sent: dict[str, str] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        sent[_decoded(name)] = _decoded(value)
    return shape(*[sent.get(name, "") for name in shape.__struct_encode_fields__])


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace")


def json_text(raw: msgspec.Raw | None) -> str:
    """
    Give the text of a JSON value as every parameter is read, "" for null and for None.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: it is a string that is not text.
    """
    if raw is None:
        return ""
    value = bytes(raw)
    first = value[:1]
    if first == b'"':
        return _TEXT.decode(value)
    if first in _WORDS:
        return _WORDS[first]
    return _NESTED.get(first) or plain_number(value.decode())


def plain_number(literal: str) -> str:
    """
    Write a JSON number without its exponent, exactly: 1.5e-5 becomes 0.000015.

    Exponents beyond DECIMAL_TEXT_MAX stay as they are; no reader of decimals accepts them.
    """
    mantissa, marker, exponent_text = literal.lower().partition("e")
    if not marker or len(exponent_text) > len("+64") or abs(int(exponent_text)) > DECIMAL_TEXT_MAX:
        return literal
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent_text)
    if point <= 0:
        return sign + "0." + "0" * -point + digits
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return sign + digits[:point] + "." + digits[point:]


def read_product_type(text: str) -> str | Refusal:
    """Read the product type of a private call: 400172 when missing or unknown."""
    product_type = text.upper()
    return product_type if product_type in PRODUCT_TYPES else codes.PARAMETERS


def read_contract(call: Call, symbol: str, product_type: str, margin_coin: str) -> Contract | Refusal:
    """
    Find the contract that a private call is about; letters may have any case.

    In this order: product type 400172, unknown symbol 40034, symbol of another product type 22012, and,
    unless "" was sent, a wrong margin coin 40778.
    """
    if product_type.upper() not in PRODUCT_TYPES:
        return codes.PARAMETERS
    contract = call.contracts.get(symbol.upper())
    if contract is None:
        return codes.not_existing(symbol)
    if contract.product_type != product_type.upper():
        return codes.other_product(contract.symbol, product_type.upper())
    if margin_coin and margin_coin.upper() != contract.margin_coin:
        return codes.wrong_margin_coin(contract.symbol, margin_coin.upper())
    return contract


def read_choice(text: str, choices: Mapping[str, V]) -> V | None:
    """Read an enumeration, letters of any case."""
    return choices.get(text.lower())


def read_positive(text: str) -> int | Refusal:
    """Read a size as a positive count of 10^-DECIMAL_TEXT_MAX: 40808 when it is anything else, or absurd."""
    value = parse_decimal(text, DECIMAL_TEXT_MAX)
    if value is None or value > SIZE_MAX * 10**DECIMAL_TEXT_MAX:
        return codes.bad_number(f"size error value={codes.echo(text)}")
    if value <= 0:
        return codes.bad_number(f"delegate count {format_decimal(value, DECIMAL_TEXT_MAX)} > 0")
    return value


def count_lots(value: int, contract: Contract) -> int | None:
    """Count the lots of a size from `read_positive`, cut at COUNT_MAX; None when off the size step."""
    lots, rest = divmod(value, contract.lot_e8 * _FINE_PER_E8)
    return None if rest else min(lots, COUNT_MAX)


def read_price_ticks(text: str, contract: Contract, name: str = "price") -> int | Refusal:
    """Read a positive price, cut at COUNT_MAX: 40020 when it is none, 45115 when off the tick."""
    value = parse_decimal(text, DECIMAL_TEXT_MAX)
    if value is None or value <= 0:
        return codes.malformed(name)
    ticks, rest = divmod(value, contract.tick_e12 * _FINE_PER_E12)
    if rest:
        return codes.off_price_step(format_decimal(contract.tick_e12, 12))
    return min(ticks, COUNT_MAX)


def client_oid_fits(text: str) -> bool:
    """Tell whether text can be a client order id: 1 to 64 of digits, letters, `_ : # + -` and space."""
    return _CLIENT_OID.fullmatch(text) is not None


def read_order_name(order_id: str, client_oid: str) -> tuple[int | None, str | None] | Refusal:
    """Read which order is meant: 40924 when neither id was sent, 40402 when one cannot be an id."""
    number = read_digits(order_id) if order_id else None
    if order_id and (number is None or number > ID_MAX):
        return codes.ORDER_ID_INVALID
    if client_oid and not client_oid_fits(client_oid):
        return codes.ORDER_ID_INVALID
    if number is None and not client_oid:
        return codes.ORDER_ID_MISSING
    return number, client_oid or None


def read_digits(text: str) -> int | None:
    """Read a whole number of at most ID_DIGITS_MAX plain digits."""
    if not text.isascii() or not text.isdigit() or len(text) > ID_DIGITS_MAX:
        return None
    return int(text)
