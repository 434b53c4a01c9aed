"""What a read model folds: one applied command with its place, its time and its events."""

import msgspec

from backhand.commands import Command
from backhand.events import Event


class Applied(msgspec.Struct, frozen=True, gc=False):
    """A command that was journaled at `sequence` and applied at venue time `time_ms`."""

    sequence: int
    time_ms: int
    command: Command
    events: list[Event]
