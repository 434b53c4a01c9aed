"""Limits, numbers and errors of the client: what holds for every call."""

import inspect
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import backhand.client
from backhand.client import (
    AsyncClient,
    Client,
    ClientError,
    NoAnswer,
    OutcomeUnknown,
    account_calls,
    errors,
    market_calls,
    order_calls,
    reversal_calls,
    routes,
)
from backhand.client.market_calls import ticker
from backhand.client.models import present
from backhand.client.order_calls import place_order
from backhand.client.pacing import Pacer
from backhand.client.refusals import UNKNOWN_CODES, refused
from backhand.client.routes import Route
from backhand.client.session import text_of
from backhand.client.transport import AnswerLost
from backhand.wire.endpoints import ENDPOINTS
from tests.client.played import Script

ROUTES = [route for route in vars(routes).values() if isinstance(route, Route)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_limits_are_those_of_the_venue(route: Route) -> None:
    """Where the venue has the endpoint, the client's quotas and privacy are the endpoint's."""
    endpoint = ENDPOINTS.get((route.method, route.path))
    if endpoint is not None:
        assert (endpoint.per_second, endpoint.trader_per_second, endpoint.permission is not None) == (
            route.per_second,
            route.trader_per_second,
            route.private,
        )


def test_most_routes_are_known_to_the_venue() -> None:
    """The comparison above compares something."""
    assert sum((route.method, route.path) in ENDPOINTS for route in ROUTES) >= 18


@pytest.mark.parametrize(("copy_trader", "per_second"), [(False, 10), (True, 1)])
def test_no_second_holds_more_calls_than_allowed(copy_trader: bool, per_second: int) -> None:
    """However fast calls come, no second of their moments has more than the quota, and their order stays."""
    pacer = Pacer(copy_trader=copy_trader)
    moments = []
    for number in range(5 * per_second):
        now = 100.0 + number * 0.001
        moments.append(now + pacer.delay_seconds(routes.REVERSE, now))
    assert sorted(moments) == moments
    assert all(b - a > 1.0 for a, b in zip(moments, moments[per_second:], strict=False))
    assert moments[per_second - 1] < 100.1
    assert 0.0 == pacer.delay_seconds(routes.ORDER, 100.0), "each endpoint has its own"


def test_a_pause_stops_an_endpoint_for_a_second() -> None:
    """After a 429 the next call waits until the second is over."""
    pacer = Pacer(copy_trader=False)
    pacer.pause(routes.REVERSE, 100.0)
    assert 1.0 < pacer.delay_seconds(routes.REVERSE, 100.0) < 1.1


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("0.10"), "0.10"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (3, "3"),
        ("2.5", "2.5"),
    ],
)
def test_numbers_are_sent_exactly(number: Decimal | int | str, text: str) -> None:
    """Numbers go out as plain decimal text, every digit as given."""
    assert text == text_of(number)


@pytest.mark.parametrize(
    ("number", "error"),
    [(0.1, TypeError), (True, TypeError), ("abc", ValueError), ("NaN", ValueError), ("inf", ValueError)],
)
def test_what_is_no_exact_number_is_not_sent(number: Any, error: type[Exception]) -> None:
    """A float is seldom the number that was meant, and infinity never is."""
    with pytest.raises(error):
        text_of(number)


def test_absent_null_and_empty_are_the_same() -> None:
    """What the exchange leaves empty is the field's default."""
    assert {"a": "0", "b": [{}], "d": {"e": 0}} == present(
        {"a": "0", "b": [{"c": ""}], "d": {"e": 0}, "f": None}
    )


def test_a_lost_answer_means_what_was_asked() -> None:
    """A question whose answer is lost has changed nothing; an order may have been placed."""
    script = Script([AnswerLost("cut")])
    with pytest.raises(NoAnswer):
        script.play(ticker(script.session(), "ETHUSDT"))
    with pytest.raises(OutcomeUnknown) as unknown:
        script.play(place_order(script.session(), "ETHUSDT", "buy", 1))
    assert "made-1" == unknown.value.client_oid == script.sent[1].fields["clientOid"]
    assert "made-1" in str(unknown.value)
    assert 2 == len(script.sent)


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing at the top of the module names every exception under its parent, and all are public."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if named := re.match(r"^ {4}([│├└─ ]*)([A-Z]\w+)", line):
            depth = len(named[1]) // 4
            path[depth:] = [named[2]]
            drawn[named[2]] = path[depth - 1] if depth else "Exception"
    defined = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ClientError)
    }
    assert defined == drawn
    assert set(defined) <= set(backhand.client.__all__)


def test_both_clients_have_every_call() -> None:
    """Each declared call is in both clients, under its name, with its parameters and documentation."""
    parts = (account_calls, market_calls, order_calls, reversal_calls)
    declared = {
        name: call
        for part in parts
        for name, call in vars(part).items()
        if inspect.isfunction(call) and call.__module__ == part.__name__ and not name.startswith("_")
    }
    assert len(declared) >= 22
    for client in (Client, AsyncClient):
        for name, call in declared.items():
            made = getattr(client, name)
            assert list(inspect.signature(call).parameters) == list(inspect.signature(made).parameters)
            assert call.__doc__ == made.__doc__
            assert "Flow" not in str(inspect.signature(made).return_annotation)


def test_codes_of_lost_answers_are_documented() -> None:
    """The page about the client names every code after which nobody knows what happened."""
    page = (Path(__file__).parents[2] / "docs" / "client.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| connection died")]
    assert set(UNKNOWN_CODES) == set(re.findall(r"`(\d{5})`", row))


def test_every_refusal_says_what_to_do() -> None:
    """Known or not, a refusal carries the exchange's words and an advice."""
    for code in ("40757", "98003", "77777"):
        refusal = refused(code, "said", 400)
        assert (code, "said", 400) == (refusal.code, refusal.text, refusal.http_status)
        assert refusal.advice.endswith(".")
        assert f"{code} said. {refusal.advice}" == str(refusal)
