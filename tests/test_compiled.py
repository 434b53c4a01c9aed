"""
Which form of the engine a test run tests.

`make test` says which one it means in BACKHAND_ENGINE, so that neither run can test the other's files
without anybody noticing. Any other way of running the tests takes the form that Python finds.
"""

import importlib
import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

import pytest

import backhand

ROOT: Final = Path(__file__).parents[1]
FORM: Final = os.environ.get("BACKHAND_ENGINE", "")


def module_names(package: Path) -> list[str]:
    """Name the modules that have a compiled form, as the package in this folder has them."""
    files = [package / "units.py", *sorted((package / "engine").rglob("*.py"))]
    paths = (file.relative_to(package.parent).with_suffix("") for file in files)
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@pytest.mark.skipif(FORM == "", reason="no form asked for: BACKHAND_ENGINE is not set")
@pytest.mark.parametrize("name", module_names(ROOT / "src" / "backhand"))
def test_engine_is_of_the_form_that_this_run_is_for(name: str) -> None:
    """A compiled run tests extension modules only, an interpreted run Python files only."""
    file = importlib.import_module(name).__file__ or ""
    compiled = file.endswith(tuple(EXTENSION_SUFFIXES))
    assert ("compiled" if compiled else "interpreted") == FORM, file


def test_the_package_under_test_has_the_modules_of_the_source() -> None:
    """The compiled copy was not made from other files than those in src; if it was: `make clean`."""
    tested = Path(backhand.__file__).parent
    assert module_names(ROOT / "src" / "backhand") == module_names(tested)
