"""
What requests are looked up in before they become commands: contracts by symbol, keys by their public part.

A fold of what is on disk: a key exists here from the moment its holder may be told of it.
"""

from typing import Final

from backhand.commands import (
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    OpenKey,
    TimestampWindow,
)
from backhand.events import AccountOpened, ContractListed, KeyOpened, VenueConfigured
from backhand.gateway.ports import OpenedKey
from backhand.projections.applied import Applied
from backhand.sealing import Sealer
from backhand.wire.signature import signing_key

#: What changes a directory. Trading does not, and is nearly all that there is.
_CHANGES: Final = (ConfigureVenue, ListContract, OpenAccount, OpenKey)


class Directory:
    """Contracts and keys of a venue; opens keys with the venue's sealer."""

    def __init__(self, sealer: Sealer) -> None:
        self.contracts: dict[str, Contract] = {}
        self.timestamp_window: TimestampWindow = "wall"
        self._sealer = sealer
        self._keys: dict[str, OpenKey] = {}
        self._copy_traders: dict[str, bool] = {}

    def fold(self, applied: list[Applied]) -> None:
        """Take in applied commands."""
        for one in applied:
            if not isinstance(one.command, _CHANGES):
                continue
            for event in one.events:
                if isinstance(event, VenueConfigured):
                    self.timestamp_window = event.timestamp_window
                elif isinstance(event, ContractListed):
                    self.contracts[event.contract.symbol] = event.contract
                elif isinstance(event, AccountOpened):
                    if event.copy_trader:
                        self._copy_traders[event.uid] = True
                elif isinstance(event, KeyOpened) and isinstance(one.command, OpenKey):
                    self._keys[event.api_key] = one.command

    def open_key(self, api_key: str) -> OpenedKey | None:
        """
        Find a key and unseal its secret.

        Raises:
            SealError: the venue's key file is not the one the secret was sealed under.
        """
        key = self._keys.get(api_key)
        if key is None:
            return None
        return OpenedKey(
            uid=key.uid,
            api_key=api_key,
            signing_key=signing_key(self._sealer.open(api_key, key.sealed_secret)),
            passphrase_hash=key.passphrase_hash,
            permissions=key.permissions,
            copy_trader=key.uid in self._copy_traders,
        )

    def check_keys(self) -> None:
        """
        Open the newest key, to learn at the start whether the key file belongs to this journal.

        Raises:
            SealError: it does not.
        """
        if self._keys:
            self.open_key(next(reversed(self._keys)))
