"""
nautilus_trader as a peer: environments of its own, made on first use, and flips measured in them.

It needs newer Pythons than Backhand does; those are looked for on PATH and among pyenv's. The environment
lies in `.bench/` and is made once.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec

from bench.figures import Missing
from bench.worker import Worker

_HERE: Final = Path(__file__).parent
#: Written last into an environment: one whose making was interrupted is made anew.
_STAMP: Final = "ready"


class Release(msgspec.Struct, frozen=True):
    """
    A release to compare with.

    A round is `runs` runs of so many `flips`: its speed falls as its history grows, so runs are short.
    `goal` is the ratio that Backhand's engine wants to reach.
    """

    version: str
    pythons: tuple[str, ...]
    flips: int
    runs: int
    goal: float


RELEASES: Final = (
    Release("1.231.0", ("3.12", "3.13", "3.14"), flips=500, runs=1, goal=100),
    Release("2.0.0rc6", ("3.13", "3.14"), flips=500, runs=10, goal=10),
)

#: What `nautilus_flips` knows to do, and how the table calls it.
FORMS: Final = {"two-legs": "close and open", "one-order": "one order of twice the size"}
SAME_WORK: Final = "two-legs"


class Peer(msgspec.Struct, frozen=True):
    """A release with an environment that it runs in."""

    release: Release
    python: Path

    def worker(self) -> Worker:
        """Start the process that measures."""
        # Idle threads of numpy's linear algebra would count as CPU time of the process.
        return Worker(
            [str(self.python), "-W", "ignore", str(_HERE / "nautilus_flips.py")],
            {"OPENBLAS_NUM_THREADS": "1"},
        )


def prepare(release: Release, folder: Path) -> Peer | Missing:
    """Find or make the environment of a release; says why when it cannot."""
    name = f"nautilus_trader {release.version}"
    place = folder / f"nautilus-{release.version}"
    python = place / "bin" / "python"
    if (place / _STAMP).exists():
        return Peer(release, python)
    interpreter = _find_interpreter(release.pythons)
    if interpreter is None:
        return Missing(
            name, f"needs Python {' or '.join(release.pythons)}: neither on PATH nor in ~/.pyenv/versions"
        )
    print(f"Making an environment for {name} with {interpreter}: about a minute, once.", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    requirements = _HERE / "environments" / f"nautilus-{release.version}.txt"
    for command in (
        [str(interpreter), "-m", "venv", str(place)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary=:all:",
            "--requirement",
            str(requirements),
        ],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no message"]
            return Missing(name, f"its environment could not be made: {lines[-1]}")
    (place / _STAMP).touch()
    return Peer(release, python)


def flips_per_second(worker: Worker, release: Release, form: str) -> float:
    """One round: flips per second of CPU time, without what feeding the market data costs."""
    seconds = 0.0
    for _ in range(release.runs):
        answer = worker.ask({"form": form, "flips": release.flips})
        seconds += answer["cpu_s"] - answer["data_cpu_s"]
    return release.runs * release.flips / seconds


def _find_interpreter(versions: tuple[str, ...]) -> Path | None:
    """The first interpreter of these versions that starts; a pyenv shim on PATH may lead nowhere."""
    for version in versions:
        on_path = shutil.which(f"python{version}")
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        candidates = [Path(on_path)] if on_path else []
        candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
        for candidate in candidates:
            if _starts(candidate, version):
                return candidate
    return None


def _starts(python: Path, version: str) -> bool:
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", code], check=False, capture_output=True, text=True)
    return done.stdout.strip() == version
