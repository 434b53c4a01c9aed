"""Figures and ratios of one run: what they are, and how they are shown and kept."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table


class Figure(msgspec.Struct, frozen=True):
    """One quantity, once per round."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure that is reported."""
        return statistics.median(self.rounds)


class Ratio(msgspec.Struct, frozen=True):
    """
    One quantity as a multiple of another, once per round.

    `goal` is the least that is wanted, if any; with `at_most` the most.
    """

    name: str
    rounds: tuple[float, ...]
    goal: float | None = None
    at_most: bool = False

    @property
    def median(self) -> float:
        """The ratio that is reported."""
        return statistics.median(self.rounds)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met; None where there is no goal."""
        if self.goal is None:
            return None
        return self.median <= self.goal if self.at_most else self.median >= self.goal


class Missing(msgspec.Struct, frozen=True):
    """What could not be measured here, and why."""

    name: str
    reason: str


class Section(msgspec.Struct, frozen=True):
    """What one benchmark found, and how it measured."""

    title: str
    method: str
    figures: tuple[Figure, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    missing: tuple[Missing, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """One run."""

    made_at: str
    python: str
    machine: str
    cores: int
    quick: bool
    seconds: float
    sections: tuple[Section, ...]


def divide(ours: Sequence[float], base: Sequence[float]) -> tuple[float, ...]:
    """One quotient per round."""
    return tuple(one / other for one, other in zip(ours, base, strict=True))


def show(section: Section, console: Console) -> None:
    """Print one section as a table."""
    table = Table(title=section.title, title_justify="left", title_style="bold", caption=section.method)
    table.caption_justify = "left"
    for column in ("", "median", "lowest – highest", "goal", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=bool(column))
    for row in _rows(section):
        table.add_row(*row)
    console.print(table)
    console.print()


def keep(report: Report, folder: Path) -> None:
    """Write `latest.json` and `latest.md`."""
    folder.mkdir(exist_ok=True)
    plain = msgspec.to_builtins(report)
    for section, kept in zip(report.sections, plain["sections"], strict=True):
        for figure, one in zip(section.figures, kept["figures"], strict=True):
            one["median"] = figure.median
        for quotient, one in zip(section.ratios, kept["ratios"], strict=True):
            one |= {"median": quotient.median, "reached": quotient.reached}
    (folder / "latest.json").write_bytes(msgspec.json.format(msgspec.json.encode(plain)) + b"\n")
    (folder / "latest.md").write_text("\n".join(_markdown(report)) + "\n", encoding="utf-8")


def _rows(section: Section) -> Iterable[tuple[str, str, str, str, str]]:
    for figure in section.figures:
        low, high = min(figure.rounds), max(figure.rounds)
        yield (
            figure.name,
            f"{_number(figure.median)} {figure.unit}",
            f"{_number(low)} – {_number(high)}",
            "",
            "",
        )
    for one in section.ratios:
        low, high = min(one.rounds), max(one.rounds)
        goal = "" if one.goal is None else f"{'≤' if one.at_most else '≥'} {one.goal:g} ×"
        verdict = {None: "", True: "reached", False: "not reached"}[one.reached]
        spread = f"{_number(low)} – {_number(high)}"
        yield one.name, f"{_number(one.median)} ×", spread, goal, verdict
    for gap in section.missing:
        yield gap.name, "not measured", "", "", gap.reason


def _markdown(report: Report) -> Iterable[str]:
    quick = ", quick: the figures are rough" if report.quick else ""
    yield "# Measurements"
    yield ""
    yield f"{report.made_at}, Python {report.python}, {report.machine}, {report.cores} cores,"
    yield f"{report.seconds:.0f} s{quick}."
    for section in report.sections:
        yield ""
        yield f"## {section.title}"
        yield ""
        yield section.method
        yield ""
        yield "| | median | lowest – highest | goal | |"
        yield "|---|---:|---:|---:|---|"
        for row in _rows(section):
            yield "| " + " | ".join(row) + " |"


def _number(value: float) -> str:
    """Three significant digits, thousands apart."""
    if value >= 1000:  # noqa: PLR2004
        step = 10 ** (len(str(int(value))) - 3)
        return f"{round(value / step) * step:,}".replace(",", " ")
    return f"{value:.3g}"
