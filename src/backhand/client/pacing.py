"""
Sending no faster than the exchange allows.

Each endpoint has its own limit per second, per account (auth.md section 9). Whether the exchange counts in
fixed seconds or in sliding ones is not documented, so at most that many calls are sent in any sliding
second; a `429` all the same (another program may share the account) pauses that endpoint for a second.
"""

from collections import deque
from threading import Lock
from typing import Final

from backhand.client.routes import Route

#: A second, and a little for clocks and connections that do not keep their distance.
WINDOW_SECONDS: Final = 1.05


class Pacer:
    """
    Gives each call the moment at which it may be sent. May be shared by threads.

    Args:
        copy_trader: Whether the account is a copy-trading trader's, whose limits are 1 per second.
    """

    def __init__(self, *, copy_trader: bool) -> None:
        self._copy_trader = copy_trader
        self._lock = Lock()
        #: Per path: the moments of the last calls, as many as may be sent in a second.
        self._moments: dict[str, deque[float]] = {}

    def delay_seconds(self, route: Route, now_seconds: float) -> float:
        """Reserve the next free moment of an endpoint; how far away it is."""
        with self._lock:
            moments = self._of(route)
            moment = now_seconds
            if len(moments) == moments.maxlen:
                moment = max(now_seconds, moments[0] + WINDOW_SECONDS)
            moments.append(moment)
            return moment - now_seconds

    def pause(self, route: Route, now_seconds: float) -> None:
        """Send nothing more to this endpoint for a second: it said that it had enough."""
        with self._lock:
            moments = self._of(route)
            moments.extend([now_seconds] * (moments.maxlen or 1))

    def _of(self, route: Route) -> deque[float]:
        per_second = route.trader_per_second if self._copy_trader else route.per_second
        return self._moments.setdefault(route.path, deque(maxlen=per_second))
