"""
The process that the crash test kills: `python -m tests.history.writer FILE SEED STEPS`.

It puts the commands of the seeded tape that belong after what the file holds, a few at a time, and
prints the position whenever it asks for room.
"""

import sys
from pathlib import Path

from backhand.history import History
from tests.history.stored import VENUE
from tests.projections.tape import seeded_tape


def main(path: Path, seed: int, steps: int) -> None:
    """Put a few commands at a time, so that there are many transactions to die in."""
    applied = seeded_tape(seed, steps).applied
    history = History(path, VENUE, backlog_max=20)
    for start in range(history.position, len(applied), 10):
        history.put_and_wait(applied[start : start + 10])
        sys.stdout.write(f"{history.position}\n")
        sys.stdout.flush()
    history.close()


main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
