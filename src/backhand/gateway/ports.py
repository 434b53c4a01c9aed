"""What the gateway needs from a running venue. It sees neither engine nor journal."""

import hmac
from collections.abc import Mapping
from typing import Protocol

import msgspec

from backhand.commands import Command, Contract
from backhand.projections.applied import Applied
from backhand.streams.ports import Reader
from backhand.wire.channels.topics import Topic
from backhand.wire.codes import Refusal


class OpenedKey(msgspec.Struct, frozen=True, gc=False):
    """An API key, and its secret ready to check signatures; kept in memory only, never printed."""

    uid: str
    api_key: str
    signing_key: hmac.HMAC
    passphrase_hash: bytes
    permissions: tuple[str, ...]
    copy_trader: bool

    def __repr__(self) -> str:
        """Name the key without what opens it: representations end up in logs."""
        return f"OpenedKey(uid={self.uid!r}, api_key={self.api_key!r})"


class KeySource(Protocol):
    """Where API keys are looked up."""

    def open_key(self, api_key: str) -> OpenedKey | None:
        """Find a key and unseal it; None when there is no such key."""

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:
        """Hash a passphrase as the key's own was hashed."""


class Executor(Protocol):
    """Takes commands and answers questions; both only with what is on disk."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""

    @property
    def quote_key(self) -> bytes:
        """What the venue's quotes are made with."""

    def now_ms(self) -> int:
        """Venue time."""

    async def submit(self, commands: tuple[Command, ...]) -> list[Applied]:
        """Execute. Raises Overloaded or OutcomeUnknown."""

    def name_refusal(self, uid: str, request_id: str, sequence: int) -> None:
        """Tell which request the refused command at a sequence came with, so that it can be explained."""

    async def answer(self, uid: str, query: object) -> object | Refusal:
        """Answer a query of `wire.requests` with a struct of `wire.responses`, or refuse it."""


class Feeds(Protocol):
    """What can be subscribed to."""

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""

    async def subscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        """Acknowledge and begin a topic. Raises Overloaded or OutcomeUnknown."""

    def unsubscribe(self, uid: str, topic: Topic, reader: Reader) -> None:
        """End a topic."""

    def leave(self, reader: Reader) -> None:
        """End all of a reader's topics."""

    def reads(self, uid: str, topic: Topic, reader: Reader) -> bool:
        """Whether a reader reads a topic already."""

    def topics_read(self, reader: Reader) -> int:
        """Count a reader's topics."""
