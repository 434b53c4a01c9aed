"""
What a `quoteId` is: a quote's bounds and expiry, readable by anybody and made by the venue alone. Pure.

    base64url( msgpack [uid, symbol, from side, sequence, expires_ms, bounds] + HMAC-SHA256, first 16 bytes )

It carries everything that its execution is held to, so no quote is remembered anywhere: it survives a
restart, and any process with the venue's key honours it (DESIGN section 5).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from backhand.commands import ReversalBounds

MAC_BYTES: Final = 16
#: A real one has under 300 letters.
QUOTE_ID_LETTERS_MAX: Final = 1_024


class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """
    What was quoted: to whom, of which position, at which sequence, until when, and how good.

    `from_side` is the position's that is reversed, 1 long or -1 short.
    """

    uid: str
    symbol: str
    from_side: int
    sequence: int
    expires_ms: int
    bounds: ReversalBounds


_decoder: Final = msgspec.msgpack.Decoder(Quote)


def seal_quote(quote: Quote, key: bytes) -> str:
    """Write a quote as the text that its holder sends back."""
    payload = msgspec.msgpack.encode(quote)
    return urlsafe_b64encode(payload + _mac(payload, key)).rstrip(b"=").decode()


def open_quote(text: str, key: bytes) -> Quote | None:
    """Read a quote; None when it is not one that was made with this key."""
    if len(text) > QUOTE_ID_LETTERS_MAX or not text.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    payload, mac = sealed[:-MAC_BYTES], sealed[-MAC_BYTES:]
    if not hmac.compare_digest(_mac(payload, key), mac):
        return None
    return _decoder.decode(payload)


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:MAC_BYTES]
