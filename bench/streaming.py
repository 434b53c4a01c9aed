"""One book read by a thousand WebSocket clients, beside a bare server that writes the same bytes."""

import resource
import sys
from pathlib import Path
from typing import Final

from bench.engine import compiled_folder
from bench.figures import Figure, Ratio, Section, divide
from bench.serving import MeasurementWrong, cpu_seconds, serving
from bench.worker import Worker

READERS: Final = 1_000
ROUNDS: Final = 5
ROUNDS_QUICK: Final = 3
CUTS: Final = 50
CUTS_QUICK: Final = 20
GOAL: Final = 0.5
#: Sockets, files and what the interpreter has open.
FILES_SPARE: Final = 200


def measure(root: Path, folder: Path, *, quick: bool) -> Section:
    """Let both servers write in turn."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    cuts = CUTS_QUICK if quick else CUTS
    folder.mkdir(parents=True, exist_ok=True)
    _allow_files(READERS + FILES_SPARE)
    compiled = compiled_folder(root)
    path = {"PYTHONPATH": str(compiled or root / "src")}
    venue_command = [
        sys.executable,
        "-m",
        "backhand",
        "serve",
        "--memory",
        "--market",
        "manual",
        "--port",
        "0",
    ]
    recorded = folder / "frames.txt"
    venue_us: list[float] = []
    bare_us: list[float] = []
    bytes_per_frame: list[float] = []
    with (
        serving(venue_command, path, folder / "venue.log") as venue,
        Worker([sys.executable, "-m", "bench.ws_load"]) as load,
    ):
        ask = {"port": venue.port, "readers": READERS, "cuts": cuts, "bare": False}
        recorded.write_text("\n".join(load.ask(ask)["frames"]), encoding="ascii")
        with serving([sys.executable, "-m", "bench.ws_bare", str(recorded)], {}, folder / "bare.log") as bare:
            load.ask({"port": bare.port, "readers": READERS, "cuts": 1, "bare": True})
            for _ in range(rounds):
                for server, microseconds in ((bare, bare_us), (venue, venue_us)):
                    before = cpu_seconds(server.pid)
                    ask = {"port": server.port, "readers": READERS, "cuts": cuts, "bare": server is bare}
                    answer = load.ask(ask)
                    spent = cpu_seconds(server.pid) - before
                    if len(answer["bytes"]) != 1 or not answer["frames"]:
                        raise MeasurementWrong(f"readers were sent different bytes: {answer['bytes'][:5]}")
                    microseconds.append(spent / (len(answer["frames"]) * READERS) * 1e6)
                    if server is venue:
                        bytes_per_frame.append(answer["bytes"][0] / len(answer["frames"]))
    engine = "interpreted" if compiled is None else "compiled"
    return Section(
        "WebSocket: one book, a thousand readers",
        f"{READERS:,} connections that read `books` of one symbol, whose ladder changes 20 times a second;"
        f" {cuts} cuts per round, rounds alternate. CPU time of the server's process per frame delivered,"
        f" with the venue's commands and rendering; engine {engine}. Every reader got the same bytes. The"
        " bare server writes the frames that the venue sent, and does nothing else.",
        (
            Figure("venue, per frame and reader", "µs CPU", tuple(venue_us)),
            Figure("bare server, per frame and reader", "µs CPU", tuple(bare_us)),
            Figure("venue", "frames per CPU second", tuple(1e6 / one for one in venue_us)),
            Figure("size of a frame", "bytes", tuple(bytes_per_frame)),
        ),
        (Ratio("frames per CPU second against the bare server", divide(bare_us, venue_us), GOAL),),
    )


def _allow_files(count: int) -> None:
    """Let this process and those that it starts have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
