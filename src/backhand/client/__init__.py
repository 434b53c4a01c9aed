"""
A typed client for this venue and for the real exchange, sync and async.

    from decimal import Decimal
    from backhand.client import Client, Credentials

    with Client("http://127.0.0.1:8080", Credentials(key, secret, passphrase)) as client:
        quote = client.quote("ETHUSDT")
        done = client.reverse("ETHUSDT", quote_id=quote.quote_id)

How a call travels:

    calls (what is sent, what is read) ─▶ session (paced, signed) ─▶ clients (two drivers) ─▶ transport
    models, exceptions ◀─ session (codes, envelope) ◀─────────────────────────────────────────┘

Numbers are `Decimal`, in and out; exceptions say what they mean for your money (`backhand.client.errors`).
`reverse` does not reverse twice, whatever happens to its answer (`backhand.client.reversal_calls`).
`live_positions` follows what is held over WebSockets.
"""

from backhand.client.clients import BITGET, AsyncClient, Client
from backhand.client.errors import (
    AccessRefused,
    ClientError,
    DuplicateClientOid,
    GuardRefused,
    InsufficientMargin,
    NoAnswer,
    NotFound,
    NothingHeld,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    QuoteRefused,
    Refused,
    TooManyRequests,
    UnifiedAccount,
)
from backhand.client.instruments import Instrument
from backhand.client.live import live_positions
from backhand.client.reversal import Leg, Reversal
from backhand.client.session import Credentials

__all__ = [
    "BITGET",
    "AccessRefused",
    "AsyncClient",
    "Client",
    "ClientError",
    "Credentials",
    "DuplicateClientOid",
    "GuardRefused",
    "Instrument",
    "InsufficientMargin",
    "Leg",
    "NoAnswer",
    "NotFound",
    "NotSent",
    "NotSupported",
    "NothingHeld",
    "OutcomeUnknown",
    "QuoteRefused",
    "Refused",
    "Reversal",
    "TooManyRequests",
    "UnifiedAccount",
    "live_positions",
]
