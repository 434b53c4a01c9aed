"""What the README shows is tried as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import in_terminal
from tests.http.venue import VenueProcess

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    """What the README shows in a language, in its order."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.skipif(os.name != "posix", reason="the README speaks to a POSIX shell")
def test_the_first_minute_is_a_quote_a_reversal_and_its_result(tmp_path: Path) -> None:
    """The README's commands as they stand there, in a shell in a terminal; the question is answered."""
    (commands,) = blocks("sh")
    # The market stands still with the clock, so that no quote is outrun.
    options = ("--memory", "--market", "synthetic", "--seed", "7", "--clock", "frozen")
    venue = VenueProcess(tmp_path / "venue.log", options).start()
    try:
        code, screen = in_terminal(
            "y\n",
            *("/bin/sh", "-ec", f"cd {shlex.quote(str(tmp_path))}\n{commands}"),
            BACKHAND_URL=venue.base_url,
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        )
    finally:
        venue.stop()
    assert 0 == code, screen
    assert 2 == screen.count("closes 20 long, opens 20 short")
    assert "Reversed ETHUSDT" in screen
    assert "as quoted" in screen


def test_the_venue_in_process_does_what_it_says(tmp_path: Path) -> None:
    """The README's program without a process: it prints what its comment promises."""
    program = blocks("python")[0]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert program.rstrip().endswith("# " + done.stdout.strip())


def test_the_bots_program_reverses_a_position(tmp_path: Path) -> None:
    """The README's program, with only the address changed, ends short what it was long."""
    pytest.importorskip("ccxt")
    program = blocks("python")[1]
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
