"""What a venue process is told when it starts."""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from backhand.clock import ClockMode
from backhand.commands import Contract
from backhand.starting import UNCHANGED, Switches


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """
    How to serve a venue.

    `data` None keeps everything in memory. `seed` None takes secrets from the operating system and the
    market's walk from a fixed seed. `speed` is a scaled clock's. `limits` None follows the clock: off with a
    frozen one; `ip_limits` adds those per IP address to them. `contracts` are a user's own, beside or instead
    of the built-in ones. `token` is asked for by the operator's API; None only on loopback.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path | None = None
    market: Literal["synthetic", "manual"] = "synthetic"
    seed: int | None = None
    clock: ClockMode = "real"
    speed: Fraction = Fraction(1)
    limits: bool | None = None
    ip_limits: bool = False
    contracts: tuple[Contract, ...] = ()
    switches: Switches = UNCHANGED
    token: str | None = None
