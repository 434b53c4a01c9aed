"""Options and the closing line of the golden cases; `formulas.py` says how each kind is computed."""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.golden.cases import FileUnusable, load

DEFAULT_FILE: Final = Path(__file__).with_name("contract-math.json")

#: Reason of every case or key that a rule excluded, in the order of the run.
excluded_cases = pytest.StashKey[list[str]]()
excluded_keys = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take further files of cases."""
    parser.addoption(
        "--golden",
        action="append",
        type=Path,
        metavar="PATH",
        help="a further file of golden cases, beside contract-math.json of the tests; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start the lists of what is excluded."""
    config.stash[excluded_cases] = []
    config.stash[excluded_keys] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case of each file; ids are unique across files."""
    if "case" not in metafunc.fixturenames:
        return
    files = [DEFAULT_FILE, *(metafunc.config.getoption("--golden", default=None) or [])]
    cases = []
    for path in files:
        try:
            found = load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, FileUnusable) as error:
            raise pytest.Collector.CollectError(f"{path}: {error}") from error
        cases += [(case.id if path == DEFAULT_FILE else f"{path.stem}/{case.id}", case) for case in found]
    known = Counter(name for name, _ in cases)
    parameters = []
    for number, (name, case) in enumerate(cases, start=1):
        parameters.append(pytest.param(case, id=name if known[name] == 1 else f"{name}#{number}"))
    metafunc.parametrize("case", parameters)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many cases passed and what the rules excluded."""
    passed, failed = (
        sum("::test_golden_case[" in report.nodeid for report in terminalreporter.stats.get(outcome, ()))
        for outcome in ("passed", "failed")
    )
    excluded, left_out = config.stash[excluded_cases], config.stash[excluded_keys]
    reasons = Counter(excluded)
    keys = Counter(left_out)
    if not (passed or failed or reasons):
        return
    terminalreporter.section("golden cases")
    terminalreporter.write_line(
        f"{passed} passed, {failed} failed, {reasons.total()} excluded by rule, "
        f"{keys.total()} keys of passed cases excluded by rule"
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"  {count} excluded: {reason}")
    for reason, count in keys.items():
        terminalreporter.write_line(f"  {count} keys excluded: {reason}")
