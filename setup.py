"""
Build the package: pure by default, with the engine compiled by mypyc when BACKHAND_COMPILE=1.

    pip wheel .                        a pure wheel
    BACKHAND_COMPILE=1 pip wheel .     a wheel whose engine is compiled for this Python
    make build                         the compiled form in .build/compiled, for tests and benchmarks

Both forms hold the same .py files; Python prefers the compiled module that lies beside one. Everything
else about the package is in pyproject.toml.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

COMPILE = os.environ.get("BACKHAND_COMPILE") == "1"


def compiled_modules() -> list[Extension]:
    """Turn the engine and its units into C extensions."""
    # pip asks for the metadata, and with it for what the build needs, before mypyc is installed.
    if not COMPILE or "egg_info" in sys.argv:
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 (only a compiling build has it)

    engine = sorted(str(path) for path in Path("src/backhand/engine").rglob("*.py"))
    return mypycify(["src/backhand/units.py", *engine], group_name="backhand", target_dir=".build/c")


setup(
    ext_modules=compiled_modules(),
    # mypyc checks types before it translates, so it needs to see the one library that the engine imports.
    setup_requires=["mypy>=2.4", "msgspec>=0.22"] if COMPILE else [],
)
