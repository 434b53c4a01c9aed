"""`python -m bench`: measure, print, and keep the figures in `.bench/`."""

import datetime as dt
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bench import engine, growth, history, in_process, journal, serving, streaming
from bench.figures import Missing, Report, Section, keep, show

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / ".bench"

BENCHMARKS: Final[dict[str, Callable[[bool], Section]]] = {
    "engine": lambda quick: engine.measure(ROOT, FOLDER, quick=quick),
    "growth": lambda quick: growth.measure(ROOT, quick=quick),
    "http": lambda quick: serving.measure(ROOT, FOLDER / "http", quick=quick),
    "history": lambda quick: history.measure(FOLDER / "history", quick=quick),
    "in-process": lambda quick: in_process.measure(quick=quick),
    "streaming": lambda quick: streaming.measure(ROOT, FOLDER / "streaming", quick=quick),
    "journal": lambda quick: journal.measure(FOLDER / "journal", quick=quick),
}


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Which of: {', '.join(BENCHMARKS)}; all if none.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter rounds: rough figures.")] = False,
) -> None:
    """Measure Backhand beside its bases, and write .bench/latest.json and .bench/latest.md."""
    unknown = [name for name in names or () if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    console = Console(width=None if os.isatty(1) else 140)
    started = time.perf_counter()
    sections: list[Section] = []
    failed = False
    for name in names or BENCHMARKS:
        try:
            section = BENCHMARKS[name](quick)
        except Exception as error:  # noqa: BLE001 (one benchmark that cannot run does not take the others' figures)
            section = Section(name, "", missing=(Missing(name, f"{type(error).__name__}: {error}"),))
            failed = True
        show(section, console)
        sections.append(section)
    report = Report(
        made_at=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 0,
        quick=quick,
        seconds=time.perf_counter() - started,
        sections=tuple(sections),
    )
    keep(report, FOLDER)
    console.print(f"{report.seconds:.0f} s; kept in .bench/latest.json and .bench/latest.md")
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
