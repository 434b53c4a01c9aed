"""One running venue as the gateway and the operator's API see it: both ports, on top of one node."""

from collections.abc import Callable
from typing import Any

from backhand.clock import VenueClock
from backhand.commands import AdvanceClock, Command, Contract, OpenAccount
from backhand.explaining import Refusals
from backhand.gateway.ports import OpenedKey
from backhand.node import Node
from backhand.projections.tickers import TickersFold
from backhand.sealing import Credentials, CredentialSource, SealedCredentials, Sealer
from backhand.serving.directory import Directory
from backhand.serving.inspection import account_json, audit_json, opening_of
from backhand.serving.reads import Reads
from backhand.wire.codes import Refusal


class RunningVenue:
    """A node, what is looked up before it, and what is asked of it."""

    def __init__(
        self,
        node: Node,
        directory: Directory,
        tickers: TickersFold,
        sealer: Sealer,
        credentials: CredentialSource,
        clock: VenueClock,
        refusals: Refusals,
    ) -> None:
        self._node = node
        self._directory = directory
        self._reads = Reads(node, directory, tickers, refusals, sealer.quote_key)
        self.quote_key = sealer.quote_key
        self._sealer = sealer
        self._credentials = credentials
        self.ready = False
        # What every request needs: the node's and the sealer's own, without a step in between.
        self.clock = clock
        self.market_step: Callable[[], tuple[Command, ...]] = tuple
        self.now_ms = clock.now_ms
        self.submit = node.submit
        self.name_refusal = refusals.name
        self.passphrase_hash = sealer.passphrase_hash

    @property
    def contracts(self) -> dict[str, Contract]:
        """The terms of every listed contract by symbol."""
        return self._directory.contracts

    async def answer(self, uid: str, query: object) -> object | Refusal:
        """Answer a client's question. See `Reads.answer`."""
        return await self._reads.answer(uid, query)

    def open_key(self, api_key: str) -> OpenedKey | None:
        """Find a key. See `Directory.open_key`."""
        return self._directory.open_key(api_key)

    async def advance(self, time_ms: int) -> int:
        """
        Step a frozen clock; the venue's own market makes one step with it.

        Raises:
            ClockRefused: see `VenueClock.advance_to`.
        """
        self.clock.advance_to(time_ms)
        applied = await self.submit((*self.market_step(), AdvanceClock()))
        return applied[-1].sequence

    def is_ready(self) -> bool:
        """Recovered, read models caught up, serving."""
        return self.ready

    async def sequence(self) -> int:
        """The last command's sequence."""
        return await self._node.read(lambda state: state.sequence)

    async def account(self, uid: str) -> dict[str, Any] | None:
        """One account for the operator."""
        return await self._node.read(lambda state: account_json(state, uid))

    async def audit(self) -> dict[str, Any]:
        """The books of the whole venue."""
        return await self._node.read(audit_json)

    async def counts(self) -> tuple[int, int]:
        """How many accounts and how many keys there are."""
        return await self._node.read(lambda state: (len(state.accounts), len(state.keys)))

    async def opened_as(self, uid: str) -> OpenAccount | None:
        """What an account was opened as; None when there is none."""
        return await self._node.read(lambda state: opening_of(state, uid))

    def issue_key(self, counter: int) -> tuple[Credentials, SealedCredentials]:
        """Make the credentials of key number `counter`, and seal them."""
        issued = self._credentials.issue(counter)
        return issued, self._sealer.seal_credentials(issued)
