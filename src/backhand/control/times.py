"""Times and durations as an operator writes them: "10s", "1h30m", "2026-01-01T00:00:00Z"."""

import datetime as dt
import re
from fractions import Fraction
from typing import Final

from backhand.control.requests import BadRequest, shown

_UNITS_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION: Final = re.compile(r"(?:\d{1,12}(?:ms|[dhms]))+")
_PART: Final = re.compile(r"(\d+)(ms|[dhms])")
_SPEED: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def duration_ms(text: str) -> int:
    """Read a duration, units largest first or in any order."""
    if not _DURATION.fullmatch(text):
        raise BadRequest(
            "invalid_duration", f'a duration is like "10s", "250ms" or "1h30m"; got {shown(text)}'
        )
    return sum(int(count) * _UNITS_MS[unit] for count, unit in _PART.findall(text))


def instant_ms(text: str) -> int:
    """Read an instant with its offset from UTC, to the millisecond."""
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadRequest(
            "invalid_time", f'a time is like "2026-01-01T00:00:00Z", with its offset; got {shown(text)}'
        )
    return (instant - _EPOCH) // dt.timedelta(milliseconds=1)


def instant_text(time_ms: int) -> str:
    """Write an instant in UTC with milliseconds."""
    instant = _EPOCH + dt.timedelta(milliseconds=time_ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def speed_of(value: str | float) -> Fraction:
    """Read how many times faster than the wall a clock runs."""
    text = str(value)
    if not _SPEED.fullmatch(text):
        raise BadRequest("invalid_speed", f'a speed is a positive number like "60"; got {shown(text)}')
    return Fraction(text)
