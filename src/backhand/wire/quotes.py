"""
What a `quoteId` is: a quote's bounds and policy, readable by anybody and made by the venue alone. Pure.

    base64url( msgpack [uid, symbol, sequence, bounds, policy …] + HMAC-SHA256, first 16 bytes )

It carries everything that its execution is held to, so no quote is remembered anywhere: it survives a
restart, and any process with the venue's key honours it (DESIGN section 5).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal

import msgspec

from backhand.commands import Effect, OpenOrders, ReversalBounds, ReversePosition, Shortfall

MAC_BYTES: Final = 16
#: A real one has under 600 letters.
QUOTE_ID_LETTERS_MAX: Final = 1_024


class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    What was quoted: to whom, of which symbol, at which sequence, and how good and until when.

    The rest is what was asked for and counted, as in `ReversePosition`: a commit that does not say otherwise
    asks for the same.
    """

    uid: str
    symbol: str
    sequence: int
    bounds: ReversalBounds
    side: Literal[1, -1, 0] | None = None
    effect: Effect | None = None
    size_lots: int | None = None
    shortfall: Shortfall = "auto"
    open_orders: OpenOrders = "auto"
    worst_price_ticks: int | None = None
    slippage_max_e8: int | None = None


_decoder: Final = msgspec.msgpack.Decoder(Quote)


def seal_quote(quote: Quote, key: bytes) -> str:
    """Write a quote as the text that its holder sends back."""
    payload = msgspec.msgpack.encode(quote)
    return _text(payload + _mac(payload, key))


def open_quote(text: str, key: bytes) -> Quote | None:
    """Read a quote; None when it is not one that was made with this key, letter for letter."""
    if len(text) > QUOTE_ID_LETTERS_MAX or not text.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    # The library skips what is no letter of its alphabet, and a last letter has bits that say nothing.
    if _text(sealed) != text:
        return None
    payload, mac = sealed[:-MAC_BYTES], sealed[-MAC_BYTES:]
    if not hmac.compare_digest(_mac(payload, key), mac):
        return None
    try:
        return _decoder.decode(payload)
    except msgspec.ValidationError:
        return None  # Of a release whose quotes said something else.


def held_to(command: ReversePosition, quote: Quote, open_orders_sent: bool) -> ReversePosition:
    """
    Hold a reversal to a quote: to its bounds, and to its policy in all that the caller did not send.

    `open_orders_sent` is told apart, because `auto` can be a caller's own word.
    """
    sized = command.size_lots is not None or command.size_off_grid is not None
    worst, slippage = command.worst_price_ticks, command.slippage_max_e8
    return msgspec.structs.replace(
        command,
        bounds=quote.bounds,
        side=quote.side if command.side is None else command.side,
        effect=quote.effect if command.effect is None else command.effect,
        size_lots=command.size_lots if sized else quote.size_lots,
        shortfall=quote.shortfall if command.shortfall == "auto" else command.shortfall,
        open_orders=command.open_orders if open_orders_sent else quote.open_orders,
        worst_price_ticks=quote.worst_price_ticks if worst is None else worst,
        slippage_max_e8=quote.slippage_max_e8 if slippage is None else slippage,
    )


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:MAC_BYTES]
