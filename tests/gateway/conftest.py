"""A venue in memory for the gateway's tests, as it comes: with rate limits, on a book set by hand."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.http.venue import LINEAR, Connection, Operator, Trader, VenueProcess


class OpenTrader(Protocol):
    """Opens an account, or a further key of a known one."""

    def __call__(self, **account: Any) -> Trader: ...


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    log = tmp_path_factory.mktemp("gateway") / "venue.log"
    process = VenueProcess(log, ("--memory", "--market", "manual")).start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def operator(venue: VenueProcess) -> Iterator[Operator]:
    operator = venue.operator
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    yield operator
    operator.connection.close()


@pytest.fixture
def open_trader(operator: Operator) -> Iterator[OpenTrader]:
    traders: list[Trader] = []

    def open_one(**account: Any) -> Trader:
        traders.append(operator.trader(**account))
        return traders[-1]

    yield open_one
    for trader in traders:
        trader.connection.close()


@pytest.fixture
def trader(open_trader: OpenTrader) -> Trader:
    """A new account each time, so that no test uses up another's quota."""
    return open_trader()


@pytest.fixture
def anybody(venue: VenueProcess) -> Iterator[Connection]:
    """Somebody without an account."""
    connection = Connection(venue.host, venue.port)
    yield connection
    connection.close()
