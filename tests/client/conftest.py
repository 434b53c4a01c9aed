"""A venue for the client's tests, and an account on it for each test."""

from collections.abc import Iterator

import pytest

from backhand.client import Credentials
from tests.http.venue import LINEAR, Operator, VenueProcess

MEMORY = ("--memory", "--market", "manual", "--clock", "real")


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue in memory without rate limits, with a deep book of ETHUSDT at 999 / 1000."""
    log = tmp_path_factory.mktemp("client") / "venue.log"
    process = VenueProcess(log, (*MEMORY, "--limits", "off")).start()
    process.operator.set_book(LINEAR, [("999", "1000000")], [("1000", "1000000")], "1000")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def limited_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """The same with the rate limits of the exchange."""
    log = tmp_path_factory.mktemp("client") / "limited.log"
    process = VenueProcess(log, MEMORY).start()
    process.operator.set_book(LINEAR, [("999", "1000000")], [("1000", "1000000")], "1000")
    yield process
    process.stop()


@pytest.fixture
def credentials(venue: VenueProcess) -> Credentials:
    """A new account with plenty of every coin, in one-way mode."""
    return open_account(venue.operator)


def open_account(operator: Operator, **account: object) -> Credentials:
    """Open an account; keywords go into the operator's request."""
    key = operator.open_key(**account)
    return Credentials(key.api_key, key.secret, key.passphrase)
