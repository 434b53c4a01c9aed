"""Whole reversals in the engine, interpreted and compiled, beside the same flips in nautilus_trader."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import nautilus
from bench.figures import Figure, Missing, Ratio, Section, divide
from bench.worker import Worker

ROUNDS: Final = 7
ROUNDS_QUICK: Final = 3
REVERSALS: Final = 20_000
REVERSALS_QUICK: Final = 4_000

COMPILED_GOAL: Final = 2.2


def measure(root: Path, environments: Path, *, quick: bool) -> Section:
    """Run every form in turn, round after round, each in a process of its own."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    reversals = REVERSALS_QUICK if quick else REVERSALS
    missing: list[Missing] = []
    with ExitStack() as stack:
        forms = {"interpreted": stack.enter_context(_engine(root / "src"))}
        compiled = compiled_folder(root)
        if compiled is not None:
            forms["compiled"] = stack.enter_context(_engine(compiled))
        else:
            missing.append(Missing("engine, compiled", "there is no .build/compiled; `make build` makes it"))
        peers: list[nautilus.Peer] = []
        for release in nautilus.RELEASES:
            prepared = nautilus.prepare(release, environments)
            if isinstance(prepared, Missing):
                missing.append(prepared)
            else:
                peers.append(prepared)
        workers = {peer.release: stack.enter_context(peer.worker()) for peer in peers}

        ours: dict[str, list[float]] = {form: [] for form in forms}
        theirs: dict[tuple[nautilus.Release, str], list[float]] = {
            (peer.release, form): [] for peer in peers for form in nautilus.FORMS
        }
        for _ in range(rounds):
            for form, worker in forms.items():
                answer = worker.ask({"reversals": reversals})
                if answer["form"] != form:
                    raise RuntimeError(f"asked for the {form} engine, the {answer['form']} one answered")
                ours[form].append(reversals / answer["cpu_s"])
            for (release, form), rates in theirs.items():
                rates.append(nautilus.flips_per_second(workers[release], release, form))

    figures = [Figure(f"engine, {form}", "reversals/s", tuple(rates)) for form, rates in ours.items()]
    ratios: list[Ratio] = []
    best = "compiled" if "compiled" in ours else "interpreted"
    if best == "compiled":
        ratios.append(
            Ratio(
                "compiled against interpreted", divide(ours["compiled"], ours["interpreted"]), COMPILED_GOAL
            )
        )
    for (release, form), rates in theirs.items():
        peer = f"nautilus_trader {release.version}, {nautilus.FORMS[form]}"
        figures.append(Figure(peer, "flips/s", tuple(rates)))
        # The goal is the compiled engine's and for the same work: one order of twice the size is one trade.
        goal = release.goal if best == "compiled" and form == nautilus.SAME_WORK else None
        ratios.append(Ratio(f"{best} against {peer}", divide(ours[best], rates), goal))
    return Section(
        "Engine: whole reversals",
        "Per second of CPU time, one process each, rounds alternate. A reversal is both legs, two levels"
        " each: four trades, eight fills, all margin rules, all events. The house's ladder is replaced"
        " outside the timed part. nautilus_trader: backtest engine, netting, driven by a strategy in Python;"
        " in its favour the cost of feeding market data is taken off and its performance statistics are off.",
        tuple(figures),
        tuple(ratios),
        tuple(missing),
    )


def compiled_folder(root: Path) -> Path | None:
    """Where `make build` put the compiled form, if it did."""
    folder = root / ".build" / "compiled"
    return folder if any(folder.glob("backhand/engine/*.so")) else None


def _engine(path: Path) -> Worker:
    return Worker([sys.executable, "-m", "bench.engine_rounds"], {"PYTHONPATH": str(path)})
