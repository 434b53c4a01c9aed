"""
Every call's route and limits, as data.

The quotas are those of `backhand.wire.endpoints` where this venue has the endpoint; a test holds them
together. The `/api/v3/` routes are the real exchange's for unified accounts, which this venue has not.
"""

from typing import Final, Literal

import msgspec

_MIX: Final = "/api/v2/mix"
_OWN: Final = "/api/backhand/v1"


class Route(msgspec.Struct, frozen=True, gc=False):
    """One endpoint: calls per second and account (for public ones: per address), also for traders."""

    method: Literal["GET", "POST"]
    path: str
    per_second: int
    trader_per_second: int
    private: bool

    @property
    def changes(self) -> bool:
        """Whether a call can change anything: its lost answer is then more than an unanswered question."""
        return self.method == "POST" and self.path not in _QUESTIONS_BY_POST


def _public(path: str) -> Route:
    return Route("GET", path, 20, 20, private=False)


def _read(path: str, per_second: int = 10) -> Route:
    return Route("GET", path, per_second, per_second, private=True)


def _change(path: str, per_second: int = 10, trader_per_second: int = 0) -> Route:
    return Route("POST", path, per_second, trader_per_second or per_second, private=True)


SERVER_TIME: Final = _public("/api/v2/public/time")
CONTRACTS: Final = _public(f"{_MIX}/market/contracts")
TICKER: Final = _public(f"{_MIX}/market/ticker")
DEPTH: Final = _public(f"{_MIX}/market/merge-depth")

ACCOUNT: Final = _read(f"{_MIX}/account/account")
ACCOUNTS: Final = _read(f"{_MIX}/account/accounts")
POSITION: Final = _read(f"{_MIX}/position/single-position")
POSITIONS: Final = _read(f"{_MIX}/position/all-position", 5)
SET_LEVERAGE: Final = _change(f"{_MIX}/account/set-leverage", 5)
SET_MARGIN_MODE: Final = _change(f"{_MIX}/account/set-margin-mode", 5)
SET_POSITION_MODE: Final = _change(f"{_MIX}/account/set-position-mode", 5)

PLACE_ORDER: Final = _change(f"{_MIX}/order/place-order", trader_per_second=1)
CANCEL_ORDER: Final = _change(f"{_MIX}/order/cancel-order")
CLOSE_POSITIONS: Final = _change(f"{_MIX}/order/close-positions", 1)
ORDER: Final = _read(f"{_MIX}/order/detail")
OPEN_ORDERS: Final = _read(f"{_MIX}/order/orders-pending")
ORDER_HISTORY: Final = _read(f"{_MIX}/order/orders-history")
FILLS: Final = _read(f"{_MIX}/order/fills")

REVERSE: Final = _change(f"{_MIX}/order/click-backhand", trader_per_second=1)
QUOTE: Final = _change(f"{_OWN}/reversal/quote")
RECEIPT: Final = _read(f"{_OWN}/reversal/receipt")
EXPLAIN: Final = _read(f"{_OWN}/explain")

UNIFIED_INSTRUMENTS: Final = _public("/api/v3/market/instruments")
UNIFIED_POSITIONS: Final = _read("/api/v3/position/current-position", 20)
UNIFIED_PLACE_ORDER: Final = _change("/api/v3/trade/place-order")
UNIFIED_ORDER: Final = _read("/api/v3/trade/order-info", 20)

_QUESTIONS_BY_POST: Final = (QUOTE.path,)
