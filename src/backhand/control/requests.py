"""
What an operator may send, as types, and its way into commands. Pure.

Stricter than the exchange's own API on purpose: nobody's bot depends on this one, so an unknown field,
a number where text is due, or a price off the grid is refused, with a sentence that says what to write.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from backhand.commands import Contract, ReplaceLadder, SetPrice
from backhand.units import format_decimal, parse_decimal

#: Levels a side of one ladder, which is one command and one row of the journal.
LADDER_LEVELS_MAX: Final = 500
#: Sizes and ticks fit a signed 64-bit integer of the journal with room for sums over a ladder.
LEVEL_VALUE_MAX: Final = 2**53

PRICE_PLACES: Final = 12
AMOUNT_PLACES: Final = 8
#: Largest single deposit, in coins. Sums of money stay far inside what the journal can hold.
AMOUNT_COINS_MAX: Final = 10**10

UID_PATTERN: Final = r"^[0-9A-Za-z_-]{1,32}$"
LEVERAGE_MAX: Final = 500
SHOWN_LETTERS_MAX: Final = 40

T = TypeVar("T")


class BadRequest(Exception):
    """The request cannot be understood. `reason` is stable, `detail` is for people."""

    def __init__(self, reason: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.status = status


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every body."""


class OpenAccountRequest(_Request, frozen=True):
    """Body of POST /_venue/accounts."""

    uid: str | None = None
    copy_trader: bool | None = None
    balances: dict[str, str] = {}
    pos_mode: Literal["one_way_mode", "hedge_mode"] | None = None
    margin_mode: Literal["crossed", "isolated"] | None = None
    leverage: int | str | None = None
    permissions: tuple[Literal["read", "trade"], ...] = ("read", "trade")


class TransferRequest(_Request, frozen=True):
    """Body of POST /_venue/accounts/{uid}/transfers."""

    coin: str
    amount: str


class BookRequest(_Request, frozen=True):
    """Body of PUT /_venue/markets/{symbol}/book: levels are [price, size], both as text."""

    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    index: str | None = None
    mark: str | None = None


class PriceRequest(_Request, frozen=True):
    """Body of PUT /_venue/markets/{symbol}/price."""

    index: str
    mark: str | None = None


class ClockRequest(_Request, frozen=True):
    """Body of PUT /_venue/clock."""

    mode: Literal["real", "frozen", "scaled"]
    speed: str | int | float | None = None


class AdvanceRequest(_Request, frozen=True):
    """Body of POST /_venue/clock/advance: one of both."""

    by: str | None = None
    to: str | None = None


def decoded(body: bytes, kind: type[T]) -> T:
    """
    Read a body.

    Raises:
        BadRequest: not JSON, an unknown field, a missing one, or one of another type.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise BadRequest("invalid_request", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("invalid_json", "the body is not valid JSON") from None


def amount_e8(text: str, what: str) -> int:
    """Read an amount of a coin, of either sign."""
    value_e8 = parse_decimal(text, AMOUNT_PLACES)
    if value_e8 is None:
        raise BadRequest(
            "invalid_amount",
            f'{what} must be decimal text such as "100.5", with at most {AMOUNT_PLACES} decimals; '
            f"got {shown(text)}",
        )
    if abs(value_e8) > AMOUNT_COINS_MAX * 10**AMOUNT_PLACES:
        raise BadRequest("invalid_amount", f"{what} is more than {AMOUNT_COINS_MAX}")
    return value_e8


def deposits_e8(balances: Mapping[str, str], coins: Sequence[str]) -> dict[str, int]:
    """Read the money a new account starts with; zero amounts are left out."""
    deposits: dict[str, int] = {}
    for name, text in balances.items():
        coin = known_coin(name, coins)
        value_e8 = amount_e8(text, f"the balance of {coin}")
        if value_e8 < 0:
            raise BadRequest("invalid_amount", f"the balance of {coin} is negative")
        if value_e8:
            deposits[coin] = deposits.get(coin, 0) + value_e8
    return deposits


def known_coin(name: str, coins: Sequence[str]) -> str:
    """Give a coin's name as the venue spells it."""
    coin = name.upper()
    if coin not in coins:
        raise BadRequest(
            "unknown_coin", f"{shown(name)} is the margin coin of no contract; known: {', '.join(coins)}"
        )
    return coin


def leverage_of(value: int | str | None) -> int | None:
    """Read a leverage, which the exchange's own API sends as text."""
    if value is None:
        return None
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(LEVERAGE_MAX))):
            raise BadRequest("invalid_leverage", f"leverage must be a whole number; got {shown(value)}")
        value = int(value)
    if not 1 <= value <= LEVERAGE_MAX:
        raise BadRequest("invalid_leverage", f"leverage must be between 1 and {LEVERAGE_MAX}")
    return value


def ladder_command(contract: Contract, request: BookRequest) -> ReplaceLadder:
    """Bring a ladder onto the contract's grid, best level first, whatever order it was sent in."""
    bids = _levels(contract, request.bids, "bids")
    asks = _levels(contract, request.asks, "asks")
    bids.sort(reverse=True)
    asks.sort()
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise BadRequest("crossed_book", "the best bid is not below the best ask")
    return ReplaceLadder(
        symbol=contract.symbol,
        bids=tuple(bids),
        asks=tuple(asks),
        index_price_e12=None if request.index is None else price_e12(request.index, "index"),
        mark_price_e12=None if request.mark is None else price_e12(request.mark, "mark"),
    )


def price_command(contract: Contract, request: PriceRequest) -> SetPrice:
    """Read index and mark."""
    return SetPrice(
        symbol=contract.symbol,
        index_price_e12=price_e12(request.index, "index"),
        mark_price_e12=None if request.mark is None else price_e12(request.mark, "mark"),
    )


def price_e12(text: str, what: str) -> int:
    """Read a price that need not be on a tick."""
    value_e12 = parse_decimal(text, PRICE_PLACES)
    if value_e12 is None or value_e12 <= 0:
        raise BadRequest(
            "invalid_price",
            f"{what} must be positive decimal text with at most {PRICE_PLACES} decimals; got {shown(text)}",
        )
    if value_e12 > LEVEL_VALUE_MAX * 10**3:
        raise BadRequest("invalid_price", f"{what} is too large")
    return value_e12


def _levels(contract: Contract, sent: tuple[tuple[str, str], ...], side: str) -> list[tuple[int, int]]:
    if len(sent) > LADDER_LEVELS_MAX:
        raise BadRequest(
            "too_many_levels", f"{side} has {len(sent)} levels, at most {LADDER_LEVELS_MAX} are kept"
        )
    levels = [
        (
            _multiple(price, contract.tick_e12, 12, f"{side}[{index}] price", "price step"),
            _multiple(size, contract.lot_e8, 8, f"{side}[{index}] size", "size step"),
        )
        for index, (price, size) in enumerate(sent)
    ]
    if len({price_ticks for price_ticks, _ in levels}) != len(levels):
        raise BadRequest("duplicate_price", f"{side} names a price twice")
    return levels


def _multiple(text: str, step: int, places: int, what: str, step_name: str) -> int:
    """Read positive decimal text as a count of steps of 10^-places each."""
    value = parse_decimal(text, places)
    if value is None or value <= 0:
        raise BadRequest("invalid_level", f"{what} must be positive decimal text; got {shown(text)}")
    count, rest = divmod(value, step)
    if rest:
        raise BadRequest(
            "off_grid",
            f"{what} {shown(text)} is not a multiple of the {step_name} {format_decimal(step, places)}",
        )
    if count > LEVEL_VALUE_MAX:
        raise BadRequest("invalid_level", f"{what} is too large")
    return count


def shown(text: str) -> str:
    """Quote what was sent, cut to a length that a person reads."""
    return repr(text if len(text) <= SHOWN_LETTERS_MAX else text[:SHOWN_LETTERS_MAX] + "…")
