"""What streams need: somebody who reads, and the figures of the state as it is right after a command."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from backhand.commands import Contract
from backhand.wire.channels.accounts import EquityView
from backhand.wire.channels.books import Level
from backhand.wire.channels.orders import OrderTerms, TriggerView
from backhand.wire.responses.accounts import AccountView, PositionView
from backhand.wire.responses.markets import TickerView


class Reader(Protocol):
    """One connection; readers are told apart by identity."""

    @property
    def is_open(self) -> bool:
        """Whether there is still somebody to send to."""

    def send(self, frame: bytes) -> None:
        """Take an encoded frame; never waits, never raises, and never leaves from within."""


class Figures(Protocol):
    """The state, as wire views are made of it; always that after the command applied last."""

    @property
    def sequence(self) -> int:
        """That of the command applied last."""

    @property
    def time_ms(self) -> int:
        """Venue time of the command applied last."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""

    def depth(self, symbol: str, levels_max: int) -> tuple[Sequence[Level], Sequence[Level]]:
        """Resting (price_ticks, size_lots), best first: bids, asks."""

    def ticker(self, symbol: str) -> tuple[TickerView, int] | None:
        """A symbol's figures and when its funding is settled next."""

    def accounts(self, uid: str, product_type: str) -> list[AccountView]:
        """An account's sums in each margin coin of a product type."""

    def equity(self, uid: str, product_type: str) -> EquityView:
        """An account's equity in a product type."""

    def positions(self, uid: str, product_type: str) -> list[PositionView]:
        """An account's legs in a product type, newest first."""

    def order_terms(self, uid: str) -> dict[int, OrderTerms]:
        """What an account's open orders bring along, by order id."""

    def triggers(self, uid: str) -> list[TriggerView]:
        """An account's orders that wait for a price, oldest first."""
