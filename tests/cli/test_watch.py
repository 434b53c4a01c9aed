"""`backhand watch` against a venue, over real sockets: lines, tables, and how it ends."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.commands import SECONDS_MAX, Person, environment_of, run
from tests.cli.conftest import Enrol
from tests.http.venue import LINEAR, VenueProcess, front_door

ETH = "ETHUSDT"
DEEP = "1000000"


@contextmanager
def watching(person: Person, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A `watch` that runs while the test goes on."""
    process = subprocess.Popen(
        [*front_door(), "watch", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment_of(BACKHAND_URL=person.venue.base_url, BACKHAND_CREDENTIALS=str(person.key)),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SECONDS_MAX)


def line(process: subprocess.Popen[str]) -> Any:
    """The next line, as JSON."""
    return json.loads(stream(process.stdout).readline())


def stream(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Press Ctrl-C; the exit code and what was said on standard error."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS_MAX)
    return process.returncode, said


def test_each_change_is_a_line(person: Person) -> None:
    """Nothing, a fill, a mark: one line each with the profit at that mark; Ctrl-C is a good end."""
    set_book = person.venue.operator.set_book
    set_book(LINEAR, [("999", DEEP)], [("1000", DEEP)], "1000")
    try:
        with watching(person, ETH, "-o", "json") as process:
            assert [] == line(process)
            person.trader.take(LINEAR, "+3")
            (leg,) = line(process)
            assert ("long", "3", "1000") == (leg["holdSide"], leg["total"], leg["markPrice"])
            set_book(LINEAR, [("1006", DEEP)], [("1007", DEEP)], "1007")
            (leg,) = line(process)
            assert ("1007", "21") == (leg["markPrice"], leg["unrealizedPL"])
            assert (0, "") == ended(process)
    finally:
        set_book(LINEAR, [("999", DEEP)], [("1000", DEEP)], "1000")


def test_tables_follow_one_another_in_a_pipe(person: Person) -> None:
    """Without a terminal each change is a table of its own, and --count ends it."""
    with watching(person, "--count", "2") as process:
        assert "Nothing is held.\n" == stream(process.stdout).readline()
        person.trader.take(LINEAR, "+3")
        shown, said = process.communicate(timeout=SECONDS_MAX)
    assert (0, "", 1) == (process.returncode, said, shown.count("Positions"))


def test_the_terminal_shows_the_newest_table(person: Person) -> None:
    """In place of the one before it, until it was shown often enough."""
    person.trader.take(LINEAR, "+3")
    code, screen = person.type("", "watch", ETH, "--count", "1")
    assert (0, True) == (code, "ETHUSDT" in screen)


def test_a_venue_that_comes_back_is_watched_again(tmp_path: Path) -> None:
    """The loss is said, and the next line is what is held then."""
    options = ("--market", "manual", "--limits", "off", "--data", str(tmp_path / "data"))
    venue = VenueProcess(tmp_path / "venue.log", options).start()
    try:
        venue.operator.set_book(LINEAR, [("999", DEEP)], [("1000", DEEP)], "1000")
        person = Person.enrolled(venue, tmp_path)
        with watching(person, ETH, "-o", "json") as process:
            assert [] == line(process)
            venue.kill()
            venue.start(options=(*options, "--port", str(venue.port)))
            Person(venue, person.key).trader.take(LINEAR, "+2")
            (leg,) = line(process)
            assert ("long", "2") == (leg["holdSide"], leg["total"])
            code, said = ended(process)
    finally:
        venue.stop()
    assert (0, True) == (code, "connecting again" in said)


def test_a_polite_kill_gives_the_cursor_back(person: Person) -> None:
    """SIGTERM ends watching as Ctrl-C does: 0, and the last word to the terminal is to show the cursor."""
    person.trader.take(LINEAR, "+3")
    for sent in (signal.SIGTERM, signal.SIGINT):
        code, screen = person.type("", "watch", ETH, shown=("ETHUSDT", sent))
        assert (0, True) == (code, screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l"))


def test_what_cannot_be_watched_ends_at_once(enrol: Enrol, person: Person) -> None:
    """A key that is not accepted, a contract that is not listed, no venue: a sentence and a code each."""
    broken = enrol()
    broken.key.write_text(json.dumps(json.loads(broken.key.read_text()) | {"passphrase": "x" * 20}))
    refused = broken.run("watch")
    assert (7, "", True) == (refused.returncode, refused.stdout, "30012" in refused.stderr)
    assert 3 == person.run("watch", "NOPEUSDT").returncode
    assert 2 == person.run("watch", "NONSENSE").returncode
    assert 8 == person.run("watch", "--url", "http://127.0.0.1:9").returncode


@pytest.mark.parametrize("arguments", [(), ("-o", "json")])
def test_who_has_read_enough_may_hang_up(person: Person, arguments: tuple[str, ...]) -> None:
    """`watch | head -1` ends well when the next change has nowhere to go."""
    with watching(person, *arguments) as process:
        stream(process.stdout).readline()
        stream(process.stdout).close()
        person.trader.take(LINEAR, "+3")
        process.stdout = None
        _, said = process.communicate(timeout=SECONDS_MAX)
    assert (0, "") == (process.returncode, said)


def test_watching_needs_credentials() -> None:
    """Before anything is sent."""
    assert 78 == run("watch", BACKHAND_URL="http://127.0.0.1:9").returncode
