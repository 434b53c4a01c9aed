"""
What Prometheus is told, computed when it asks.

The hot paths count in plain integers; this collector reads them. Names are stable: dashboards use them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from backhand.commands import HOUSE_UID
from backhand.events import Fill, OrderAccepted, OrderCancelled, Rejected
from backhand.projections.applied import Applied

COMMIT_BUCKETS_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
BATCH_BUCKETS_COMMANDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Latency(Protocol):
    """Answers per bucket, the last one open, and the sum of their seconds."""

    counts: list[int]
    seconds: float


class RequestCounts(Protocol):
    """What the gateway counted."""

    @property
    def answers(self) -> Mapping[tuple[str, str], int]:
        """Answers by endpoint and code."""

    @property
    def latencies(self) -> Mapping[str, Latency]:
        """Latency by endpoint."""

    @property
    def buckets_seconds(self) -> tuple[float, ...]:
        """Upper ends of the latency buckets."""


class _Histogram:
    """Observations per bucket, the last one open, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class VenueCounts:
    """A fold of applied commands: batches, refusals by reason, open orders of clients."""

    def __init__(self) -> None:
        self.sequence = 0
        self.open_orders = 0
        self.refusals: dict[str, int] = {}
        self.batch_commands = _Histogram(BATCH_BUCKETS_COMMANDS)
        self.commit_seconds = _Histogram(COMMIT_BUCKETS_SECONDS)

    def recover(self, applied: list[Applied]) -> None:
        """Take in commands of an earlier run: orders of then are still open, refusals are past."""
        refusals = dict(self.refusals)
        self.fold(applied)
        self.refusals = refusals

    def fold(self, applied: list[Applied]) -> None:
        """Take in one batch."""
        self.sequence = applied[-1].sequence
        for one in applied:
            for event in one.events:
                # `type`, not isinstance: events have no subclasses, and it halves the cost of this loop.
                if type(event) is Fill:
                    if event.order_open_lots == 0 and event.uid != HOUSE_UID:
                        self.open_orders -= 1
                elif type(event) is OrderAccepted:
                    self.open_orders += 1
                elif type(event) is OrderCancelled:
                    self.open_orders -= 1
                elif type(event) is Rejected:
                    self.refusals[event.reason.value] = self.refusals.get(event.reason.value, 0) + 1

    def commit(self, commands: int, seconds: float) -> None:
        """Take in what one commit cost."""
        self.batch_commands.observe(commands)
        self.commit_seconds.observe(seconds)


class VenueCollector(Collector):
    """Turns the counts of gateway and venue into metric families."""

    def __init__(self, requests: RequestCounts, venue: VenueCounts) -> None:
        self._requests = requests
        self._venue = venue

    def collect(self) -> Iterable[Metric]:
        """Give every family as it stands now."""
        answers = CounterMetricFamily(
            "backhand_requests", "Answers of the exchange's API", labels=("endpoint", "code")
        )
        for (endpoint, code), count in sorted(self._requests.answers.items()):
            answers.add_metric((endpoint, code), count)
        yield answers
        latency = HistogramMetricFamily(
            "backhand_request_seconds", "Time from request to answer", labels=("endpoint",)
        )
        for endpoint, seen in sorted(self._requests.latencies.items()):
            buckets = _cumulative(self._requests.buckets_seconds, seen.counts)
            latency.add_metric((endpoint,), buckets, seen.seconds)
        yield latency
        yield _histogram_family(
            "backhand_batch_commands", "Commands committed together", self._venue.batch_commands
        )
        yield _histogram_family(
            "backhand_commit_seconds",
            "Time from the start of a batch to its join",
            self._venue.commit_seconds,
        )
        yield GaugeMetricFamily(
            "backhand_journal_sequence", "Last command on disk", value=self._venue.sequence
        )
        yield GaugeMetricFamily(
            "backhand_open_orders", "Open orders of clients", value=self._venue.open_orders
        )
        refusals = CounterMetricFamily(
            "backhand_engine_refusals", "Commands that the rules refused", labels=("reason",)
        )
        for reason, count in sorted(self._venue.refusals.items()):
            refusals.add_metric((reason,), count)
        yield refusals


def registry(requests: RequestCounts, venue: VenueCounts) -> CollectorRegistry:
    """Make a registry of this venue alone, so that two venues in one process do not mix."""
    made = CollectorRegistry()
    made.register(VenueCollector(requests, venue))
    return made


def _histogram_family(name: str, documentation: str, seen: _Histogram) -> Metric:
    family = HistogramMetricFamily(name, documentation)
    family.add_metric((), _cumulative(seen.bounds, seen.counts), seen.total)
    return family


def _cumulative(bounds: tuple[float, ...], counts: list[int]) -> list[tuple[str, float]]:
    """Turn counts per bucket into Prometheus's counts of all that is not larger."""
    running = 0
    rows: list[tuple[str, float]] = []
    for bound, count in zip((*(str(bound) for bound in bounds), "+Inf"), counts, strict=True):
        running += count
        rows.append((bound, running))
    return rows
