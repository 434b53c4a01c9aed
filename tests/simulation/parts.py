"""What `make sim` is made of, cut into tasks that a process of their own can carry out."""

import itertools
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation import book_streams, quotes, reversal_worlds, small_books, tiny_worlds
from tests.simulation import world as whole

#: Ten million commands, a million worlds, a hundred thousand quotes, twenty million events of whole venues,
#: and as many of small ones.
STREAMS: Final = 10_000_000 // book_streams.STREAM_COMMANDS
SAMPLES: Final = 1_000_000
QUOTES: Final = 100_000
VENUES: Final = 20_000_000 // whole.WORLD_EVENTS
TINY: Final = 60_000
SAMPLES_TOGETHER: Final = 1_000
BOOKS_TOGETHER: Final = 50
TINY_TOGETHER: Final = 100


@dataclass(frozen=True)
class Task:
    """A call that one process makes; `again` is how to repeat it alone."""

    play: Callable[..., int]
    arguments: tuple[Any, ...]
    again: str


def stream(seed: int) -> int:
    """Play one stream."""
    book_streams.play(seed, book_streams.STREAM_COMMANDS)
    return book_streams.STREAM_COMMANDS


def books(number: int) -> int:
    """Play some of the small books."""
    chosen = small_books.books()[number * BOOKS_TOGETHER : (number + 1) * BOOKS_TOGETHER]
    return small_books.play(chosen)


def world(kind: reversal_worlds.Kind, start: str, length: int) -> int:
    """Play all sequences of one kind and start."""
    return reversal_worlds.play(kind, start, tuple(reversal_worlds.ALPHABET), length)


def samples(seed: int, count: int) -> int:
    """Play some sampled worlds."""
    for each in range(seed, seed + count):
        reversal_worlds.sample(each)
    return count


def quoted(seed: int, count: int) -> int:
    """Play some worlds with a quote."""
    return quotes.counted(range(seed, seed + count)).total()


def tiny(seed: int, count: int) -> int:
    """Play some small venues."""
    return sum(map(tiny_worlds.play, range(seed, seed + count)))


def stream_tasks(seed: int, count: int) -> list[Task]:
    """Streams of consecutive seeds."""
    seeds = range(seed, seed + (count or STREAMS))
    return [Task(stream, (each,), f"make sim PARTS=streams SEED={each} COUNT=1") for each in seeds]


def book_tasks(_seed: int, _count: int) -> list[Task]:
    """All small books."""
    numbers = range(-(-len(small_books.books()) // BOOKS_TOGETHER))
    return [Task(books, (number,), "make sim PARTS=books") for number in numbers]


def world_tasks(_seed: int, count: int) -> list[Task]:
    """All sequences of three commands, or of as many as are counted."""
    chosen = itertools.product(reversal_worlds.KINDS, reversal_worlds.STARTS)
    length = count or 3
    return [Task(world, (*each, length), f"make sim PARTS=worlds COUNT={length}") for each in chosen]


def sample_tasks(seed: int, count: int) -> list[Task]:
    """Sampled worlds of consecutive seeds."""
    return _runs("samples", samples, seed, count or SAMPLES, SAMPLES_TOGETHER)


def quote_tasks(seed: int, count: int) -> list[Task]:
    """Worlds with a quote, of consecutive seeds."""
    return _runs("quotes", quoted, seed, count or QUOTES, SAMPLES_TOGETHER)


def tiny_tasks(seed: int, count: int) -> list[Task]:
    """Small venues of consecutive seeds."""
    return _runs("tiny", tiny, seed, count or TINY, TINY_TOGETHER)


def _runs(part: str, play: Callable[[int, int], int], seed: int, count: int, together: int) -> list[Task]:
    """Cut consecutive seeds into runs."""
    end = seed + count
    tasks = []
    for first in range(seed, end, together):
        number = min(together, end - first)
        tasks.append(Task(play, (first, number), f"make sim PARTS={part} SEED={first} COUNT={number}"))
    return tasks


def venue_tasks(seed: int, count: int) -> list[Task]:
    """Whole venues of consecutive seeds."""
    seeds = range(seed, seed + (count or VENUES))
    return [Task(whole.play, (each,), f"make sim PARTS=world SEED={each} COUNT=1") for each in seeds]


#: What is played, what its units are called, and how it is cut up: from seed and count (0 for all).
PARTS: Final[dict[str, tuple[str, Callable[[int, int], list[Task]]]]] = {
    "streams": ("commands", stream_tasks),
    "books": ("takers", book_tasks),
    "worlds": ("reversals", world_tasks),
    "samples": ("worlds", sample_tasks),
    "quotes": ("worlds", quote_tasks),
    "world": ("events", venue_tasks),
    "tiny": ("events", tiny_tasks),
}


def carry_out(task: Task) -> tuple[int, str]:
    """Carry out a task; gives its number of units, or what went wrong and how to repeat it."""
    try:
        return task.play(*task.arguments), ""
    except Exception:  # noqa: BLE001 (whatever it is, it is reported, and ends the run)
        return 0, f"{traceback.format_exc()}\nagain: {task.again}"
