"""A venue and people with accounts on it, for the tests of commands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Exchange, Listener, Person
from tests.http.venue import LINEAR, VenueProcess

Enrol = Callable[..., Person]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue in memory with a deep book of ETHUSDT at 999 / 1000, where nobody else moves the price."""
    process = started(tmp_path_factory.mktemp("cli"))
    yield process
    process.stop()


@pytest.fixture
def own_market(tmp_path: Path) -> Iterator[VenueProcess]:
    """The same for one test that needs a side without any order: other tests leave theirs in `market`."""
    process = started(tmp_path)
    yield process
    process.stop()


def started(folder: Path) -> VenueProcess:
    options = ("--memory", "--market", "manual", "--clock", "real", "--limits", "off")
    process = VenueProcess(folder / "venue.log", options).start()
    process.operator.set_book(LINEAR, [("999", "1000000")], [("1000", "1000000")], "1000")
    return process


@pytest.fixture
def enrol(market: VenueProcess, tmp_path: Path) -> Enrol:
    """Open an account and keep its key in a private file."""

    def enrol_one(**account: Any) -> Person:
        return Person.enrolled(market, tmp_path, **account)

    return enrol_one


@pytest.fixture
def person(enrol: Enrol) -> Person:
    return enrol()


@pytest.fixture
def exchange(market: VenueProcess) -> Iterator[Exchange]:
    """What a client takes for the real exchange."""
    stand_in = Exchange(market)
    yield stand_in
    stand_in.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    counted = Listener()
    yield counted
    counted.close()
