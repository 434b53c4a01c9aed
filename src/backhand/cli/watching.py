"""
Where `watch` has its news from: a boundary of one function, so that a stream can take the place of looks.

    look (a question) ─▶ watched ─▶ one list of positions after another
"""

import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from backhand.client import NoAnswer, NotSent

T = TypeVar("T")

#: The exchange allows five looks at all positions of a product type per second.
EVERY_SECONDS_MIN: Final = 0.2
#: Looks in a row that may fail before watching is given up.
FAILURES_MAX: Final = 5


def watched(
    look: Callable[[], T], every_seconds: float, count: int, pause: Callable[[float], None] = time.sleep
) -> Iterator[T]:
    """
    Look again and again; a look that gets no answer is left out.

    Args:
        count: How often; 0 until interrupted.

    Raises:
        NotSent, NoAnswer: FAILURES_MAX looks in a row had no answer.
        Refused: A look was refused.
    """
    seen, failures = 0, 0
    while True:
        try:
            found = look()
        except (NotSent, NoAnswer):
            failures += 1
            if failures == FAILURES_MAX:
                raise
        else:
            failures = 0
            seen += 1
            yield found
            if seen == count:
                return
        pause(every_seconds)
