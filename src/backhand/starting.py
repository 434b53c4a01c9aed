"""
What a start brings into the journal before anything else: that the venue goes on, and its configuration.

    ResumeVenue, where prices of a live source have a past ─▶ ConfigureVenue ─▶ ListContract, ...

Each only where it changes something, so that a start like the last one writes nothing.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from backhand.commands import (
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    ResumeVenue,
)
from backhand.engine import State
from backhand.events import Rejected
from backhand.node import Node, StartRefused
from backhand.projections.applied import Applied

#: The switches of `ConfigureVenue`: name -> values, the default first.
SWITCHES: Final[Mapping[str, tuple[str, ...]]] = {
    name: get_args(hint)
    for name, hint in get_type_hints(ConfigureVenue).items()
    if get_origin(hint) is Literal
}
#: Switches as asked for at a start; one that is missing stays as the journal has it.
Switches = Mapping[str, str]
UNCHANGED: Final[Switches] = MappingProxyType({})


async def resume(node: Node) -> None:
    """Tell that the venue goes on after a stop, where it matters: for prices that can go stale."""
    if await node.read(lambda state: any(market.stale_at_ms for market in state.markets.values())):
        await node.submit((ResumeVenue(),))


async def configure(
    node: Node,
    *,
    venue_id: str,
    seed: int | None,
    switches: Switches,
    first_contracts: Sequence[Contract],
    contracts: Sequence[Contract],
) -> None:
    """
    Bring the venue's configuration into the journal: all of it at the first start, differences later.

    Args:
        first_contracts: Listed at the first start only.
        contracts: Listed whenever they differ from what is listed.

    Raises:
        StartRefused: the engine does not take it, for example a tick that changed while the symbol is held.
    """
    commands = await node.read(
        lambda state: configuration(
            state,
            venue_id=venue_id,
            seed=seed,
            switches=switches,
            first_contracts=first_contracts,
            contracts=contracts,
        )
    )
    if not commands:
        return
    require_taken(await node.submit(commands))


def configuration(
    state: State,
    *,
    venue_id: str,
    seed: int | None,
    switches: Switches,
    first_contracts: Sequence[Contract],
    contracts: Sequence[Contract],
) -> tuple[Command, ...]:
    """Give the commands that bring a venue to this configuration; the arguments are those of `configure`."""
    commands: list[Command] = []
    listed = state.contracts
    wanted = {contract.symbol: contract for contract in contracts}
    is_first = state.sequence == 0
    now: dict[str, Any] = {name: getattr(state, name) for name in SWITCHES}
    before = ConfigureVenue(venue_id if is_first else state.venue_id, seed, **now)
    venue = msgspec.convert(msgspec.structs.asdict(before) | dict(switches), ConfigureVenue)
    if is_first or venue != before:
        commands.append(venue)
    if is_first:
        wanted = {contract.symbol: contract for contract in first_contracts} | wanted
    commands.extend(ListContract(one) for one in wanted.values() if listed.get(one.symbol) != one)
    return tuple(commands)


def require_taken(configured: Sequence[Applied]) -> None:
    """
    See to it that the engine took a configuration.

    Raises:
        StartRefused: it refused a part of it.
    """
    for applied in configured:
        for event in applied.events:
            if isinstance(event, Rejected):
                message = f"{_name(applied.command)} refused: {event.reason.value} {event.detail}".rstrip()
                raise StartRefused(message)


def new_venue_id(seed: int | None) -> str:
    """Name a venue: by its seed, so that seeded journals are equal to the byte, else by chance."""
    if seed is None:
        return os.urandom(8).hex()
    return hashlib.blake2b(f"backhand venue {seed}".encode(), digest_size=8).hexdigest()


def _name(command: Command) -> str:
    return (
        f"listing {command.contract.symbol}" if isinstance(command, ListContract) else type(command).__name__
    )
