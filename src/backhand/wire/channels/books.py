"""
Rows of the order book channels.

Levels are written with the contract's fixed decimals, so that a price has the same text in every frame:
clients find a level by it, and the checksum is made of it.
"""

import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

from backhand.commands import Contract
from backhand.units import format_fixed

#: Levels a side that a checksum is made of.
CHECKSUM_LEVELS: Final = 25
#: Takes a level out; exactly this text, because one client compares it so.
NO_SIZE: Final = "0"
#: What `checksum` says where there is none to compare with.
NO_CHECKSUM: Final = 0

#: (price_ticks, size_lots)
Level = tuple[int, int]
LevelText = tuple[str, str]


class BookRow(msgspec.Struct, frozen=True, gc=False):
    """One book, or what changed of it; `pseq` is the `seq` of the frame before, 0 in a snapshot."""

    asks: list[LevelText]
    bids: list[LevelText]
    checksum: int
    seq: int
    pseq: int
    ts: str


def book_row(
    contract: Contract, bids: Sequence[Level], asks: Sequence[Level], seq: int, ts_ms: int
) -> BookRow:
    """Print a whole book, or its best levels. Source: websocket.md section 6."""
    return BookRow(level_texts(contract, asks), level_texts(contract, bids), NO_CHECKSUM, seq, 0, str(ts_ms))


def level_texts(contract: Contract, levels: Sequence[Level]) -> list[LevelText]:
    """Write levels; a size of 0 lots takes the level out."""
    tick_e12, price_places = contract.tick_e12, contract.price_places
    lot_e8, size_places = contract.lot_e8, contract.size_places
    return [
        (
            format_fixed(price * tick_e12, 12, price_places),
            format_fixed(size * lot_e8, 8, size_places) if size else NO_SIZE,
        )
        for price, size in levels
    ]


def checksum(bids: Sequence[LevelText], asks: Sequence[LevelText]) -> int:
    """
    Sum up the best levels of a book: CRC-32 of bid1price:bid1size:ask1price:ask1size:bid2price:…, signed.

    Where one side has fewer levels, they are left out.
    """
    parts: list[str] = []
    for place in range(CHECKSUM_LEVELS):
        if place < len(bids):
            parts += bids[place]
        if place < len(asks):
            parts += asks[place]
    sum_ = binascii.crc32(":".join(parts).encode())
    return sum_ - (1 << 32) if sum_ >= 1 << 31 else sum_
