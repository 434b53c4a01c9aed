"""The books of a venue in process, as `Decimal`: what GET /_venue/audit says, typed."""

from decimal import Decimal

import msgspec

from backhand.engine import State
from backhand.engine.audit import audit as engine_audit
from backhand.engine.digest import state_digest
from backhand.units import format_decimal


class CoinSums(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where all of a coin is; `residual` is 0 always.

    deposits - withdrawals = wallets + fees + insurance + house + clearing + conversion + rounding + residual.
    """

    deposits: Decimal
    withdrawals: Decimal
    wallets: Decimal
    fees: Decimal
    insurance: Decimal
    house: Decimal
    clearing: Decimal
    conversion: Decimal
    rounding: Decimal
    residual: Decimal


class OpenInterest(msgspec.Struct, frozen=True):
    """What is held of a symbol, in lots of its size step: the two are equal always."""

    long_lots: int
    short_lots: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's books after `sequence` commands; `digest` is a fingerprint of what it owes and holds."""

    sequence: int
    digest: str
    coins: dict[str, CoinSums]
    symbols: dict[str, OpenInterest]


def audit(state: State) -> Audit:
    """
    Sum everything again.

    Raises:
        InvariantBroken: The books do not balance.
    """
    books = engine_audit(state)
    return Audit(
        sequence=books.sequence,
        digest=state_digest(state),
        coins={
            coin: CoinSums(
                **{
                    name: Decimal(format_decimal(getattr(sums, f"{name}_e28"), 28))
                    for name in CoinSums.__struct_fields__
                }
            )
            for coin, sums in books.coins.items()
        },
        symbols={
            symbol: OpenInterest(lots.long_lots, lots.short_lots) for symbol, lots in books.symbols.items()
        },
    )
