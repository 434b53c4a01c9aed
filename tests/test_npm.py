"""What `make test` does where the clients from npm cannot be installed."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

INSTALL: Final = Path(__file__).parent / "npm" / "install.sh"
#: All that a machine without npm and apt-get has.
COMMANDS: Final = ("sh", "cat", "dirname", "id", "cp", "mkdir", "rm", "touch")


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without Node.js and without a way to get it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in COMMANDS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return {name: value for name, value in os.environ.items() if name != "CI"} | {"PATH": str(folder)}


def install(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(INSTALL), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_user_is_told_what_is_not_tested(tmp_path: Path, bare: dict[str, str]) -> None:
    """Without Node.js the other tests go on, loudly; without the stamp the next run tries again."""
    ended = install(tmp_path / "packages", bare)
    assert 0 == ended.returncode
    assert "NOT TESTED" in ended.stderr
    assert not (tmp_path / "packages" / ".ready").exists()


def test_ci_fails(tmp_path: Path, bare: dict[str, str]) -> None:
    """In CI what cannot be tested is a failure."""
    ended = install(tmp_path / "packages", bare | {"CI": "true"})
    assert 1 == ended.returncode
    assert "NOT TESTED" in ended.stderr
