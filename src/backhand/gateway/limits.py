"""
Rate limits: so many calls per second, counted per account and endpoint, on venue time.

The window is a fixed second, not a sliding one: the exchange does not say which it is, and this one is
a dictionary and a comparison (spec auth.md section 9). Memory is bounded by the calls of one second.
"""

from typing import Final

MS_PER_SECOND: Final = 1_000


class FixedWindow:
    """Counts calls of the current second of venue time."""

    def __init__(self) -> None:
        self._second = 0
        self._calls: dict[tuple[str, str], int] = {}

    def take(self, who: str, endpoint: str, per_second: int, now_ms: int) -> int:
        """
        Count one call.

        Returns:
            How many more calls this second allows; -1 when this one is too many already.
        """
        second = now_ms // MS_PER_SECOND
        if second != self._second:
            self._second = second
            self._calls = {}
        key = (who, endpoint)
        calls = self._calls.get(key, 0) + 1
        if calls > per_second:
            return -1
        self._calls[key] = calls
        return per_second - calls
