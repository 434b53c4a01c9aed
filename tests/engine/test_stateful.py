"""
Random commands by a crowd: everything that must hold, checked after each; the journal replays to the same.

`CheckedVenue` has the checks. BACKHAND_EXAMPLES=1000 plays more and other games than the fixed ones that
every test run plays; a failure prints how to repeat it.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from backhand.commands import PlaceOrder, ReversePosition
from backhand.engine import State, apply
from backhand.engine.accepting import CLIENT_OID_MEMORY_MS
from backhand.engine.digest import state_digest
from backhand.events import Event
from backhand.journal.chain import GENESIS, link
from backhand.journal.record import Batch, decode
from tests.engine.checked import CheckedVenue
from tests.engine.crowd import CONTRACTS, KINDS, UIDS, aimed, opening, pause_ms, seeded
from tests.examples import examples

ROOT: Final = Path(__file__).parents[2]
#: Commands of a seeded crowd: enough to reach every rule many times.
SEEDED_COMMANDS: Final = 800
SEEDS: Final = (1, 2, 3)
#: What Hypothesis draws kinds from.
MOSTLY: Final = ("place", "place", "place", "reverse", "ladder", "wait", "price", *KINDS)


def replay(venue: CheckedVenue) -> tuple[str, list[list[Event]]]:
    """Write a venue's commands as the journal does, read them back, and apply them to an empty venue."""
    tail, records = GENESIS, []
    for sequence, (command, stamp_ms) in enumerate(
        zip(venue.commands, venue.stamps_ms, strict=True), start=1
    ):
        record, tail = link(tail, Batch(sequence, stamp_ms, (command,)), "test")
        records.append(record)
    state = State()
    events = []
    for record in records:
        _, batch = decode(record)
        events += [apply(state, command, batch.time_ms) for command in batch.commands]
    return state_digest(state), events


class Crowd(RuleBasedStateMachine):
    """A crowd that Hypothesis leads, so that what it finds is cut down to the few commands that matter."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = CheckedVenue()

    @initialize()
    def open_venue(self) -> None:
        for command in opening():
            self.venue.apply(command)

    @rule(data=st.data(), kind=st.sampled_from(MOSTLY))
    def command(self, data: Any, kind: str) -> None:
        def choose(options: Any) -> Any:
            return data.draw(st.sampled_from(options))

        command = aimed(KINDS[kind](choose), self.venue.state, choose)
        self.venue.apply(command, pause_ms(command))

    @rule(
        uid=st.sampled_from(UIDS),
        symbol=st.sampled_from([listed.symbol for listed in CONTRACTS]),
        ahead=st.integers(0, 3),
        side=st.sampled_from((1, -1)),
    )
    def rest_under_the_next_generated_id(self, uid: str, symbol: str, ahead: int, side: Any) -> None:
        guess = str(self.venue.state.next_order_id + 2 * ahead + 1)
        price = 96 if side > 0 else 104
        self.venue.apply(PlaceOrder(uid, symbol, side, "limit", 2, price, effect="open", client_oid=guess))

    @rule(uid=st.sampled_from(UIDS), months=st.integers(1, 2))
    def forget_client_order_ids(self, uid: str, months: int) -> None:
        for name in ("m", "n"):
            order = PlaceOrder(uid, CONTRACTS[0].symbol, 1, "limit", 1, 90, "ioc", "open", client_oid=name)
            self.venue.apply(order, months * CLIENT_OID_MEMORY_MS)

    @rule(uid=st.sampled_from(UIDS), symbol=st.sampled_from([listed.symbol for listed in CONTRACTS]))
    def reverse_what_is_held(self, uid: str, symbol: str) -> None:
        holding = self.venue.state.accounts[uid].holdings.get(symbol)
        if holding is not None and (holding.long is not None or holding.short is not None):
            side: Any = 1 if holding.long is not None else -1
            self.venue.apply(ReversePosition(uid, symbol, side, "open"))

    def teardown(self) -> None:
        digest, events = replay(self.venue)
        assert self.venue.events == events
        assert state_digest(self.venue.state) == digest


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(examples(60), stateful_step_count=40)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeded_crowd_breaks_nothing_and_replays(seed: int) -> None:
    """Hundreds of random commands hold every rule, and their journal gives the same digest and events."""
    venue = CheckedVenue()
    for command in seeded(seed, SEEDED_COMMANDS, venue.state):
        venue.apply(command, pause_ms(command))
    assert (state_digest(venue.state), venue.events) == replay(venue)


def fingerprint(seed: int) -> str:
    """Give the digest and every event of a seeded crowd as one hash."""
    state = State()
    text = hashlib.sha256()
    for command in seeded(seed, SEEDED_COMMANDS, state):
        text.update(repr(apply(state, command, state.time_ms + pause_ms(command))).encode())
    return f"{state_digest(state)} {text.hexdigest()}"


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_hash_seed_gives_the_same_bytes(hash_seed: str) -> None:
    """Another process under another PYTHONHASHSEED gives the same events and digest (DESIGN D13)."""
    program = f"from tests.engine.test_stateful import fingerprint; print(fingerprint({SEEDS[0]}))"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (environment.get("PYTHONPATH", ""), str(ROOT))))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert fingerprint(SEEDS[0]) == done.stdout.strip()
