"""
Where candles begin: every interval of the exchange, in venue time.

Intervals below six hours do not depend on a zone. From six hours on there are two of each: aligned to UTC+8,
as the exchange counts its days, and, with `utc` in the name, to UTC. Weeks begin on Monday, months on their
first day. Source: market.md section 8.
"""

from typing import Final

import msgspec

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
#: The exchange's own days begin at 16:00 UTC.
EXCHANGE_ZONE_MS: Final = 8 * HOUR_MS
#: The epoch was a Thursday: this brings it to the Monday before.
_TO_MONDAY_MS: Final = 3 * DAY_MS

_MONTHS_PER_YEAR: Final = 12
#: 400 years of the calendar, and the days between 0000-03-01 and the epoch.
_ERA_DAYS: Final = 146_097
_EPOCH_DAYS: Final = 719_468


class Interval(msgspec.Struct, frozen=True):
    """
    One length of candles.

    `length_ms` is 0 for calendar months. `shift_ms` is what a time is put forward by, so that the
    beginnings of candles are multiples of the length.
    """

    name: str
    length_ms: int
    shift_ms: int = 0

    def open_ms(self, time_ms: int) -> int:
        """Give the beginning of the candle that a time is in."""
        shifted_ms = time_ms + self.shift_ms
        if self.length_ms:
            return shifted_ms // self.length_ms * self.length_ms - self.shift_ms
        year, month = _month_of(shifted_ms // DAY_MS)
        return _first_day(year, month) * DAY_MS - self.shift_ms

    def next_ms(self, open_ms: int) -> int:
        """Give the beginning of the candle after the one that begins at `open_ms`."""
        if self.length_ms:
            return open_ms + self.length_ms
        year, month = _month_of((open_ms + self.shift_ms) // DAY_MS)
        after = year * _MONTHS_PER_YEAR + month
        return _first_day(after // _MONTHS_PER_YEAR, after % _MONTHS_PER_YEAR + 1) * DAY_MS - self.shift_ms


def _long(name: str, length_ms: int, shift_ms: int = 0) -> tuple[Interval, Interval]:
    return Interval(name, length_ms, shift_ms + EXCHANGE_ZONE_MS), Interval(name + "utc", length_ms, shift_ms)


MINUTE: Final = Interval("1m", MINUTE_MS)
#: Every interval by its name on the exchange, shortest first.
INTERVALS: Final[dict[str, Interval]] = {
    interval.name: interval
    for interval in (
        MINUTE,
        Interval("3m", 3 * MINUTE_MS),
        Interval("5m", 5 * MINUTE_MS),
        Interval("15m", 15 * MINUTE_MS),
        Interval("30m", 30 * MINUTE_MS),
        Interval("1H", HOUR_MS),
        Interval("2H", 2 * HOUR_MS),
        Interval("4H", 4 * HOUR_MS),
        *_long("6H", 6 * HOUR_MS),
        *_long("12H", 12 * HOUR_MS),
        *_long("1D", DAY_MS),
        *_long("3D", 3 * DAY_MS),
        *_long("1W", 7 * DAY_MS, _TO_MONDAY_MS),
        *_long("1M", 0),
    )
}


def _month_of(day: int) -> tuple[int, int]:
    """Give year and month of a day since the epoch, by counting in years that begin in March."""
    era, day_of_era = divmod(day + _EPOCH_DAYS, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = (month_from_march + 2) % _MONTHS_PER_YEAR + 1
    year = year_of_era + era * 400
    return (year + 1, month) if month_from_march >= _MONTHS_PER_YEAR - 2 else (year, month)


def _first_day(year: int, month: int) -> int:
    """Give the first day of a month since the epoch; the inverse of `_month_of`."""
    month_from_march = (month + 9) % _MONTHS_PER_YEAR
    if month_from_march >= _MONTHS_PER_YEAR - 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * month_from_march + 2) // 5
    return (
        era * _ERA_DAYS
        + year_of_era * 365
        + year_of_era // 4
        - year_of_era // 100
        + day_of_year
        - _EPOCH_DAYS
    )
