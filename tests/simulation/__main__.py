"""
`make sim`: the oracles at full length, on the compiled engine, in two processes.

    make sim                                   everything, from a seed that is printed
    make sim SEED=1234                         the same again
    make sim PARTS="streams samples" SEED=7    some of it
    make sim PARTS=streams SEED=1301 COUNT=1   one seed alone: what a failure tells to run

Books and worlds are played exhaustively and need no seed.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

from tests.simulation.forms import COMPILED
from tests.simulation.parts import PARTS, carry_out

PROGRESS_SECONDS: Final = 10


def play(name: str, seed: int, count: int, processes: int) -> bool:
    """Play one part and tell how it goes; whether all of it agreed."""
    units, cut = PARTS[name]
    tasks = cut(seed, count)
    started = told = time.monotonic()
    total = 0
    with ProcessPoolExecutor(processes) as pool:
        running = [pool.submit(carry_out, task) for task in tasks]
        for done, each in enumerate(as_completed(running), start=1):
            number, failure = each.result()
            if failure:
                pool.shutdown(cancel_futures=True)
                say(f"{name}: different\n{failure}")
                return False
            total += number
            now = time.monotonic()
            if now - told > PROGRESS_SECONDS or done == len(tasks):
                told = now
                rate = total / (now - started)
                say(f"{name}: {total:,} {units}, {100 * done // len(tasks)}%, {rate:,.0f} a second")
    return True


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Play the parts that were asked for; 1 when an oracle and the engine differ."""
    parser = argparse.ArgumentParser(prog="make sim", description="The oracles at full length.")
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)}; all if none")
    parser.add_argument("--seed", type=int, help="of the first stream and sample; random if none")
    parser.add_argument("--count", type=int, default=0, help="streams, samples, or a sequence's commands")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.parts if name not in PARTS]:
        parser.error(f"no part is called {', '.join(unknown)}")
    seed = secrets.randbelow(10**9) if chosen.seed is None else chosen.seed
    form = "compiled" if COMPILED else "interpreted"
    say(f"seed {seed}, engine {form}, {chosen.processes} processes")
    agreed = [play(name, seed, chosen.count, chosen.processes) for name in chosen.parts or PARTS]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
