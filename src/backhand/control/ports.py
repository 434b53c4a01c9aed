"""What the operator's API needs from a running venue."""

from collections.abc import Mapping
from typing import Any, Protocol

from backhand.clock import VenueClock
from backhand.commands import Command, Contract, OpenAccount
from backhand.projections.applied import Applied


class IssuedKey(Protocol):
    """A new API key as its holder is told, once."""

    @property
    def api_key(self) -> str:
        """The public part."""

    @property
    def secret(self) -> str:
        """What requests are signed with."""

    @property
    def passphrase(self) -> str:
        """What goes along in clear."""


class SealedKey(Protocol):
    """The same key as the journal keeps it."""

    @property
    def sealed_secret(self) -> bytes:
        """The secret under the venue's key file."""

    @property
    def passphrase_hash(self) -> bytes:
        """A keyed hash."""


class Venue(Protocol):
    """A running venue. Everything read reflects only what is on disk."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""

    @property
    def clock(self) -> VenueClock:
        """Venue time, to read and to set."""

    async def advance(self, time_ms: int) -> int:
        """Step a frozen clock and let happen what comes due; the last command's sequence."""

    def is_ready(self) -> bool:
        """Recovered, read models caught up, serving."""

    async def sequence(self) -> int:
        """The last command's sequence."""

    async def submit(self, commands: tuple[Command, ...]) -> list[Applied]:
        """Execute commands one after the other, with nothing in between."""

    async def account(self, uid: str) -> dict[str, Any] | None:
        """Balances, positions and open orders, ready for JSON; None when there is no such account."""

    async def audit(self) -> dict[str, Any]:
        """The books of the whole venue, ready for JSON."""

    async def counts(self) -> tuple[int, int]:
        """How many accounts and how many keys there are."""

    async def opened_as(self, uid: str) -> OpenAccount | None:
        """What an account was opened as; None when there is none."""

    def issue_key(self, counter: int) -> tuple[IssuedKey, SealedKey]:
        """Make the credentials of key number `counter`, and seal them."""
