"""Which form of the engine a run tests: `make test` plays one slice on each."""

from typing import Final

from backhand.engine import fills

COMPILED: Final = not (fills.__file__ or "").endswith(".py")
