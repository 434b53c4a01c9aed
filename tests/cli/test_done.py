"""What fails after a change was made never makes it look undone: exit codes 0 and 14, and what is said."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backhand.cli.exits import EXIT_CODES, Exit
from tests.cli.between import Between
from tests.cli.commands import SECONDS_MAX, Person, environment_of
from tests.http.venue import LINEAR, VenueProcess, front_door

ETH = "ETHUSDT"
NAMED = re.compile(r"bh-[0-9a-f]{24}")

Stand = Callable[..., Between]


@pytest.fixture
def stand(market: VenueProcess) -> Iterator[Stand]:
    """Put something between the command and the venue."""
    standing: list[Between] = []

    def stand_there(**how: Any) -> Between:
        standing.append(Between(market, **how))
        return standing[-1]

    yield stand_there
    for one in standing:
        one.close()


def interrupted(person: Person, between: Between, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Press Ctrl-C once the call that is never answered has come."""
    known = {"BACKHAND_URL": between.base_url, "BACKHAND_CREDENTIALS": str(person.key)}
    process = subprocess.Popen(
        [*front_door(), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment_of(**known),
    )
    try:
        assert between.arrived.wait(SECONDS_MAX)
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=SECONDS_MAX)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, shown, said)


def printed_to(target: str, person: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that redirects what it prints."""
    known = {"BACKHAND_URL": person.venue.base_url, "BACKHAND_CREDENTIALS": str(person.key)}
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {target}', "sh", *front_door(), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env=environment_of(**known),
    )


@pytest.mark.parametrize(
    ("held", "arguments", "last", "after"),
    [
        ("+3", ("reverse", ETH), "order/detail", "-3"),
        ("flat", ("buy", ETH, "1"), "place-order", "+1"),
        ("+3", ("close", ETH), "close-positions", "flat"),
    ],
)
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_venue_that_goes_away_after_its_answer(
    person: Person, stand: Stand, held: str, arguments: tuple[str, ...], last: str, after: str, output: str
) -> None:
    """It was done, so it is shown as far as it is known, and ends with 0."""
    person.trader.take(LINEAR, held)
    url = stand(gone_after=last).base_url
    done = person.run(*arguments, "--yes", "-o", output, BACKHAND_URL=url)
    assert (0, after) == (done.returncode, person.held), done.stderr
    assert "Traceback" not in done.stderr
    if output == "json":
        json.loads(done.stdout)
    else:
        assert "done; " in done.stderr
        assert done.stdout


@pytest.mark.parametrize(
    ("gone_after", "said"),
    [
        ("order/detail", ["the positions are not known"]),
        ("click-backhand", ["the opening leg is not known", "the positions are not known"]),
    ],
)
def test_what_is_not_known_of_a_reversal_is_said(
    person: Person, stand: Stand, gone_after: str, said: list[str]
) -> None:
    """Null in the document, and a line on standard error for each; the code is 0."""
    person.trader.take(LINEAR, "+3")
    url = stand(gone_after=gone_after).base_url
    done = person.run("reverse", ETH, "--yes", "-o", "json", BACKHAND_URL=url)
    assert (0, "-3") == (done.returncode, person.held), done.stderr
    told = re.findall(r"done; (.* not known)", done.stderr)
    left_out = [name for name in ("opened", "positions") if json.loads(done.stdout)["reversal"][name] is None]
    assert (said, len(said)) == (told, len(left_out))


def test_a_receipt_that_is_refused_is_left_out(person: Person, stand: Stand) -> None:
    """429 for the receipt is said, and does not become the reversal's exit code."""
    person.trader.take(LINEAR, "+3")
    url = stand(refused="reversal/receipt").base_url
    done = person.run("reverse", ETH, "--yes", "-o", "json", BACKHAND_URL=url)
    assert (0, "-3", None) == (done.returncode, person.held, json.loads(done.stdout)["receipt"])
    assert "done; the receipt could not be read: 429" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stalled", "after"),
    [
        (("reverse", ETH), "reversal/receipt", "-3"),
        (("buy", ETH, "1"), "order/detail", "+4"),
        (("close", ETH), "order/detail", "flat"),
    ],
)
def test_ctrl_c_after_it_was_done(
    person: Person, stand: Stand, arguments: tuple[str, ...], stalled: str, after: str
) -> None:
    """14, and a sentence that says what was done and where to look."""
    person.trader.take(LINEAR, "+3")
    done = interrupted(person, stand(stalled=stalled), *arguments, "--yes")
    assert (14, after) == (done.returncode, person.held), done.stderr
    assert "but it could not be shown: interrupted" in done.stderr
    assert "`backhand positions ETHUSDT`" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stalled"), [(("reverse", ETH), "click-backhand"), (("buy", ETH, "1"), "place-order")]
)
def test_ctrl_c_while_it_is_on_its_way_names_it(
    person: Person, stand: Stand, arguments: tuple[str, ...], stalled: str
) -> None:
    """9, with the id that it was sent under, and the command that tells what became of it."""
    person.trader.take(LINEAR, "+3")
    done = interrupted(person, stand(stalled=stalled), *arguments, "--yes")
    assert 9 == done.returncode, done.stderr
    assert f"`backhand orders ETHUSDT --client-oid {NAMED.findall(done.stderr)[0]}`" in done.stderr
    assert 1 == len(set(NAMED.findall(done.stderr)))


def test_what_became_of_an_id_can_be_seen(person: Person) -> None:
    """`orders --client-oid` shows an order that has ended, and a reversal by its opening leg."""
    person.trader.take(LINEAR, "+3")
    (name,) = set(NAMED.findall(person.run("reverse", ETH, "--yes").stdout))
    shown = person.run("orders", ETH, "--client-oid", name)
    assert (0, True, True) == (shown.returncode, "sell 3 ETHUSDT" in shown.stdout, name in shown.stdout)
    (order,) = json.loads(person.run("orders", ETH, "--client-oid", name, "-o", "json").stdout)
    assert (name, "filled") == (order["clientOid"], order["state"])
    assert 3 == person.run("orders", ETH, "--client-oid", "nobody's").returncode
    assert 2 == person.run("orders", "--client-oid", name).returncode


@pytest.mark.parametrize("arguments", [("buy", ETH, "1"), ("reverse", ETH), ("close", ETH)])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_all_letters(person: Person, arguments: tuple[str, ...], encoding: str) -> None:
    """Tables are drawn with what there is, and no letter stops what was done from being shown."""
    person.trader.take(LINEAR, "+3")
    done = person.run(*arguments, "--yes", PYTHONIOENCODING=encoding)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")  # noqa: PTH110 (reads better)
@pytest.mark.parametrize(
    ("arguments", "after"), [(("buy", ETH, "1"), "+4"), (("reverse", ETH), "-3"), (("close", ETH), "flat")]
)
def test_a_full_disk_after_it_was_done(person: Person, arguments: tuple[str, ...], after: str) -> None:
    """14: a program that finds no document must not think that nothing was done."""
    person.trader.take(LINEAR, "+3")
    done = printed_to(">/dev/full", person, *arguments, "--yes", "-o", "json")
    assert (14, after) == (done.returncode, person.held), done.stderr
    assert "could not be shown: No space left on device" in done.stderr
    assert 1 == done.stderr.count("\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")  # noqa: PTH110 (as above)
def test_a_full_disk_before_anything_is_done(person: Person) -> None:
    """The quote comes first: where it cannot be shown nothing is reversed, and 74 says so."""
    person.trader.take(LINEAR, "+3")
    done = printed_to(">/dev/full", person, "reverse", ETH, "--yes")
    assert (74, "+3") == (done.returncode, person.held)
    assert 74 == printed_to(">/dev/full", person, "positions").returncode


@pytest.mark.parametrize("output", ["table", "json"])
def test_who_has_read_enough_of_what_was_done(person: Person, output: str) -> None:
    """A reader that hangs up is no failure of the change."""
    known = {"BACKHAND_URL": person.venue.base_url, "BACKHAND_CREDENTIALS": str(person.key)}
    process = subprocess.Popen(
        [*front_door(), "buy", ETH, "1", "--yes", "-o", output],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment_of(**known),
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=SECONDS_MAX)
    assert (0, "", "+1") == (process.returncode, said, person.held)


def test_a_quote_that_nobody_reads_is_not_carried_out(person: Person) -> None:
    """Where the table of the quote has nowhere to go nothing is reversed, and it is no 0."""
    person.trader.take(LINEAR, "+3")
    known = {"BACKHAND_URL": person.venue.base_url, "BACKHAND_CREDENTIALS": str(person.key)}
    process = subprocess.Popen(
        [*front_door(), "reverse", ETH, "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment_of(**known),
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=SECONDS_MAX)
    assert (74, "+3") == (process.returncode, person.held)
    assert "nothing was done" in said


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_streams_that_were_closed_from_the_start(person: Person, closed: str) -> None:
    """What is not wanted is not written, and nothing else changes."""
    for arguments in (("positions",), ("buy", ETH, "1", "--yes"), ("reverse", ETH, "--yes")):
        done = printed_to(closed, person, *arguments)
        assert (0, False) == (done.returncode, "Traceback" in done.stderr), done.stderr
    assert "-1" == person.held
    assert 10 == printed_to("<&-", person, "reverse", ETH).returncode


def test_a_key_that_could_not_be_shown(market: VenueProcess, person: Person) -> None:
    """Of an account that is open already: 14, with its uid, and how to come by a key."""
    if os.path.exists("/dev/full"):  # noqa: PTH110 (as above)
        done = printed_to(">/dev/full", person, "account", "open", "--uid", "cli-full")
        assert (14, True) == (done.returncode, "account cli-full is open" in done.stderr)
        assert 0 == market.operator.ask("GET", "/_venue/accounts/cli-full").get("status", 0)


def test_ctrl_c_at_the_question_is_told_from_no(person: Person) -> None:
    """130 for Ctrl-C, 10 for the end of the input, nothing done either way."""
    person.trader.take(LINEAR, "+2")
    code, screen = person.type("\x03\n", "reverse", ETH)
    assert (130, True, "+2") == (code, "nothing was done" in screen, person.held)
    code, _ = person.type("\x04", "reverse", ETH)
    assert (10, "+2") == (code, person.held)


def test_a_half_that_was_closed_is_no_refusal(own_market: VenueProcess, tmp_path: Path) -> None:
    """Hedge mode, and nothing but bids: the long is closed and the short is not, 15 in both forms."""
    deep = "1000000"
    for output in ("table", "json"):
        person = Person.enrolled(own_market, tmp_path, posMode="hedge_mode")
        for side in ("buy", "sell"):
            person.run(side, ETH, "2", "--yes")
        own_market.operator.set_book(LINEAR, [("999", deep)], [], "1000")
        try:
            done = person.run("close", ETH, "--yes", "-o", output, COLUMNS="80")
        finally:
            own_market.operator.set_book(LINEAR, [("999", deep)], [("1000", deep)], "1000")
        assert (15, "S2", True) == (done.returncode, person.held, "22045" in done.stdout), done.stderr
        assert "…" not in done.stdout


def test_every_exit_code_is_explained_twice() -> None:
    """In the table of docs/command-line.md and in the help of commands that talk to a venue."""
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    for code in Exit:
        assert f"\n| {code} |" in page, code
        assert f" {code} " in EXIT_CODES, code
