"""
The whole venue under random commands: DESIGN's promises 5 to 8 after every one of them.

    commands ─▶ apply ─▶ events ─▶ books (money, lots, orders)   after every command
                           └────▶ naive risk of those touched, or of all when a mark moved
                                  audit, bands, everybody        every so many commands
"""

import hashlib
from typing import Final

from backhand.commands import AdvanceClock, Command, ConfigureVenue, ListContract, ReplaceLadder, SetPrice
from backhand.engine import State, apply
from backhand.engine.audit import audit
from backhand.engine.digest import state_digest
from backhand.events import Event, LiquidationStarted, PriceSet
from tests.engine import naive_risk
from tests.simulation.world_books import Books
from tests.simulation.world_commands import World

#: Commands after which positions may be worth or need something else.
MOVING: Final = (SetPrice, ReplaceLadder, AdvanceClock, ListContract, ConfigureVenue)
#: Events that one seed plays.
WORLD_EVENTS: Final = 50_000
#: Commands between two looks at everything.
AUDIT_EVERY: Final = 500


class CheckedWorld:
    """A venue, the source of its commands, and what its events say."""

    def __init__(self, seed: int, source: type[World] = World) -> None:
        self.state = State()
        self.world = source(seed, self.state)
        self.books = Books(self.state)
        self.commands = 0
        self.events = 0
        for command in self.world.opening():
            self.events += len(self.apply(command))

    def step(self) -> list[Event]:
        """Play one command with all checks."""
        events = self.apply(self.world.next())
        self.events += len(events)
        return events

    def apply(self, command: Command) -> list[Event]:
        """Carry out a command and check what must hold after every one."""
        state = self.state
        self.commands += 1
        events = apply(state, command, state.time_ms + self.world.wait_ms)
        assert events, "every command is answered"
        self.books.follow(events)
        left = [*state.touched, *state.moved, *state.suspects, *state.due, *state.preset_orders]
        assert [] == left, "everything was carried to its end"
        for market in state.markets.values():
            bid, ask = market.book.bids.best_ticks(), market.book.asks.best_ticks()
            assert not (bid and ask) or bid < ask, f"the book of {market.symbol} is crossed"
        moved = [state.markets[event.symbol].margin_coin for event in events if isinstance(event, PriceSet)]
        if moved:
            assert [] == naive_risk.faults(state, moved)
        if not isinstance(command, MOVING):
            ended = [each for each in events if isinstance(each, LiquidationStarted) and each.side]
            assert [] == ended, "an isolated leg comes to its end by prices, funding and terms alone"
        self._look_at_touched()
        if self.commands % AUDIT_EVERY == 0:
            self.look_at_everything()
        return events

    def _look_at_touched(self) -> None:
        marks = naive_risk.marks_of(self.state)
        for uid in self.books.touched:
            account = self.state.accounts[uid]
            for ledger in account.ledgers.values():
                if not account.is_house:
                    assert not naive_risk.owes(ledger), f"{uid} owes {ledger.coin}"
                    assert [] == list(naive_risk.ledger_faults(self.state, account, ledger, marks))

    def look_at_everything(self) -> None:
        """Compare, audit, and look into every corner of every band."""
        self.books.compare_everything()
        audit(self.state)
        assert [] == naive_risk.faults(self.state)
        assert [] == naive_risk.below_zero(self.state)
        assert [] == naive_risk.band_faults(self.state)


def play(seed: int, events: int = WORLD_EVENTS) -> int:
    """Play a world; how many events it had. The first fault is an AssertionError that says where."""
    checked = CheckedWorld(seed)
    try:
        while checked.events < events:
            checked.step()
        checked.look_at_everything()
    except Exception as error:
        error.add_note(f"world {seed}, command {checked.commands}")
        raise
    return checked.events


def fingerprint(seed: int, commands: int) -> str:
    """Every event of a world, and its state at the end, as one hash."""
    state = State()
    world = World(seed, state)
    text = hashlib.sha256()
    for command in [*world.opening(), *(world.next for _ in range(commands))]:
        asked = command() if callable(command) else command
        text.update(repr(apply(state, asked, state.time_ms + world.wait_ms)).encode())
    return f"{state_digest(state)} {text.hexdigest()}"
