"""
Which examples Hypothesis plays: the same in every run, so that only a change makes a test red.

`BACKHAND_EXAMPLES=1000` plays that many others in each test; a failure prints how to repeat it. No example is
too slow: how long one takes is up to the machine.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

_ASKED: Final = int(os.environ.get("BACKHAND_EXAMPLES", "0"))

settings.register_profile(
    "backhand",
    max_examples=_ASKED or 100,
    derandomize=not _ASKED,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("backhand")


def examples(count: int) -> settings:
    """So many examples, where a hundred are too few or take too long."""
    return settings(max_examples=_ASKED or count)
