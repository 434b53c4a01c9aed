from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.stored import Stored, StoredInMemory, StoredInSqlite


@pytest.fixture(params=["memory", "sqlite"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stored]:
    """Every journal, one after the other: what is tested with it holds for all."""
    journals = StoredInMemory() if request.param == "memory" else StoredInSqlite(tmp_path / "data")
    yield journals
    journals.close_all()
