"""
Every golden case of the shared files, computed by the engine.

    .venv/bin/python -m pytest tests/golden                         the cases of contract-math.json
    .venv/bin/python -m pytest tests/golden --golden more.json      and those of further files

What the engine does not compute is skipped by a rule on kind and inputs, with its reason.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golden.cases import Case, Excluded, FileUnusable, agrees, load
from tests.golden.conftest import DEFAULT_FILE, excluded_cases, excluded_keys
from tests.golden.formulas import KEYS_EXCLUDED, compute


def differences(case: Case) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Compute a case: what differs as {key: (expected, actual)}, and why keys were left out."""
    figures = compute(case)
    left_out = [KEYS_EXCLUDED[case.kind, key] for key in case.expected if (case.kind, key) in KEYS_EXCLUDED]
    keys = [key for key in case.expected if (case.kind, key) not in KEYS_EXCLUDED]
    unknown = [key for key in keys if key not in figures]
    if unknown:
        raise Excluded(f"{case.kind} that expects {', '.join(unknown)}")
    wrong = {key: (case.expected[key], figures[key]) for key in keys if not agrees(case, key, figures[key])}
    return wrong, left_out


def test_golden_case(case: Case, request: pytest.FixtureRequest) -> None:
    """The engine computes what the case expects, within the tolerance that it states."""
    try:
        wrong, left_out = differences(case)
    except Excluded as excluded:
        request.config.stash[excluded_cases].append(str(excluded))
        pytest.skip(str(excluded))
    request.config.stash[excluded_keys].extend(left_out)
    assert {} == wrong


def default_cases() -> list[Case]:
    return load(DEFAULT_FILE.read_text(encoding="utf-8"))


def is_number(value: Any) -> bool:
    return isinstance(value, str) and value.strip("-0123456789.") == ""


def test_a_wrong_number_is_found_in_every_case() -> None:
    """Canary: each number, moved by a little more than its tolerance, and each list turned round, fails."""
    missed = []
    for case in default_cases():
        for key, value in case.expected.items():
            if (case.kind, key) in KEYS_EXCLUDED:
                continue
            if isinstance(value, list) and value != value[::-1]:
                if not finds(case, key, value[::-1]):
                    missed.append((case.id, key))
                continue
            if not is_number(value):
                continue
            tolerance = case.tolerance.get(key, case.tolerance.get("*", "0"))
            broken = f"{value}1" if "." in value else f"{value}.00000001"
            if float(tolerance):
                broken = str(float(value) + 3 * float(tolerance))
            if not finds(case, key, broken):
                missed.append((case.id, key))
    assert [] == missed


def finds(case: Case, key: str, broken: Any) -> bool:
    """Whether a case with this wrong value fails for it, or is excluded anyhow."""
    expected = {**case.expected, key: broken}
    try:
        wrong, _ = differences(Case(case.id, case.kind, case.inputs, expected, case.tolerance))
    except Excluded:
        return True
    return key in wrong


def test_no_case_is_excluded_by_its_name() -> None:
    """A case under another id is computed or excluded all the same."""
    for case in default_cases():
        renamed = Case("renamed", case.kind, case.inputs, case.expected, case.tolerance)
        assert outcome(case) == outcome(renamed)


def outcome(case: Case) -> object:
    try:
        return differences(case)
    except Excluded as excluded:
        return str(excluded)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("moon_phase", {}),
        ("maintenance_margin", {"method": "astrology", "position_value": "1"}),
        ("fee", {}),
        ("fee", {"size": "0.00000000000000001", "price": "1", "rate": "0.1"}),
        ("funding_rate", {"method": "astrology"}),
        ("funding_rate", {"method": "bitget", "interest": "0.0003"}),
        ("mark_price", {"index": "1", "funding_rate": "0", "minutes_left": "1", "interval_minutes": "90"}),
        ("reversal_size", {"pos_mode": "sideways", "position_side": "long", "position_size": "1"}),
    ],
)
def test_what_the_engine_does_not_know_is_excluded(kind: str, inputs: dict[str, Any]) -> None:
    """An unknown kind, method, mode or grid, or a missing input, excludes a case with a reason."""
    with pytest.raises(Excluded):
        compute(Case("x", kind, inputs, {}, {}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", 'no list "cases"'),
        ('{"cases": 3}', 'no list "cases"'),
        ('{"cases": [3]}', "case 1 is not an object"),
        ('{"cases": [{"id": "a"}]}', r"case 1 \(a\) lacks 'kind'"),
        ('{"cases": [{"id": "a", "kind": "fee", "inputs": {}, "expected": 1}]}', "lacks 'expected'"),
        (
            '{"cases": [{"id": "a", "kind": "fee", "inputs": {}, "expected": {}, "tolerance": {"*": "x"}}]}',
            "the tolerance 'x' is no number",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where(text: str, message: str) -> None:
    """A malformed file is refused with the place of its fault."""
    with pytest.raises(FileUnusable, match=message):
        load(text)


def test_further_files_are_run_and_reported(pytester_like: Any) -> None:
    """A file given with --golden is run too: a good case passes, a bad one fails, the rest is skipped."""
    alone = counts(pytester_like({}))
    report = pytester_like(
        {
            "good": ("fee", {"size": "1", "price": "40000", "rate": "0.0002"}, {"fee": "8"}),
            "bad": ("fee", {"size": "1", "price": "40000", "rate": "0.0002"}, {"fee": "9"}),
            "new": ("moon_phase", {}, {"phase": "1"}),
        }
    )
    assert [one + more for one, more in zip(alone, (1, 1, 1), strict=True)] == counts(report)
    assert "1 excluded: the kind 'moon_phase' is unknown" in report


def counts(report: str) -> list[int]:
    """Passed, failed and excluded, as the closing line has them."""
    (found,) = re.findall(r"(\d+) passed, (\d+) failed, (\d+) excluded by rule", report)
    return [int(count) for count in found]


@pytest.fixture
def pytester_like(tmp_path: Path) -> Any:
    def run(cases: dict[str, tuple[str, dict[str, str], dict[str, str]]]) -> str:
        rows = [
            {"id": name, "kind": kind, "inputs": inputs, "expected": expected}
            for name, (kind, inputs, expected) in cases.items()
        ]
        path = tmp_path / "more.json"
        path.write_text(json.dumps({"cases": rows}), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/golden",
            "-q",
            "--golden",
            str(path),
            "-k",
            "golden_case",
        ]
        root = Path(__file__).parents[2]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout

    return run
