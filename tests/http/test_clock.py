"""Venue time as the operator sets it: `GET/PUT /_venue/clock` and `POST /_venue/clock/advance`."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backhand.clock import FROZEN_START_MS
from tests.http.conftest import ASK, BID, DEEP, MARK
from tests.http.venue import LINEAR, Operator, VenueProcess

FROZEN = ("--memory", "--market", "manual", "--seed", "1", "--clock", "frozen")


@pytest.fixture
def frozen(logs: Path) -> Iterator[VenueProcess]:
    """A venue whose clock stands still."""
    process = VenueProcess(logs / "frozen.log", FROZEN).start()
    yield process
    process.stop()


def test_a_frozen_clock_stands_still_until_it_is_stepped(frozen: VenueProcess) -> None:
    """Answers carry venue time: the same until an advance, then exactly that much later."""
    operator = frozen.operator
    expected = {"mode": "frozen", "speed": "0", "now": "2025-01-01T00:00:00.000Z", "nowMs": FROZEN_START_MS}
    assert expected == operator.ask("GET", "/_venue/clock")
    trader = operator.trader()
    times = {trader.get("/api/v2/public/time", {}).json["requestTime"] for _ in range(3)}
    assert {FROZEN_START_MS} == times
    stepped = operator.ask("POST", "/_venue/clock/advance", {"by": "1h30m250ms"})
    assert FROZEN_START_MS + 5_400_250 == stepped["nowMs"]
    assert "2025-01-01T01:30:00.250Z" == stepped["now"]
    assert 0 < stepped["sequence"]
    assert stepped["nowMs"] == trader.get("/api/v2/public/time", {}).json["requestTime"]
    again = operator.ask("POST", "/_venue/clock/advance", {"to": "2025-01-02T01:00:00+01:00"})
    assert "2025-01-02T00:00:00.000Z" == again["now"]


def test_clients_sign_with_their_own_clocks_while_venue_time_is_another(frozen: VenueProcess) -> None:
    """With a frozen clock the time stamp window and the rate limits are off (DESIGN D5)."""
    trader = frozen.operator.trader()
    answers = [trader.get("/api/v2/mix/position/single-position", LINEAR.names) for _ in range(30)]
    assert ["00000"] * 30 == [answer.json["code"] for answer in answers]


def test_time_passes_when_the_operator_says_so(frozen: VenueProcess) -> None:
    """Funding is settled by the advance that crosses its instant, before the answer."""
    operator = frozen.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = operator.trader()
    trader.take(LINEAR, "+10")
    before = trader.wallet(LINEAR)
    operator.ask("POST", "/_venue/clock/advance", {"by": "7h59m59s"})
    assert before == trader.wallet(LINEAR)
    operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
    # 10 x 1000 x 0.01 %, the interest part of a rate without a premium.
    assert before - 1 == trader.wallet(LINEAR)
    assert "-1" == trader.position(LINEAR, "long")["totalFee"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "/_venue/clock/advance", {"by": "10"}, 400, "invalid_duration"),
        ("POST", "/_venue/clock/advance", {"by": "-1s"}, 400, "invalid_duration"),
        ("POST", "/_venue/clock/advance", {"to": "2026-01-01"}, 400, "invalid_time"),
        ("POST", "/_venue/clock/advance", {"to": "2024-12-31T23:59:59Z"}, 409, "clock_refused"),
        ("POST", "/_venue/clock/advance", {"by": "1s", "to": "2026-01-01T00:00:00Z"}, 400, "invalid_request"),
        ("POST", "/_venue/clock/advance", {}, 400, "invalid_request"),
        ("PUT", "/_venue/clock", {"mode": "backwards"}, 400, "invalid_request"),
        ("PUT", "/_venue/clock", {"mode": "scaled"}, 400, "invalid_speed"),
        ("PUT", "/_venue/clock", {"mode": "scaled", "speed": "0"}, 409, "clock_refused"),
        ("PUT", "/_venue/clock", {"mode": "scaled", "speed": "fast"}, 400, "invalid_speed"),
        ("PUT", "/_venue/clock", {"mode": "real", "speed": "2"}, 400, "invalid_speed"),
    ],
)
def test_what_a_clock_cannot_do_is_refused(
    frozen: VenueProcess, method: str, path: str, body: dict[str, str], status: int, reason: str
) -> None:
    """A refusal has its status and reason, and the clock stays where it is."""
    operator = frozen.operator
    answer = operator.call(method, path, body)
    assert (status, reason) == (answer.status, answer.json["error"])
    assert FROZEN_START_MS == operator.ask("GET", "/_venue/clock")["nowMs"]


def test_a_clock_can_be_set_free_and_frozen_again(frozen: VenueProcess) -> None:
    """Scaled by 1000, venue time runs far ahead of the wall; real and frozen clocks go on from there."""
    operator: Operator = frozen.operator
    operator.ask("PUT", "/_venue/clock", {"mode": "scaled", "speed": 1000})
    deadline = time.monotonic() + 10
    while operator.ask("GET", "/_venue/clock")["nowMs"] < FROZEN_START_MS + 60_000:
        assert time.monotonic() < deadline
    refused = operator.call("POST", "/_venue/clock/advance", {"by": "1s"})
    assert (409, "clock_refused") == (refused.status, refused.json["error"])
    set_free = operator.ask("PUT", "/_venue/clock", {"mode": "real"})
    assert ("real", "1") == (set_free["mode"], set_free["speed"])
    stopped = operator.ask("PUT", "/_venue/clock", {"mode": "frozen"})
    assert stopped["nowMs"] >= set_free["nowMs"]
    assert stopped["nowMs"] == operator.ask("GET", "/_venue/clock")["nowMs"]


def test_a_frozen_clock_continues_after_a_restart(logs: Path, tmp_path: Path) -> None:
    """A restart on a data folder goes on where time stood still."""
    options = ("--data", str(tmp_path / "venue"), *FROZEN[1:])
    venue = VenueProcess(logs / "frozen-data.log", options).start()
    stepped = venue.operator.ask("POST", "/_venue/clock/advance", {"to": "2026-01-01T00:00:00Z"})
    venue.kill()
    venue.start()
    assert stepped["nowMs"] == venue.operator.ask("GET", "/_venue/clock")["nowMs"]
    assert 0 == venue.terminate()


def test_a_seeded_synthetic_market_moves_only_with_a_frozen_clock(logs: Path) -> None:
    """The same steps of the clock give the same books in two processes."""
    books = []
    for number in range(2):
        options = ("--memory", "--market", "synthetic", "--seed", "5", "--clock", "frozen")
        venue = VenueProcess(logs / f"frozen-synthetic-{number}.log", options).start()
        seen = []
        for _ in range(3):
            parameters = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type}
            answer = venue.operator.trader().get("/api/v2/mix/market/merge-depth", parameters)
            seen.append(answer.body)
            venue.operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
        books.append(seen)
        venue.stop()
    assert books[0] == books[1]
    assert 3 == len(set(books[0]))
