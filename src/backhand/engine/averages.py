"""
Means of samples taken at fixed instants.

A value that stood for many instants is kept once, with its count, so that a long pause costs no more than a
short one.
"""

from backhand.units import half_up_div


class Average:
    """The mean of all samples since the last `reset`."""

    def __init__(self) -> None:
        self.total = 0
        self.count = 0

    def add(self, value: int, count: int) -> None:
        """Take in a value that stood at `count` instants."""
        self.total += value * count
        self.count += count

    def mean(self, value: int, count: int) -> int:
        """Give the mean as if `value` had also been added `count` times; 0 without samples."""
        total, samples = self.total + value * count, self.count + count
        return half_up_div(total, samples) if samples else 0

    def reset(self) -> None:
        """Begin anew."""
        self.total = 0
        self.count = 0


class RecentMean:
    """The mean of the newest `samples_max` samples, which are given in parts: 2 for halves."""

    def __init__(self, samples_max: int, parts: int) -> None:
        self.samples_max = samples_max
        self.parts = parts
        self._values: list[int] = []
        self._counts: list[int] = []
        self._total = 0
        self._count = 0

    def add(self, value: int, count: int) -> None:
        """Take in a value that stood at `count` instants; the oldest beyond the window are let go."""
        count = min(count, self.samples_max)
        if self._values and self._values[-1] == value:
            self._counts[-1] += count
        else:
            self._values.append(value)
            self._counts.append(count)
        self._total += value * count
        self._count += count
        gone = 0
        while self._count > self.samples_max:
            surplus = self._count - self.samples_max
            cut = min(surplus, self._counts[gone])
            self._counts[gone] -= cut
            self._count -= cut
            self._total -= self._values[gone] * cut
            if self._counts[gone] == 0:
                gone += 1
        if gone:
            del self._values[:gone]
            del self._counts[:gone]

    def mean(self, value: int, count: int) -> int:
        """Give the mean as if `value` had also been added `count` times; 0 without samples."""
        total, samples = self._total, self._count
        left = min(count, self.samples_max)
        if left:
            surplus = max(0, samples + left - self.samples_max)
            samples += left - surplus
            total += value * left
            index = 0
            while surplus:
                cut = min(surplus, self._counts[index])
                total -= self._values[index] * cut
                surplus -= cut
                index += 1
        return half_up_div(total, samples * self.parts) if samples else 0
