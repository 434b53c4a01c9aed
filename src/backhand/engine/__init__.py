"""
The rules of the venue: one pure function over one state.

    command ─▶ apply ─┬▶ orders ────▶ sweep (what would be hit)    ─▶ preview (what would be left)
                      ├▶ reversal ──▶        "                             "
                      ├▶ markets, accounts                                 │ nothing may fail from here on
                      └────────────▶ fills (legs, money, events) ◀─────────┘
                                          ▼
                      settling (orders in line, liquidation, waiting orders)
    read    ─▶ figures, audit, digest

Integers only; no I/O, no clock, no randomness, no iteration over sets. The same files run interpreted
and compiled.
"""

from backhand.engine.dispatch import apply
from backhand.engine.invariants import InvariantBroken
from backhand.engine.state import State

__all__ = ["InvariantBroken", "State", "apply"]
