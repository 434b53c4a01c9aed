"""
Rate limits: so many calls in a while, counted per account and endpoint, or per IP address, on venue time.

The window is a fixed one, not sliding: the exchange does not say which it is, and this one is a dictionary
and a comparison (spec auth.md section 9). Memory is bounded by the calls of one window, and by COUNTS_MAX.
"""

from collections.abc import Callable
from typing import Final

MS_PER_SECOND: Final = 1_000
MS_PER_MINUTE: Final = 60_000
#: Counts of one window. Beyond, it begins anew: forgetting calls is better than refusing strangers.
COUNTS_MAX: Final = 100_000
#: Requests of one address in a minute; one that makes more waits so long. Source: auth.md section 9.
REQUESTS_PER_MINUTE: Final = 6_000
BLOCKED_MS: Final = 5 * MS_PER_MINUTE
#: WebSocket connections of one address: at once, and tried in a while. Source: websocket.md section 1.
CONNECTIONS_PER_ADDRESS: Final = 100
ATTEMPTS_MAX: Final = 300
ATTEMPTS_MS: Final = 5 * MS_PER_MINUTE


class FixedWindow:
    """Counts calls of the current window of venue time, a second if not told."""

    def __init__(self, window_ms: int = MS_PER_SECOND) -> None:
        self._window_ms = window_ms
        self._window = 0
        self._calls: dict[tuple[str, str], int] = {}

    def take(self, who: str, what: str, calls_max: int, now_ms: int) -> int:
        """
        Count one call.

        Returns:
            How many more calls this window allows; -1 when this one is too many already.
        """
        window = now_ms // self._window_ms
        if window != self._window or len(self._calls) >= COUNTS_MAX:
            self._window = window
            self._calls = {}
        key = (who, what)
        calls = self._calls.get(key, 0) + 1
        if calls > calls_max:
            return -1
        self._calls[key] = calls
        return calls_max - calls


class AddressLimits:
    """
    What one IP address may do, whoever is behind it: requests, public questions, WebSocket connections.

    Args:
        now_ms: Venue time.
        apply: Whether any of it is refused now.
    """

    def __init__(self, now_ms: Callable[[], int], apply: Callable[[], bool]) -> None:
        self._now_ms = now_ms
        self._apply = apply
        self._second = FixedWindow()
        self._minute = FixedWindow(MS_PER_MINUTE)
        self._attempts = FixedWindow(ATTEMPTS_MS)
        self._blocked_until_ms: dict[str, int] = {}
        self._connections: dict[str, int] = {}

    def admit(self, address: str) -> bool:
        """Count a request of any kind; false when the address made too many, or did lately."""
        if not self._apply():
            return True
        now_ms = self._now_ms()
        blocked = self._blocked_until_ms
        if blocked.get(address, 0) > now_ms:
            return False
        if self._minute.take(address, "", REQUESTS_PER_MINUTE, now_ms) >= 0:
            return True
        for other in [one for one, until_ms in blocked.items() if until_ms <= now_ms]:
            del blocked[other]
        blocked[address] = now_ms + BLOCKED_MS
        return False

    def ask(self, address: str, path: str, per_second: int) -> int:
        """Count a public question; how many more there may be in this second, -1 when it is one too many."""
        if not self._apply():
            return per_second
        return self._second.take(address, path, per_second, self._now_ms())

    def enter(self, address: str) -> bool:
        """Give a WebSocket connection one of its address's places, or none; whoever has one leaves it."""
        held = self._connections.get(address, 0)
        if self._apply() and (
            self._attempts.take(address, "", ATTEMPTS_MAX, self._now_ms()) < 0
            or held >= CONNECTIONS_PER_ADDRESS
        ):
            return False
        self._connections[address] = held + 1
        return True

    def leave(self, address: str) -> None:
        """Give a place back."""
        held = self._connections.pop(address) - 1
        if held:
            self._connections[address] = held


def no_address_limits() -> AddressLimits:
    """Limits that refuse nothing."""
    return AddressLimits(lambda: 0, lambda: False)
