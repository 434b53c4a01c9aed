"""Every command as a process against a venue: what it prints in both forms, and how it ends."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import backhand.cli.app  # noqa: F401 (adds `serve` and `demo`)
from backhand.cli.commands import app
from backhand.cli.exits import with_next
from backhand.client.refusals import refused
from tests.cli.commands import Person, run
from tests.cli.conftest import Enrol
from tests.http.venue import LINEAR, VenueProcess

ETH = "ETHUSDT"


def asked(person: Person, *arguments: str) -> Any:
    """A command's JSON document; it must succeed and say nothing else on standard output."""
    done = person.run(*arguments, "-o", "json")
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def test_a_new_users_first_minute(market: VenueProcess, tmp_path: Path) -> None:
    """Account, order, quote, reversal, close: each in a line, with tables for people."""
    key = tmp_path / "trader.json"
    opened = run("account", "open", "USDT=100000", "--save", str(key), BACKHAND_URL=market.base_url)
    assert (0, 0o600) == (opened.returncode, key.stat().st_mode & 0o777)
    person = Person(market, key)
    assert "filled" in person.run("buy", ETH, "20", "--yes").stdout
    assert "closes 20 long, opens 20 short" in person.run("quote", ETH).stdout
    reversed_ = person.run("reverse", ETH, "--yes")
    assert (0, "") == (reversed_.returncode, reversed_.stderr)
    assert "as quoted" in reversed_.stdout
    assert re.search(r"ETHUSDT │ short │ +20 ", reversed_.stdout)
    closed = person.run("close", ETH, "--yes")
    assert (0, True) == (closed.returncode, "Nothing is held." in closed.stdout)


def test_tables_of_what_is_held_and_what_rests(person: Person) -> None:
    """Positions and orders have a row each; without any, a sentence."""
    assert "Nothing is held." in person.run("positions").stdout
    assert "Nothing rests in the book." in person.run("orders").stdout
    person.run("buy", ETH, "2", "--yes")
    person.run("sell", ETH, "1", "--price", "1005", "--yes")
    assert re.search(r"ETHUSDT │ long │ +2 │", person.run("positions").stdout)
    assert re.search(r"sell_single │ +1 │ +0 │ +1005 │", person.run("orders").stdout)


def test_documents_of_every_command_that_looks(person: Person) -> None:
    """With -o json each prints one document, numbers as text and names as on the wire."""
    order = asked(person, "buy", ETH, "3", "--yes")
    assert ("filled", "3", "1000") == (order["state"], order["baseVolume"], order["priceAvg"])
    asked(person, "sell", ETH, "1", "--price", "1005", "--yes")
    (leg,) = asked(person, "positions", ETH)
    assert ("long", "3", "1000", "1000") == (
        leg["holdSide"],
        leg["total"],
        leg["openPriceAvg"],
        leg["markPrice"],
    )
    (resting,) = asked(person, "orders")
    assert ("sell", "1005") == (resting["side"], resting["price"])
    quote = asked(person, "quote", ETH, "--policy", "largest", "--max-slippage", "0.01")
    assert ("3", "3", "999") == (
        quote["closeLeg"]["size"],
        quote["openLeg"]["size"],
        quote["openLeg"]["averagePrice"],
    )


def test_a_reversal_is_one_document(person: Person) -> None:
    """Quote, result and receipt in one object, the result equal to the quote."""
    person.trader.take(LINEAR, "+3")
    done = asked(person, "reverse", ETH, "--yes")
    quoted, opened = done["quote"]["openLeg"], done["reversal"]["opened"]
    assert (quoted["size"], quoted["averagePrice"], quoted["fee"]) == (
        opened["filledSize"],
        opened["averagePrice"],
        opened["fee"],
    )
    assert {"quote", "reversal", "receipt"} == set(done)
    assert "-3" == person.held
    closed = asked(person, "close", ETH, "--yes")
    assert (1, 0) == (len(closed["successList"]), len(closed["failureList"]))
    assert "flat" == person.held


def test_a_dry_run_shows_and_does_nothing(person: Person) -> None:
    """The quote is printed, as a table or a document, and the position stays."""
    person.trader.take(LINEAR, "+3")
    assert "closes 3 long, opens 3 short" in person.run("reverse", ETH, "--dry-run").stdout
    assert "3" == asked(person, "reverse", ETH, "--dry-run")["openLeg"]["size"]
    assert "+3" == person.held


def test_hedge_mode_names_its_leg(enrol: Enrol) -> None:
    """`buy` opens a long and `sell` a short; `--side` and `--size` say what is reversed or closed."""
    person = enrol(posMode="hedge_mode")
    person.run("buy", ETH, "10", "--yes")
    person.run("sell", ETH, "4", "--yes")
    assert 0 == person.run("reverse", ETH, "--side", "long", "--size", "3", "--yes").returncode
    assert "L7 S7" == person.held
    assert 0 == person.run("close", ETH, "--side", "short", "--yes").returncode
    assert "L7" == person.held


def test_accounts_are_opened_funded_and_shown(market: VenueProcess, tmp_path: Path) -> None:
    """The operator's commands in both forms; a saved key is not printed and replaces no file."""
    at = {"BACKHAND_URL": market.base_url}
    opened = json.loads(
        run("account", "open", "usdt=10", "--uid", "cli-1", "--hedge", "-o", "json", **at).stdout
    )
    assert {"uid", "apiKey", "secretKey", "passphrase"} <= set(opened)
    moved = run("account", "fund", "cli-1", "USDT=-2.5", "-o", "json", **at)
    assert ("cli-1", "7.5") == (json.loads(moved.stdout)["uid"], json.loads(moved.stdout)["wallet"])
    shown = json.loads(run("account", "show", "cli-1", "-o", "json", **at).stdout)
    assert ("7.5", "hedge_mode") == (
        shown["balances"]["USDT"]["wallet"],
        shown["positionModes"]["USDT-FUTURES"],
    )
    assert re.search(r"USDT │ +7\.5 ", run("account", "show", "cli-1", **at).stdout)
    assert "7.5" not in run("account", "fund", "cli-1", "USDT=1", **at).stderr
    key = tmp_path / "key.json"
    saved = run("account", "open", "--save", str(key), **at)
    words = json.loads(key.read_text())
    assert not any(word in saved.stdout + saved.stderr for word in words.values())
    assert 78 == run("account", "open", "--save", str(key), **at).returncode
    assert words == json.loads(key.read_text())
    refused = tmp_path / "refused.json"
    assert 3 == run("account", "open", "SHELLS=1", "--save", str(refused), **at).returncode
    assert not refused.exists()


def test_the_books_are_shown(market: VenueProcess) -> None:
    """The audit as a table and as the operator's own document: residual 0."""
    at = {"BACKHAND_URL": market.base_url}
    assert re.search(r"residual +│ 0 ", run("audit", **at).stdout)
    document = json.loads(run("audit", "-o", "json", **at).stdout)
    assert ("0", 64) == (document["coins"]["USDT"]["residual"], len(document["digest"]))


@pytest.mark.parametrize(
    ("held", "arguments", "code"),
    [
        ("flat", ("reverse", ETH, "--yes"), 4),
        ("flat", ("close", ETH, "--yes"), 4),
        ("flat", ("buy", ETH, "1000000", "--yes"), 3),
        ("flat", ("sell", ETH, "2100", "--price", "1001", "--yes"), 5),
        ("flat", ("buy", "NONSENSE", "1", "--yes"), 2),
        ("flat", ("buy", ETH, "plenty", "--yes"), 2),
        ("flat", ("reverse", ETH), 4),
        ("+1", ("reverse", ETH, "-o", "json"), 10),
        (
            "+1",
            ("reverse", ETH, "--worst-price", "1000", "--policy", "strict", "--yes"),
            6,
        ),
        ("+1", ("reverse", ETH, "--policy", "perhaps", "--yes"), 2),
        ("flat", ("positions", "--url", "nowhere"), 2),
        ("flat", ("positions", "--url", "http://127.0.0.1:9"), 8),
        ("flat", ("account", "fund", "nobody", "USDT=1"), 3),
        ("flat", ("account", "fund", "nobody", "much"), 2),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(
    person: Person, held: str, arguments: tuple[str, ...], code: int
) -> None:
    """Nothing on standard output, a sentence on standard error, and a code that a program can act on."""
    person.trader.take(LINEAR, held)
    digest = person.venue.operator.digest()
    done = person.run(*arguments)
    assert (code, "") == (done.returncode, done.stdout), done.stderr
    assert done.stderr
    assert digest == person.venue.operator.digest()


@pytest.mark.parametrize(
    ("mode", "arguments", "advice"),
    [
        ("one_way_mode", ("positions", "--url", "http://127.0.0.1:9"), "`backhand serve` starts a venue"),
        (
            "one_way_mode",
            ("positions", "--credentials", "none.json"),
            "account open --save none.json` makes it",
        ),
        ("one_way_mode", ("reverse", ETH), "`backhand positions` shows what is held, `backhand buy`"),
        ("one_way_mode", ("close", ETH), "`backhand positions` shows what is held"),
        ("one_way_mode", ("buy", "BTCUSDT", "1", "--yes"), "PUT /_venue/markets/SYMBOL/book"),
        ("one_way_mode", ("buy", "XRPUSDT", "9", "--yes"), "PUT /_venue/markets/SYMBOL/book"),
        ("one_way_mode", ("reverse", "ETH"), "as ETHUSDT, ETHUSD and ETHPERP do"),
        ("one_way_mode", ("account", "show", "7"), "`backhand account open` opens one"),
        ("hedge_mode", ("reverse", ETH, "--yes"), "give --side long or --side short"),
    ],
)
def test_a_beginners_failure_says_what_to_do_next(
    enrol: Enrol, mode: str, arguments: tuple[str, ...], advice: str
) -> None:
    """No venue, no file, no position, no price, no book, no side: one line, with what to type."""
    person = enrol(posMode=mode)
    person.venue.operator.ask("PUT", "/_venue/markets/XRPUSDT/price", {"index": "2", "mark": "2"})
    if mode == "hedge_mode":
        person.run("buy", ETH, "1", "--yes")
    done = person.run(*arguments)
    assert (True, 1) == (advice in done.stderr, done.stderr.count("\n")), done.stderr


def test_a_quote_that_cannot_be_kept_says_what_to_do_next() -> None:
    """A program is told to run it again; who is asked is shown the new quote."""
    assert "Run it again" in with_next(refused("98003", "The reversal would be worse than quoted", 400))
    assert "--max-slippage" in with_next(refused("98004", "The price guard cannot be kept", 400))


def test_a_question_is_asked_in_a_terminal(person: Person) -> None:
    """Yes goes on, anything else does nothing and ends with 10."""
    person.trader.take(LINEAR, "+2")
    code, screen = person.type("n\n", "reverse", ETH)
    assert (10, True) == (code, "closes 2 long, opens 2 short" in screen)
    assert "+2" == person.held
    code, screen = person.type("y\n", "reverse", ETH)
    assert (0, True) == (code, "as quoted" in screen)
    assert "-2" == person.held
    code, _ = person.type("\x04", "close", ETH)
    assert (10, "-2") == (code, person.held)


def test_every_command_teaches_by_example() -> None:
    """Help ends with what to type, and with the exit codes; one of them as it is printed."""
    for path, command in commands(get_command(app)):
        text = (command.epilog or "").replace("[bold]", "").replace("[/bold]", "")
        if path != "backhand demo":
            assert f"{path} " in text, path
            assert "Exit codes" in text, path
        assert command.help, path
    printed = run("reverse", "--help", COLUMNS="300").stdout
    assert "backhand reverse ETHUSDT --policy strict" in printed
    assert "9 outcome unknown" in printed


def commands(group: Any, path: str = "backhand") -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command
