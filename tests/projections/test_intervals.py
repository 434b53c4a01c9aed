import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.projections.intervals import INTERVALS


def ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000


@pytest.mark.parametrize(
    ("name", "at", "begins", "then"),
    [
        ("1m",     "2025-06-18 10:07:59", "2025-06-18 10:07", "2025-06-18 10:08"),
        ("3m",     "2025-06-18 10:07:59", "2025-06-18 10:06", "2025-06-18 10:09"),
        ("5m",     "2025-06-18 10:07:59", "2025-06-18 10:05", "2025-06-18 10:10"),
        ("15m",    "2025-06-18 10:07:59", "2025-06-18 10:00", "2025-06-18 10:15"),
        ("30m",    "2025-06-18 10:37:59", "2025-06-18 10:30", "2025-06-18 11:00"),
        ("1H",     "2025-06-18 10:07:59", "2025-06-18 10:00", "2025-06-18 11:00"),
        ("2H",     "2025-06-18 11:07:59", "2025-06-18 10:00", "2025-06-18 12:00"),
        ("4H",     "2025-06-18 10:07:59", "2025-06-18 08:00", "2025-06-18 12:00"),
        ("6H",     "2025-06-18 09:59:59", "2025-06-18 04:00", "2025-06-18 10:00"),
        ("6Hutc",  "2025-06-18 11:59:59", "2025-06-18 06:00", "2025-06-18 12:00"),
        ("12H",    "2025-06-18 10:07:59", "2025-06-18 04:00", "2025-06-18 16:00"),
        ("12Hutc", "2025-06-18 10:07:59", "2025-06-18 00:00", "2025-06-18 12:00"),
        ("1D",     "2025-06-18 16:00:00", "2025-06-18 16:00", "2025-06-19 16:00"),
        ("1D",     "2025-06-18 15:59:59", "2025-06-17 16:00", "2025-06-18 16:00"),
        ("1Dutc",  "2025-06-18 15:59:59", "2025-06-18 00:00", "2025-06-19 00:00"),
        ("3D",     "1970-01-03 16:00:00", "1970-01-03 16:00", "1970-01-06 16:00"),
        ("3Dutc",  "1970-01-04 00:00:00", "1970-01-04 00:00", "1970-01-07 00:00"),
        ("1W",     "2025-06-15 16:00:00", "2025-06-15 16:00", "2025-06-22 16:00"),
        ("1Wutc",  "2025-06-15 23:59:59", "2025-06-09 00:00", "2025-06-16 00:00"),
        ("1Wutc",  "2025-06-16 00:00:00", "2025-06-16 00:00", "2025-06-23 00:00"),
        ("1M",     "2024-02-29 15:59:59", "2024-01-31 16:00", "2024-02-29 16:00"),
        ("1Mutc",  "2024-02-29 23:59:59", "2024-02-01 00:00", "2024-03-01 00:00"),
        ("1Mutc",  "2025-12-31 23:59:59", "2025-12-01 00:00", "2026-01-01 00:00"),
    ],
)  # fmt: skip
def test_a_candle_begins(name: str, at: str, begins: str, then: str) -> None:
    """Candles of each interval begin where the exchange's do (market.md section 8)."""
    interval = INTERVALS[name]
    assert (ms(begins), ms(then)) == (interval.open_ms(ms(at)), interval.next_ms(ms(begins)))


@given(name=st.sampled_from(list(INTERVALS)), time_ms=st.integers(0, 5_000_000_000_000))
def test_intervals_leave_no_gap(name: str, time_ms: int) -> None:
    """Each instant is in exactly one candle, and the next one begins where that one ends."""
    interval = INTERVALS[name]
    open_ms = interval.open_ms(time_ms)
    next_ms = interval.next_ms(open_ms)
    assert open_ms <= time_ms < next_ms
    assert (open_ms, open_ms, next_ms) == (
        interval.open_ms(open_ms), interval.open_ms(next_ms - 1), interval.open_ms(next_ms),
    )  # fmt: skip


@given(day=st.integers(0, 60_000))
def test_months_are_those_of_the_calendar(day: int) -> None:
    """The month that a day is in begins on its first, in every year to come."""
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    first = (date.replace(day=1) - dt.date(1970, 1, 1)).days
    assert first * 86_400_000 == INTERVALS["1Mutc"].open_ms(day * 86_400_000)
