"""What the engine itself says: a seeded crowd, with margin moves, waiting orders and the clock among it."""

import random
from collections.abc import Iterator
from typing import Final

from backhand.commands import (
    LONG,
    SHORT,
    AdvanceClock,
    Command,
    Effect,
    MoveMargin,
    PlaceTrigger,
    SetAutoMargin,
    SetPrice,
    Side,
    TriggerKind,
)
from backhand.engine import State, apply
from backhand.projections.applied import Applied
from backhand.units import E8, E12
from tests.engine.crowd import CONTRACTS, UIDS, seeded

#: Far enough apart that minutes pass and funding comes due.
STEP_MS: Final = 97_000
FIRST_MS: Final = 1_749_945_600_000
KINDS: Final[tuple[TriggerKind, ...]] = ("entry", "stop_loss", "take_profit", "position_stop_loss")


def played(seed: int, count: int) -> tuple[State, list[Applied]]:
    """The state and everything applied; the same for the same seed, in any process."""
    state, applied, time_ms = State(), list[Applied](), FIRST_MS
    for command in _commands(seed, count, state):
        time_ms += STEP_MS
        events = apply(state, command, time_ms)
        applied.append(Applied(state.sequence, state.time_ms, command, events))
    return state, applied


def _commands(seed: int, count: int, state: State) -> Iterator[Command]:
    choose = random.Random(seed)  # noqa: S311 (tests, not secrets)
    for command in seeded(seed, count, state):
        yield command
        uid, symbol = choose.choice(UIDS), choose.choice(CONTRACTS).symbol
        side: Side = choose.choice((LONG, SHORT))
        what = choose.randrange(12)
        if what == 0:
            yield MoveMargin(uid, symbol, side, choose.choice((3 * E8, -E8)))
        elif what == 1:
            yield SetAutoMargin(uid, symbol, side, choose.choice((True, False)))
        elif what <= 3:
            kind, ticks = choose.choice(KINDS), choose.choice((90, 97, 103, 115))
            lots = None if kind == "position_stop_loss" else 2
            effect: Effect | None = "open" if kind == "entry" else None
            yield PlaceTrigger(uid, symbol, kind, side, "mark", ticks, lots, effect=effect)
        elif what == 4:
            yield SetPrice(symbol, choose.choice((60, 85, 118, 150)) * E12)
        elif what <= 6:
            yield AdvanceClock()
