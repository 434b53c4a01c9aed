"""Starting `writer` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def start_writer(how: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a writer on a folder and return when it has said that it started."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.journal.writer", how, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **environment},
    )
    assert "started" == next_line(writer)
    return writer


def next_line(writer: subprocess.Popen[str]) -> str:
    """Wait for the writer's next line; empty when there will be none."""
    assert writer.stdout is not None
    return writer.stdout.readline().rstrip("\n")


def kill_after(writer: subprocess.Popen[str], acknowledgements: int) -> int:
    """Kill the writer after so many lines; return the last sequence that it acknowledged, 0 for none."""
    lines = [next_line(writer) for _ in range(acknowledgements)]
    writer.kill()
    rest, _ = writer.communicate()
    # A line that death cut short was not yet an acknowledgement to anybody.
    lines += rest.split("\n")[:-1]
    return int(lines[-1]) if lines else 0
