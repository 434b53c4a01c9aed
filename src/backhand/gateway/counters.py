"""
What the gateway counts, in plain dictionaries: a request must not pay for being measured.

`control.metrics` reads them when somebody asks.
"""

from bisect import bisect_left
from typing import Final

#: Upper ends of the latency buckets in seconds.
BUCKETS_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Latency:
    """A histogram: answers per bucket (the last one is open), and the sum of their seconds."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self.seconds = 0.0


class RequestCounters:
    """Answers by endpoint and code, and their latency by endpoint. Endpoints are a closed set."""

    buckets_seconds = BUCKETS_SECONDS

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], int] = {}
        self.latencies: dict[str, Latency] = {}

    def count(self, endpoint: str, code: str, seconds: float) -> None:
        """Count one answer."""
        key = (endpoint, code)
        self.answers[key] = self.answers.get(key, 0) + 1
        latency = self.latencies.get(endpoint)
        if latency is None:
            latency = self.latencies[endpoint] = Latency()
        latency.counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        latency.seconds += seconds
