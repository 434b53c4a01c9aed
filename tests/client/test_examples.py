"""The programs in examples/ do what they say, run as a user would run them."""

import re
import subprocess
import sys
from pathlib import Path

from backhand.client import Credentials
from tests.client.proxy import Plan, Proxy
from tests.http.venue import VenueProcess

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(program: str, address: str, key: Credentials) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / program, address, key.api_key, key.secret, key.passphrase],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_every_example_is_run_here() -> None:
    """No example is without its test."""
    tested = Path(__file__).read_text("utf-8")
    assert [] == [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in tested]


def test_quote_and_reverse(venue: VenueProcess, credentials: Credentials) -> None:
    """The quote is printed, kept, and the position is short afterwards."""
    printed = run("quote_and_reverse.py", venue.base_url, credentials)
    assert re.fullmatch(
        r"closes 1 long, opens 1 short\n  at 999, fees -1\.1988\nnow short 1 at 999\n", printed
    ), printed


def test_safe_reverse(venue: VenueProcess, credentials: Credentials) -> None:
    """With its answer lost on the way the position is reversed once, and the program knows it."""
    proxy = Proxy(venue.host, venue.port)
    proxy.plan(credentials.api_key, Plan("drop", ["close"]))
    try:
        printed = run("safe_reverse.py", proxy.base_url, credentials)
    finally:
        proxy.close()
    assert "found after its answer was lost\nnow short 1\n" == printed
