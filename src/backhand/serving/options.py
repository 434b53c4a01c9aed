"""What a venue process is told when it starts."""

from pathlib import Path
from typing import Literal

import msgspec

from backhand.commands import Contract
from backhand.starting import Switches


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """
    How to serve a venue.

    `data` None keeps everything in memory. `seed` None takes secrets from the operating system and the
    market's walk from a fixed seed. `contracts` are a user's own, beside or instead of the built-in ones.
    `token` is asked for by the operator's API; None only on loopback.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path | None = None
    market: Literal["synthetic", "manual"] = "synthetic"
    seed: int | None = None
    limits: bool = True
    contracts: tuple[Contract, ...] = ()
    switches: Switches = Switches()
    token: str | None = None
