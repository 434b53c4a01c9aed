"""
The lost-answer test: whatever happens to its answer, a reversal happens once or not at all.

Each case has an account that holds 1 ETH, a fault of the proxy for its reversal, perhaps faults for the
questions that follow, and then looks at the venue itself. `BACKHAND_LOST_ANSWERS` cases are played, from
the seed `BACKHAND_SEED`.
"""

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pytest

from backhand.client import (
    AsyncClient,
    Client,
    ClientError,
    Credentials,
    NothingHeld,
    NotSent,
    OutcomeUnknown,
    Reversal,
    routes,
)
from backhand.client.models import OrderIds
from backhand.wire.requests.reversals import ReversalForm
from tests.client.conftest import open_account
from tests.client.proxy import ANSWER_LOST, ANSWER_SWAPPED, HASTY_SECONDS, NEVER_SENT, Plan, Proxy
from tests.http.venue import VenueProcess

CASES: Final = int(os.environ.get("BACKHAND_LOST_ANSWERS", "200"))
SEED: Final = int(os.environ.get("BACKHAND_SEED", "7"))
#: Cases at the same time: most of a case is waiting.
WORKERS: Final = 16
NAIVE_CASES: Final = 40

FAULTS: Final = ("pass", *ANSWER_LOST, *ANSWER_SWAPPED, "slow", *NEVER_SENT, "refuse")
#: What a question can meet; each ends soon.
LOOK_FAULTS: Final = ("pass", "close", "cut", "head", "truncate", "html", "fault", "drop", "busy", "denied")
#: Faults that a client must give up on before they end.
HASTY: Final = ("late", "slow", "never")


@dataclass(frozen=True)
class Case:
    """One account's story. `patient`: the deadline is far enough for the reversal to be found."""

    number: int
    fault: str
    looks: tuple[str, ...]
    held: bool
    patient: bool

    @property
    def timeout_seconds(self) -> float:
        return HASTY_SECONDS if self.fault in HASTY else 10.0

    @property
    def deadline_seconds(self) -> float:
        return 30.0 if self.patient else 0.5


def drawn(number: int) -> Case:
    """Draw a case from the seed and its number alone, so that each can be played again."""
    chance = random.Random(SEED * 1_000_003 + number)  # noqa: S311 (a game, no secret)
    fault = chance.choice(FAULTS)
    looks = tuple(chance.choice(LOOK_FAULTS) for _ in range(chance.randint(0, 3)))
    held = chance.random() < 0.85
    # Waiting for what never comes would take the whole deadline.
    comes = held and fault not in (*NEVER_SENT, "refuse")
    return Case(number, fault, looks, held, patient=comes and (fault != "slow" or chance.random() < 0.5))


@pytest.fixture(scope="module")
def proxy(venue: VenueProcess) -> Iterator[Proxy]:
    made = Proxy(venue.host, venue.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def closed_port() -> Iterator[str]:
    """An address at which connections are refused: its port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


Outcome = Reversal | ClientError


@dataclass
class Stage:
    """Where the cases are played."""

    venue: VenueProcess
    proxy: Proxy
    closed_port: str

    def prepare(self, case: Case) -> Credentials:
        """Open the case's account, long 1 ETH unless the case wants it flat."""
        operator = self.venue.operator
        credentials = open_account(operator)
        operator.connection.close()
        if case.held:
            with self.direct(credentials) as client:
                client.place_order("ETHUSDT", "buy", 1)
        self.proxy.plan(credentials.api_key, Plan(case.fault, list(case.looks)))
        return credentials

    def direct(self, credentials: Credentials) -> Client:
        """A client that nothing stands before."""
        return Client(self.venue.base_url, credentials, pacing=False)

    def address(self, case: Case) -> str:
        return self.closed_port if case.fault == "refuse" else self.proxy.base_url

    def sync_case(self, case: Case) -> str:
        credentials = self.prepare(case)
        outcome: Outcome
        with Client(
            self.address(case), credentials, pacing=False, timeout_seconds=case.timeout_seconds
        ) as client:
            try:
                outcome = client.reverse("ETHUSDT", deadline_seconds=case.deadline_seconds)
            except ClientError as error:
                outcome = error
        return self.judge(case, credentials, outcome)

    async def async_case(self, case: Case) -> str:
        credentials = await asyncio.to_thread(self.prepare, case)
        outcome: Outcome
        async with AsyncClient(
            self.address(case), credentials, pacing=False, timeout_seconds=case.timeout_seconds
        ) as client:
            try:
                outcome = await client.reverse("ETHUSDT", deadline_seconds=case.deadline_seconds)
            except ClientError as error:
                outcome = error
        return await asyncio.to_thread(self.judge, case, credentials, outcome)

    def judge(self, case: Case, credentials: Credentials, outcome: Outcome) -> str:
        """Hold what the client said against what the venue knows; the outcome's name."""
        self.proxy.settle(credentials.api_key)
        reversals, position = self.truth(credentials)
        story = f"{case}: {outcome!r}, {reversals} reversals, position {position}"
        assert reversals <= 1, story
        assert position == ((-1 if reversals else 1) if case.held else 0), story
        if isinstance(outcome, Reversal):
            assert reversals == 1, story
            assert outcome.opened is not None, story
            assert (outcome.opened.side, outcome.opened.filled_size) == ("sell", Decimal(1)), story
            assert outcome.found == (case.fault != "pass"), story
            return "found" if outcome.found else "answered"
        # A busy machine can use up a hasty client's time before its request has left.
        arrived = self.proxy.met(credentials.api_key)
        if isinstance(outcome, OutcomeUnknown):
            assert outcome.client_oid, story
            assert not (case.patient and arrived), story
            return "unknown"
        assert reversals == 0, story
        if isinstance(outcome, NotSent):
            assert not arrived, story
            return "not sent"
        assert isinstance(outcome, NothingHeld), story
        assert not case.held, story
        return "refused"

    def truth(self, credentials: Credentials) -> tuple[int, Decimal]:
        """What the venue knows: how often the account was reversed, and its signed position."""
        with self.direct(credentials) as client:
            legs = client.order_history("ETHUSDT", order_source="reverse").orders
            held = client.positions("ETHUSDT")
        sizes = (row.total if row.hold_side == "long" else -row.total for row in held)
        assert len(legs) % 2 == 0
        return len(legs) // 2, sum(sizes, Decimal(0))


@pytest.fixture(scope="module")
def stage(venue: VenueProcess, proxy: Proxy, closed_port: str) -> Stage:
    return Stage(venue, proxy, closed_port)


def test_a_reversal_happens_once_or_not_at_all(stage: Stage) -> None:
    """Whatever happens to the answer, the client never reverses twice and never says what is not so."""
    cases = [drawn(number) for number in range(CASES)]
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = Counter(pool.map(stage.sync_case, cases[::2]))
    outcomes += Counter(asyncio.run(played(stage, cases[1::2])))
    print(f"\nseed {SEED}, {CASES} cases: {dict(outcomes.most_common())}")  # noqa: T201 (a figure)
    assert CASES == outcomes.total()
    assert {"found", "answered", "unknown", "not sent", "refused"} == set(outcomes)


async def played(stage: Stage, cases: list[Case]) -> list[str]:
    """Play cases in this event loop, some at a time."""
    free = asyncio.Semaphore(WORKERS)

    async def one(case: Case) -> str:
        async with free:
            return await stage.async_case(case)

    return await asyncio.gather(*(one(case) for case in cases))


def naive_case(stage: Stage, case: Case) -> tuple[str, Decimal]:
    """Reverse as bots do: no id, and on any exception close and open by hand; fault and position."""
    credentials = stage.prepare(case)
    with Client(stage.proxy.base_url, credentials, pacing=False, timeout_seconds=case.timeout_seconds) as bot:
        names = ReversalForm(symbol="ETHUSDT", product_type="USDT-FUTURES", margin_coin="USDT")
        try:
            bot.run(bot.session.call(routes.REVERSE, names, OrderIds))
        except ClientError:
            with stage.direct(credentials) as retry:
                retry.place_order("ETHUSDT", "sell", 1)
                retry.place_order("ETHUSDT", "sell", 1)
    stage.proxy.settle(credentials.api_key)
    _, position = stage.truth(credentials)
    return case.fault, position


def test_a_naive_bot_doubles(stage: Stage) -> None:
    """
    The control: the same faults double a bot that does not look, so the test above can fail.

    It ends short 3 instead of 1, or, where something on the way sent its request twice, long again.
    """
    faults = [ANSWER_LOST[number % len(ANSWER_LOST)] for number in range(NAIVE_CASES)]
    cases = [Case(number, fault, (), held=True, patient=True) for number, fault in enumerate(faults)]
    with ThreadPoolExecutor(WORKERS) as pool:
        ends = set(pool.map(lambda case: naive_case(stage, case), cases))
    assert {(fault, Decimal(1 if fault == "twice" else -3)) for fault in ANSWER_LOST} == ends
