"""An id that is sent again, and what a caller can know of one whose call was stopped, against real venues."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal

import pytest

from backhand.client import (
    AsyncClient,
    Client,
    Credentials,
    DuplicateClientOid,
    OutcomeUnknown,
    QuoteRefused,
    Refused,
)
from backhand.client.transport import HttpAnswer, HttpRequest
from tests.client.conftest import open_account
from tests.client.played import KEY, data
from tests.http.venue import INVERSE, LINEAR, Operator, VenueProcess

FROZEN = ("--memory", "--market", "manual", "--clock", "frozen")


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue whose clock stands still, and whose receipts are known by the close leg."""
    log = tmp_path_factory.mktemp("client") / "frozen.log"
    process = VenueProcess(log, (*FROZEN, "--fidelity", "returned_leg=close")).start()
    set_books(process.operator)
    yield process
    process.stop()


def set_books(operator: Operator) -> None:
    for product in (LINEAR, INVERSE):
        operator.set_book(product, [("999", "1000000")], [("1000", "1000000")], "1000")


Connect = Callable[[Credentials], Client]


@pytest.fixture
def connect(frozen: VenueProcess) -> Iterator[Connect]:
    """Makes clients of the frozen venue that are closed in the end."""
    with ExitStack() as open_clients:
        yield lambda credentials: open_clients.enter_context(
            Client(frozen.base_url, credentials, pacing=False)
        )


@pytest.mark.parametrize("knows", [True, False], ids=["same client", "new client"])
@pytest.mark.parametrize("later", ["soon", "expired", "hedge mode", "sold"])
def test_a_retry_gives_what_the_first_came_to(
    frozen: VenueProcess, connect: Connect, knows: bool, later: str
) -> None:
    """Whatever has changed since, the same call again reverses nothing and says what the first did."""
    credentials = open_account(frozen.operator)
    client = connect(credentials)
    client.place_order("ETHUSDT", "buy", 1)
    quote = client.quote("ETHUSDT")
    first = client.reverse("ETHUSDT", quote_id=quote.quote_id, client_oid="once")
    held = client.positions("ETHUSDT")
    if later == "expired":
        frozen.operator.ask("POST", "/_venue/clock/advance", {"by": "11s"})
    elif later != "soon":
        client.close_positions("ETHUSDT")
        if later == "hedge mode":
            client.set_position_mode("hedge_mode")
    if not knows:
        client = connect(credentials)
    again = client.reverse("ETHUSDT", quote_id=quote.quote_id, client_oid="once")
    assert (False, True, first.order_id) == (first.found, again.found, again.order_id)
    assert (first.opened, first.closed) == (again.opened, again.closed)
    assert client.positions("ETHUSDT") == (held if later in {"soon", "expired"} else [])


def test_an_expired_quote_of_a_new_id_is_refused(frozen: VenueProcess, connect: Connect) -> None:
    """Nothing ran under it, so the refusal stands."""
    client = connect(open_account(frozen.operator))
    client.place_order("ETHUSDT", "buy", 1)
    quote = client.quote("ETHUSDT")
    frozen.operator.ask("POST", "/_venue/clock/advance", {"by": "11s"})
    with pytest.raises(QuoteRefused) as raised:
        client.reverse("ETHUSDT", quote_id=quote.quote_id, client_oid="new")
    assert "98001" == raised.value.code


def test_legs_are_told_apart_where_the_close_leg_is_returned(frozen: VenueProcess, connect: Connect) -> None:
    """With `returned_leg = close` too, `opened` is the leg that was opened, or would have been."""
    client = connect(open_account(frozen.operator, balances={"USDT": "60"}))
    client.place_order("ETHUSDT", "buy", 1)
    frozen.operator.set_book(LINEAR, [("985", "1000000")], [("1000", "1000000")], "1000")
    done = client.reverse("ETHUSDT", client_oid="mine")
    set_books(frozen.operator)
    assert done.closed is not None
    assert done.opened is not None
    assert ("mine", Decimal(1), "filled") == (
        done.closed.client_oid,
        done.closed.filled_size,
        done.closed.status,
    )
    assert (Decimal(0), "canceled", ()) == (done.opened.filled_size, done.opened.status, done.positions)


@pytest.mark.parametrize("first", ["reversal", "order"])
def test_an_id_of_another_symbol_reverses_nothing(venue: VenueProcess, first: str) -> None:
    """The venue's word that the id was used is enough: there is nothing to look for, and at once."""
    set_books(venue.operator)
    with Client(venue.base_url, open_account(venue.operator), pacing=False) as client:
        client.place_order("ETHUSDT", "buy", 1)
        client.place_order("ETHUSD", "buy", 1)
        if first == "reversal":
            client.reverse("ETHUSDT", client_oid="taken")
        else:
            client.place_order("ETHUSDT", "buy", 1, price=900, client_oid="taken")
        with pytest.raises(DuplicateClientOid):
            client.reverse("ETHUSD", client_oid="taken", deadline_seconds=1000)
        assert ["long"] == [leg.hold_side for leg in client.positions("ETHUSD")]


class Stopped:
    """A network on which Ctrl-C is pressed at the n-th request, also as an event loop's."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at = at
        self.error = error
        self.seen = 0

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        self.seen += 1
        if self.seen == self.at:
            raise self.error
        return data({"orderId": "19", "clientOid": client_oid_of(request)})

    def close(self) -> None:
        """Nothing is open."""


class AsyncStopped(Stopped):
    async def exchange(self, request: HttpRequest) -> HttpAnswer:  # type: ignore[override]
        return super().exchange(request)

    async def close(self) -> None:  # type: ignore[override]
        """Nothing is open."""


def client_oid_of(request: HttpRequest) -> str:
    return request.body.partition(b'"clientOid":"')[2].partition(b'"')[0].decode()


@pytest.mark.parametrize(("at", "named"), [(1, "bh-"), (2, "orderId 19")])
def test_a_call_that_is_stopped_names_what_to_look_for(at: int, named: str) -> None:
    """Ctrl-C and a cancelled task carry a note with the id that may be on its way."""
    with pytest.raises(KeyboardInterrupt) as stopped:
        Client("x", KEY, transport=Stopped(at, KeyboardInterrupt())).reverse("ETHUSDT")
    (note,) = stopped.value.__notes__
    assert named in note
    network = AsyncStopped(at, asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError) as cancelled:
        asyncio.run(AsyncClient("x", KEY, transport=network).reverse("ETHUSDT"))
    assert named in "".join(getattr(cancelled.value, "__notes__", [named]))


def test_an_id_can_be_chosen_before_the_call() -> None:
    """A program that may be killed writes it down first."""
    client = Client("x", KEY, transport=Stopped(0, KeyboardInterrupt()))
    names = {client.new_client_oid() for _ in range(3)}
    assert 3 == len(names)
    assert all(name.startswith("bh-") and len(name) <= 30 for name in names)


def test_an_order_is_not_acknowledged_by_another_ones_answer() -> None:
    """What is answered to somebody else says nothing of this order."""

    class Swapped(Stopped):
        def exchange(self, _: HttpRequest) -> HttpAnswer:
            return data({"orderId": "18", "clientOid": "other"})

    with pytest.raises(OutcomeUnknown) as unknown:
        Client("x", KEY, transport=Swapped(0, KeyboardInterrupt())).place_order("ETHUSDT", "buy", 1)
    assert unknown.value.client_oid.startswith("bh-")


def test_a_size_that_is_none_is_advised_about(venue: VenueProcess, credentials: Credentials) -> None:
    """Zero has no decimals too many."""
    with Client(venue.base_url, credentials, pacing=False) as client, pytest.raises(Refused) as raised:
        client.reverse("ETHUSDT", size=0)
    assert ("40808", True) == (raised.value.code, "positive" in raised.value.advice)
