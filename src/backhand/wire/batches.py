"""
Requests that are more than one command.

    Batch     several commands, executed one after the other in one step of the journal, and their answer
    Inquiry   a question whose answer tells what to do: for what a request leaves to the venue to find out

What is done between an inquiry's answer and its commands is done by commands of their own: each is judged
where it stands.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from backhand.commands import (
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    PlaceOrder,
    PlaceTrigger,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
)
from backhand.wire.codes import Refusal

#: What a client may ask to change.
ClientCommand = (
    ReversePosition
    | PlaceOrder
    | CancelOrder
    | CancelOrders
    | ModifyOrder
    | ClosePositions
    | PlaceTrigger
    | ModifyTrigger
    | CancelTrigger
    | CancelTriggers
    | SetLeverage
    | MoveMargin
    | SetAutoMargin
    | SetMarginMode
    | SetPositionMode
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing of a batch: the command for it, or why there is none; and the ids that were sent with it."""

    asked: ClientCommand | Refusal
    order_id: str = ""
    client_oid: str = ""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """
    Several things that one request asks for, each judged for itself.

    `answer` makes the request's answer, or its refusal, from the entries and what became of each: the data
    that its command alone would be answered with, or its refusal.
    """

    entries: tuple[Entry, ...]
    answer: Callable[[Sequence[Entry], Sequence[object]], object]

    @property
    def commands(self) -> tuple[ClientCommand, ...]:
        """The commands of the entries that have one, in their order."""
        return tuple(entry.asked for entry in self.entries if not isinstance(entry.asked, Refusal))


class Inquiry(msgspec.Struct, frozen=True, gc=False):
    """A question of `wire.requests`, and what its answer makes of the request."""

    query: object
    act: Callable[[Any], Batch]
