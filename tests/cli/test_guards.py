"""Secrets stay where they belong, and nothing trades for real by accident."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.commands import Exchange, Listener, Person, run
from tests.cli.conftest import Enrol
from tests.http.venue import LINEAR, VenueProcess

ETH = "ETHUSDT"
REAL = "https://api.bitget.com"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_file_that_others_can_reach_is_refused(person: Person, mode: int) -> None:
    """Neither group nor others may have any right to it; the sentence says what to type."""
    person.key.chmod(mode)
    done = person.run("positions")
    assert (78, "") == (done.returncode, done.stdout)
    assert f"chmod 600 {person.key}" in done.stderr


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(person: Person, mode: int) -> None:
    """Its owner may read it, and need not be able to write it."""
    person.key.chmod(mode)
    assert 0 == person.run("positions", ETH).returncode


def test_credentials_come_from_the_environment_or_standard_input(person: Person) -> None:
    """Three variables, or the file's text on standard input; a named file wins."""
    raw = person.key.read_text()
    words = json.loads(raw)
    environment = {
        "BACKHAND_CREDENTIALS": "",
        "BACKHAND_KEY": words["apiKey"],
        "BACKHAND_SECRET": words["secretKey"],
        "BACKHAND_PASSPHRASE": words["passphrase"],
    }
    assert 0 == person.run("positions", ETH, **environment).returncode
    assert 0 == person.run("positions", ETH, "--credentials", "-", stdin=raw).returncode
    wrong = environment | {"BACKHAND_SECRET": "x"}
    assert 7 == person.run("positions", ETH, **wrong).returncode
    assert 0 == person.run("positions", ETH, "--credentials", str(person.key), **wrong).returncode


def test_missing_and_broken_credentials_are_named_without_being_shown(person: Person) -> None:
    """The sentence says which variable or file, never what is in it."""
    missing = person.run("positions", BACKHAND_CREDENTIALS="", BACKHAND_KEY="k")
    assert 78 == missing.returncode
    assert "BACKHAND_SECRET, BACKHAND_PASSPHRASE not set" in missing.stderr
    person.key.write_text('{"apiKey": "sesame", "secretKey": 7}')
    broken = person.run("positions")
    assert (78, False) == (broken.returncode, "sesame" in broken.stderr)
    assert 78 == person.run("positions", "--credentials", "/nonexistent").returncode


@pytest.mark.parametrize("word", ["sesame\nopen", "sesame\n", "sésame"])
def test_credentials_that_cannot_be_sent_are_named(person: Person, word: str) -> None:
    """78 and the name of the variable, or of the word in the file, without what is in it."""
    environment = {
        "BACKHAND_CREDENTIALS": "",
        "BACKHAND_KEY": word,
        "BACKHAND_SECRET": "x",
        "BACKHAND_PASSPHRASE": "y",
    }
    done = person.run("positions", **environment)
    assert (78, True, False) == (done.returncode, "BACKHAND_KEY holds" in done.stderr, "same" in done.stderr)
    words = json.loads(person.key.read_text())
    person.key.write_text(json.dumps(words | {"passphrase": word}))
    done = person.run("positions")
    assert (78, True) == (done.returncode, f"passphrase of {person.key} holds" in done.stderr)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:abc", "http://localhost:99999", "http://localhost:0", "http://[::1", "http://a b"],
)
@pytest.mark.parametrize("command", ["positions", "watch", "audit"])
def test_what_is_no_address_is_said(person: Person, command: str, url: str) -> None:
    """2 and a sentence, before anything is sent."""
    done = person.run(command, BACKHAND_URL=url)
    assert (2, f"backhand: --url {url} is no address like http://127.0.0.1:8080\n") == (
        done.returncode,
        done.stderr,
    )


def test_no_proxy_stands_before_this_machine(person: Person, listener: Listener) -> None:
    """Calls and streams to loopback go there, whatever proxy the environment names."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), listener.address)
    assert 0 == person.run("positions", ETH, **proxies).returncode
    assert 0 == person.run("watch", ETH, "--count", "1", **proxies).returncode
    assert 0 == person.run("positions", ETH, ALL_PROXY="socks5://127.0.0.1:9").returncode
    assert 0 == listener.connections()


def test_a_proxy_that_cannot_be_used_is_named(person: Person) -> None:
    """A SOCKS proxy without the package for it: which variable, and what to do; the doctor finds it too."""
    environment = {"ALL_PROXY": "socks5://127.0.0.1:9", "BACKHAND_URL": "http://venue.invalid"}
    done = person.run("positions", ETH, **environment)
    assert (2, True) == (done.returncode, "ALL_PROXY names a SOCKS proxy" in done.stderr)
    assert "pip install 'httpx[socks]'" in done.stderr
    assert "wrong" == findings(person, **environment)["proxy"]
    proxies = {"HTTPS_PROXY": "socks5://127.0.0.1:9"}
    done = person.run("watch", ETH, "--url", "https://venue.invalid", **proxies)
    assert (8, True) == (done.returncode, "SOCKS" in done.stderr)


def test_no_option_takes_a_secret() -> None:
    """No command has an option for key, secret or passphrase: arguments are everybody's to see."""
    for command in ("positions", "reverse"):
        text = run(command, "--help", COLUMNS="300").stdout
        assert not any(option in text for option in ("--key", "--secret", "--passphrase", "--api-key")), (
            command
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("buy", ETH, "1"),
        ("sell", ETH, "1"),
        ("reverse", ETH),
        ("close", ETH),
        ("reverse", ETH, "--paptrading"),
        ("reverse", ETH, "--dry-run"),
    ],
)
def test_the_real_exchange_is_refused_before_connecting(
    person: Person, listener: Listener, arguments: tuple[str, ...]
) -> None:
    """Without --live nothing is sent to it, not even with --yes: no connection is tried."""
    done = person.run(*arguments, "--yes", "--url", REAL, HTTPS_PROXY=listener.address)
    expected = 3 if "--dry-run" in arguments else 11
    assert (expected, "", 0) == (done.returncode, done.stdout, listener.connections())


@pytest.mark.parametrize(
    "host", ["https://API.Bitget.com", "https://api.bitget.com.", "http://bitget.example"]
)
def test_the_exchange_is_known_by_any_spelling(person: Person, listener: Listener, host: str) -> None:
    """Capitals, a final dot, a mirror: the name is enough."""
    proxies = {"HTTPS_PROXY": listener.address, "HTTP_PROXY": listener.address}
    done = person.run("buy", ETH, "1", "--yes", "--url", host, **proxies)
    assert (11, 0) == (done.returncode, listener.connections())


def test_live_goes_through(person: Person, listener: Listener) -> None:
    """The check above can fail: with --live and --yes a proxy that hangs up is reached."""
    done = person.run("buy", ETH, "1", "--yes", "--live", "--url", REAL, HTTPS_PROXY=listener.address)
    assert (8, True) == (done.returncode, listener.connections() > 0)


def test_what_does_not_say_that_it_is_a_venue_counts_as_real(person: Person, exchange: Exchange) -> None:
    """A tunnel on loopback is seen through: only the time was asked, and nothing traded."""
    done = person.run("buy", ETH, "1", "--yes", "--url", exchange.base_url)
    assert (11, ["/api/v2/public/time"]) == (done.returncode, exchange.paths)


def test_for_real_the_symbol_is_typed(person: Person, exchange: Exchange) -> None:
    """With --live a wrong word does nothing; the symbol, or --yes, trades."""
    at = ("--live", "--url", exchange.base_url)
    code, screen = person.type("yes\n", "buy", ETH, "2", *at)
    assert (10, True) == (code, "Type ETHUSDT to go on" in screen)
    assert not any("place-order" in path for path in exchange.paths)
    code, screen = person.type("ethusdt\n", "buy", ETH, "2", *at)
    assert (0, True) == (code, "this is the real exchange" in screen)
    assert 10 == person.run("reverse", ETH, *at).returncode
    assert 0 == person.run("reverse", ETH, "--yes", *at).returncode
    assert "-2" == person.held


def test_a_policy_that_the_exchange_would_ignore_is_not_sent(person: Person, exchange: Exchange) -> None:
    """A price guard that would be dropped without a word is refused, and the position stays."""
    person.trader.take(LINEAR, "+2")
    done = person.run("reverse", ETH, "--worst-price", "990", "--yes", "--live", "--url", exchange.base_url)
    assert (8, True) == (done.returncode, "would ignore" in done.stderr)
    assert not any("click-backhand" in path for path in exchange.paths)


def findings(person: Person, *arguments: str, **environment: str) -> dict[str, str]:
    """What the doctor says of each check; of a product type that comes twice, the first."""
    done = person.run("doctor", "-o", "json", *arguments, **environment)
    found = {one["check"]: one["status"] for one in reversed(json.loads(done.stdout))}
    assert (13 if "wrong" in found.values() else 0) == done.returncode
    return found


def test_a_sound_configuration_has_no_findings(person: Person) -> None:
    """Every check is ok, in both forms; what is open is said."""
    assert {"ok"} == set(findings(person).values())
    person.trader.take(LINEAR, "+1")
    assert "1 position and 0 orders are open" in person.run("doctor").stdout


def test_the_doctor_names_what_is_wrong(enrol: Enrol, exchange: Exchange, tmp_path: Path) -> None:
    """Address, credentials, key, passphrase, permission: each is told from the others."""
    person = enrol()
    words = json.loads(person.key.read_text())
    assert "wrong" == findings(person, "--url", "nowhere")["address"]
    assert "wrong" == findings(person, "--url", "http://127.0.0.1:9")["reachable"]
    assert "wrong" == findings(person, "--credentials", str(tmp_path / "none"))["credentials"]
    for broken, check in (("apiKey", "key"), ("secretKey", "key"), ("passphrase", "passphrase")):
        person.key.write_text(json.dumps(words | {broken: "x" * 20}))
        assert "wrong" == findings(person)[check]
    reader = enrol(permissions=["read"])
    assert "warning" == findings(reader)["permission"]
    assert "skipped" == findings(reader, "--url", exchange.base_url)["permission"]
    assert not any("cancel" in path for path in exchange.paths)


def test_the_doctor_knows_clocks_that_clients_cannot_follow(tmp_path: Path) -> None:
    """Of a venue with a frozen clock no skew is told, because signatures are not dated there."""
    venue = VenueProcess(tmp_path / "venue.log", ("--memory", "--market", "manual", "--clock", "frozen"))
    venue.start()
    try:
        done = run("doctor", "-o", "json", BACKHAND_URL=venue.base_url)
    finally:
        venue.stop()
    (clock,) = [one for one in json.loads(done.stdout) if one["check"] == "clock"]
    assert ("ok", True) == (clock["status"], "frozen" in clock["found"])
