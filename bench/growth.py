"""What a command costs as more is held, rests and waits around it, in the fastest form that there is."""

import sys
from pathlib import Path
from typing import Final

from bench.engine import compiled_folder
from bench.figures import Figure, Missing, Ratio, Section, divide
from bench.worker import Worker

ROUNDS: Final = 7
ROUNDS_QUICK: Final = 3
STRETCHES: Final = 10

#: Times as long with 100 000 as with 10.
GROWTH_GOAL: Final = 1.5


def measure(root: Path, *, quick: bool) -> Section:
    """Have a worker build its venues once, then time both sizes in turns, round after round."""
    compiled = compiled_folder(root)
    path = root / "src" if compiled is None else compiled
    with Worker([sys.executable, "-m", "bench.growth_rounds"], {"PYTHONPATH": str(path)}) as worker:
        request = {"stretches": STRETCHES}
        worker.ask(request)  # The first round also warms up.
        answers = [worker.ask(request) for _ in range(ROUNDS_QUICK if quick else ROUNDS)]
    figures: list[Figure] = []
    ratios: list[Ratio] = []
    for crowd, works in answers[0]["cpu_us"].items():
        for work, costs in works.items():
            small, large = (
                tuple(answer["cpu_us"][crowd][work][size] for answer in answers) for size in costs
            )
            name = f"{crowd}: {work}"
            figures.append(Figure(name, "µs", large))
            ratios.append(Ratio(name, divide(large, small), GROWTH_GOAL, at_most=True))
    for crowd, works in answers[0]["looks"].items():
        for work, sizes in works.items():
            (*_, size) = sizes
            looks = tuple(answer["looks"][crowd][work][size] for answer in answers)
            figures.append(Figure(f"{crowd}: {work}", "looked at", looks))
    return Section(
        "Engine: cost as work grows",
        "CPU time of a command where 100 000 accounts hold positions, 100 000 orders rest, or 100 000 wait"
        " for a price, and as a multiple of the same with 10; one process, both sizes in turns. Looked at:"
        " how many positions and waiting orders a price tick looks at among the 100 000; it has to look at"
        " none, or at 10.",
        tuple(figures),
        tuple(ratios),
        () if compiled else (Missing("compiled", "there is no .build/compiled; `make build` makes it"),),
    )
