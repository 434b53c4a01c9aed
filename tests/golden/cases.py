"""Golden cases as data: reading a file, comparing numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


class FileUnusable(Exception):
    """A file of cases does not have the shape that it must have; the text says where."""


class Excluded(Exception):
    """A rule on kind and inputs says that the engine does not compute this; the text says why."""


@dataclass(frozen=True)
class Case:
    """One golden case; numbers are decimal text."""

    id: str
    kind: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: Mapping[str, str]

    def number(self, name: str, default: str | None = None) -> Fraction:
        """Read a numeric input; a missing one without default excludes the case."""
        text = self.inputs.get(name, default)
        if text is None:
            raise Excluded(f"{self.kind} without the input {name}")
        return number(text)

    def text(self, name: str, default: str = "") -> str:
        """Read an input that is a word."""
        return str(self.inputs.get(name, default))

    def size(self, name: str = "size", price: str = "") -> Fraction:
        """
        Read a size as base coin.

        `price` names the input at which contracts of a USD face are turned into coins (the entry for
        positions), as the file's formulas say.
        """
        return base_size(self, self.number(name), self.number(price) if price else None)

    @property
    def inverse(self) -> bool:
        return self.text("contract", "linear") == "inverse"

    @property
    def side(self) -> int:
        return 1 if self.text("side") == "long" else -1


def number(text: Any) -> Fraction:
    """Read decimal text exactly."""
    return Fraction(str(text))


def grid(value: Fraction, places: int) -> int:
    """Count units of 10^-places; a value between two of them excludes the case."""
    scaled = value * 10**places
    if scaled.denominator != 1:
        raise Excluded(f"an input is finer than {places} decimals")
    return int(scaled)


def whole(case: Case, name: str) -> int:
    """Read an input that counts something."""
    value = case.number(name)
    if value.denominator != 1:
        raise Excluded(f"{name} is no whole number")
    return int(value)


def base_size(case: Case, size: Fraction, price: Fraction | None) -> Fraction:
    """Turn a size of any unit into base coin."""
    unit = case.text("size_unit", "base")
    if unit == "base":
        return size
    value = case.number("contract_value", "1")
    if unit == "contract_base":
        return size * value
    if unit == "usd_face" and price:
        return size * value / price
    raise Excluded(f"sizes in {unit}")


def load(text: str) -> list[Case]:
    """
    Read the cases of a file.

    Raises:
        FileUnusable: it is not JSON, or a case lacks what every case has.
    """
    try:
        document = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise FileUnusable(f"not JSON: {error}") from error
    rows = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise FileUnusable('it has no list "cases"')
    return [_case(row, place) for place, row in enumerate(rows, start=1)]


def _case(row: Any, place: int) -> Case:
    if not isinstance(row, dict):
        raise FileUnusable(f"case {place} is not an object")
    for name, kind in (("id", str), ("kind", str), ("inputs", dict), ("expected", dict)):
        if not isinstance(row.get(name), kind):
            raise FileUnusable(
                f"case {place} ({row.get('id', 'without id')}) lacks {name!r}, or it is no {kind.__name__}"
            )
    tolerance = row.get("tolerance", {})
    if not isinstance(tolerance, dict):
        raise FileUnusable(f"case {place} ({row['id']}): 'tolerance' is no dict")
    for text in tolerance.values():
        try:
            number(text)
        except ValueError as error:
            raise FileUnusable(f"case {place} ({row['id']}): the tolerance {text!r} is no number") from error
    return Case(row["id"], row["kind"], row["inputs"], row["expected"], tolerance)


def tolerance_of(case: Case, key: str) -> Fraction:
    """How far a key may be off: its own tolerance, or the one of every other key, or nothing."""
    return number(case.tolerance.get(key, case.tolerance.get("*", "0")))


def agrees(case: Case, key: str, actual: Any) -> bool:
    """Compare a computed value with the expected one: words and flags exactly, numbers within tolerance."""
    expected = case.expected[key]
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(
            _agrees(one, other, tolerance_of(case, key)) for one, other in zip(expected, actual, strict=True)
        )
    return _agrees(expected, actual, tolerance_of(case, key))


def _agrees(expected: Any, actual: Any, tolerance: Fraction) -> bool:
    if isinstance(actual, str | bool):
        return bool(expected == actual)
    return bool(abs(number(expected) - actual) <= tolerance)
