"""What the README shows is tried as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.venue import VenueProcess

README = Path(__file__).parents[1] / "README.md"


def test_the_first_program_reverses_a_position(tmp_path: Path) -> None:
    """The README's program, with only the address changed, ends short what it was long."""
    pytest.importorskip("ccxt")
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    log = tmp_path / "venue.log"
    venue = VenueProcess(log, ("--memory", "--market", "synthetic", "--seed", "7")).start()
    try:
        source = program.replace("http://127.0.0.1:8080", venue.base_url)
        done = subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=60,
        )
    finally:
        venue.stop()
    assert (0, "") == (done.returncode, done.stderr)
    assert re.fullmatch(r"short 20\.0 at [0-9.]+\n", done.stdout)
